import json
import sys

import pytest
from assertionengine import AssertionOperator

from keywords.engine.evaluation import harness, inspect_ai, lm_eval
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.harness import HarnessAnswer, HarnessError, HarnessRun
from keywords.engine.evaluation.items import DatasetError
from keywords.evaluation import harnesses
from keywords.evaluation.harnesses import HarnessesLibrary
from keywords.run.places import DATASETS

DATASET = Catalogue(DATASETS).load("short-facts", None, 3)
EQUAL = AssertionOperator["=="]


@pytest.fixture(autouse=True)
def _target(gateway):
    """`target.client` gives the gateway in memory."""
    assert gateway.client.model == "model-a"


@pytest.fixture
def library(monkeypatch, tmp_path):
    monkeypatch.setattr(harnesses, "store_path", lambda: tmp_path / "measurements.db")
    return HarnessesLibrary()


def theirs(*texts, correct):
    answers = {
        item.id: HarnessAnswer(text, mark, [{"role": "user", "content": item.question}])
        for item, text, mark in zip(DATASET.items, texts, correct, strict=True)
    }
    return HarnessRun("another 1.0", DATASET, answers, 0, "")


def test_their_answers_are_stored_and_marked_by_our_scorer(library):
    score = library.import_harness_run(theirs("Paris", "the Rome.", "Oslo", correct=[True, False, False]))
    assert [mark.outcome.value for mark in score.marks.values()] == ["correct", "correct", "wrong"]
    assert score.run.series == "short-facts by another 1.0"


def test_marks_that_differ_are_counted_and_named(library):
    found = theirs("Paris", "the Rome.", "Oslo", correct=[True, False, False])
    ours = library.import_harness_run(found)
    assert library.get_differing_marks(found, ours) == 1
    assert library.get_harness_correct_count(found, EQUAL, 1) == 1
    assert library.get_harness_answer_count(found, EQUAL, 3) == 3
    assert library.get_harness_exit_code(found, EQUAL, 0) == 0
    with pytest.raises(AssertionError, match="Items marked differently should be 0, got 1"):
        library.get_differing_marks(found, ours, EQUAL, 0)


def test_an_item_that_only_one_of_both_marked_is_no_agreement(library):
    ours = library.import_harness_run(theirs("Paris", "Rome", "Tokyo", correct=[True] * 3))
    gave_up = HarnessRun("another 1.0", DATASET, {}, 0, "")
    with pytest.raises(AssertionError, match="Items that only one of both marked: 1, 2, 3"):
        library.get_differing_marks(gave_up, ours, EQUAL, 0)


def test_lm_eval_is_given_our_messages_and_its_samples_are_read(tmp_path, monkeypatch):
    seen = {}

    def command(words, environment, folder):
        seen.update(words=words, environment=environment)
        out = folder / "out" / "m"
        out.mkdir(parents=True)
        samples = [
            {
                "doc": {"id": item.id},
                "arguments": {"gen_args_0": {"arg_0": [json.dumps([{"role": "user", "content": item.question}])]}},
                "filtered_resps": [text],
                "exact_match": mark,
            }
            for item, text, mark in zip(DATASET.items, ["Paris", None, "Oslo"], [1.0, 0.0, 0.0], strict=True)
        ]
        (out / "samples_ours.jsonl").write_text("\n".join(map(json.dumps, samples)), encoding="utf-8")
        return 0, "done"

    monkeypatch.setattr(lm_eval, "run_command", command)
    found = lm_eval.run_lm_eval(tmp_path, DATASET, "http://host", "m", "sk-1")
    assert [(one.text, one.correct) for one in found.answers.values()] == [
        ("Paris", True),
        ("", False),
        ("Oslo", False),
    ]
    assert found.correct == 1
    assert "base_url=http://host/v1/chat/completions" in " ".join(seen["words"])
    assert seen["environment"]["HF_HUB_OFFLINE"] == "1"
    items = (tmp_path / "items.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["target"] for line in items] == ["Paris", "Rome", "Tokyo"]
    examples = (tmp_path / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(examples) == len(DATASET.settings.examples)


def test_inspect_that_gave_up_leaves_a_log_without_answers(tmp_path, monkeypatch):
    def command(_words, _environment, folder):
        (folder / "logs").mkdir()
        (folder / "logs" / "1.json").write_text('{"status": "error"}', encoding="utf-8")
        return 0, "task failed"

    monkeypatch.setattr(inspect_ai, "run_command", command)
    found = inspect_ai.run_inspect(tmp_path, DATASET, "http://host", "m", None)
    assert (found.exit_code, found.answers) == (0, {})


def test_inspects_log_is_read(tmp_path, monkeypatch):
    def command(_words, _environment, folder):
        samples = [
            {
                "id": item.id,
                "input": [{"role": "user", "content": item.question}],
                "output": {"completion": text, "choices": []},
                "scores": {"exact": {"value": mark}},
            }
            for item, text, mark in zip(DATASET.items, ["Paris", "Oslo", "Tokyo"], ["C", "I", 1], strict=True)
        ]
        (folder / "logs").mkdir()
        log = {"status": "success", "samples": [*samples, {"id": "4", "scores": None}]}
        (folder / "logs" / "1.json").write_text(json.dumps(log), encoding="utf-8")
        return 0, ""

    monkeypatch.setattr(inspect_ai, "run_command", command)
    found = inspect_ai.run_inspect(tmp_path, DATASET, "http://host", "m", None)
    assert [(one.text, one.correct) for one in found.answers.values()] == [
        ("Paris", True),
        ("Oslo", False),
        ("Tokyo", True),
    ]


@pytest.mark.parametrize(
    ("run", "module", "said"),
    [(lm_eval.run_lm_eval, lm_eval, "lm-eval ended with 3"), (inspect_ai.run_inspect, inspect_ai, "Inspect ended")],
)
def test_a_harness_that_leaves_nothing_is_no_run(tmp_path, monkeypatch, run, module, said):
    monkeypatch.setattr(module, "run_command", lambda *_: (3, "first\nlast words"))
    with pytest.raises(HarnessError, match=said) as raised:
        run(tmp_path, DATASET, "http://host", "m", None)
    assert str(raised.value).endswith("last words")


@pytest.mark.parametrize("name", ["science", "unanswerable"])
def test_sets_that_the_harnesses_do_not_get_are_refused(tmp_path, name):
    dataset = Catalogue(DATASETS).load(name)
    for run in (lm_eval.run_lm_eval, inspect_ai.run_inspect):
        with pytest.raises(DatasetError, match="short answers only"):
            run(tmp_path, dataset, "http://host", "m", None)


def test_what_a_harness_prints_is_kept_with_its_exit_code(tmp_path):
    code, output = harness.run_command([sys.executable, "-c", "print('said'); raise SystemExit(4)"], {}, tmp_path)
    assert (code, output.strip()) == (4, "said")
