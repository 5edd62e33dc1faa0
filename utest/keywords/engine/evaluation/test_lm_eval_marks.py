"""The marks of lm-evaluation-harness beside ours, by its own code; run by `tox run -e lm-eval`.

The column `lm_eval` of the table says how it marks where ours differs in whether the reply is correct.
"""

import pytest
import yaml

from keywords.run.places import DATASETS

metrics = pytest.importorskip("lm_eval.api.metrics", reason="run by `tox run -e lm-eval`")
extraction = pytest.importorskip("lm_eval.filters.extraction", reason="run by `tox run -e lm-eval`")

GROUPS = yaml.safe_load((DATASETS / "marks.yaml").read_text(encoding="utf-8"))
LINES = [(group, line) for group in GROUPS if group["scorer"] != "abstention" for line in group["replies"]]
# tasks/gsm8k/gsm8k.yaml
GSM8K = {"regexes_to_ignore": [",", "\\$", "(?s).*#### ", "\\.$"], "ignore_case": True}
STRICT = extraction.RegexFilter("#### (\\-?[0-9\\.\\,]+)")
FLEXIBLE = extraction.RegexFilter("(-?[$0-9.,]{2,})|(-?[0-9]+)", group_select=-1)
# tasks/mmlu/generative/_default_template_yaml
FIRST_LINE = extraction.RegexFilter("^(.*?)(?=\\n|$)")
RIGHT_SPACE = extraction.RegexFilter("^(.*?)\\s*$")
PLAIN = {"ignore_case": True, "ignore_punctuation": True}


def filtered(text, *filters):
    texts = [[text]]
    for one in filters:
        texts = one.apply(texts, [{}])
    return texts[0][0]


def is_equal(text, references, **options):
    results = [metrics.exact_match_hf_evaluate([text], [one], **options)["exact_match"] for one in references]
    return max(results, default=0.0) == 1.0


def lm_eval_says(scorer, line):
    reply = line["reply"]
    if scorer == "number-strict":
        return is_equal(filtered(reply, STRICT), line["references"], **GSM8K)
    if scorer == "number-flexible":
        return is_equal(filtered(reply, FLEXIBLE), line["references"], **GSM8K)
    if scorer == "choice-letter":
        return is_equal(filtered(reply, FIRST_LINE, RIGHT_SPACE), [line["right"]], **PLAIN)
    return is_equal(reply.strip(), line["references"], **PLAIN)


@pytest.mark.parametrize(
    ("group", "line"), LINES, ids=[f"{group['scorer']} {line['reply'][:30]!r}" for group, line in LINES]
)
def test_it_marks_as_the_table_says(group, line):
    said = "correct" if lm_eval_says(group["scorer"], line) else "wrong"
    ours = "correct" if line["mark"] == "correct" else "wrong"
    assert line.get("lm_eval", ours) == said
    assert line.get("lm_eval") != ours  # the column stands only where they differ
