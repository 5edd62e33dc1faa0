import importlib.util
import sys
import textwrap

import pytest

from keywords.engine.evaluation import code_digests
from keywords.engine.evaluation.scorers import SCORERS


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    """The digest of the function `mark` of a source text, as a module of this package."""
    count = 0

    def digest(source):
        nonlocal count
        count += 1
        path = tmp_path / f"code_{count}.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("keywords.engine.evaluation.drawn", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "keywords.engine.evaluation.drawn", module)
        spec.loader.exec_module(module)
        return code_digests.code_digest(module.mark)

    return digest


CODE = """
    import re
    LIMIT = 5
    WORDS = re.compile("a|b")
    def helper(text):
        return len(text) < LIMIT and WORDS.search(text)
    def mark(text):
        return [helper(one) for one in text]
    def other(text):
        return 1
"""


def test_layout_comments_docstrings_and_other_functions_do_not_count(digest_of):
    same = CODE.replace("def helper(text):", 'def helper(\n        text,  # a comment\n    ):\n        """Says."""')
    same = same.replace("return 1", "return 2")
    assert digest_of(CODE) == digest_of(same)


@pytest.mark.parametrize(("old", "new"), [("< LIMIT", "<= LIMIT"), ("LIMIT = 5", "LIMIT = 6"), ("a|b", "a|c")])
def test_a_helper_and_a_constant_that_it_reads_count(digest_of, old, new):
    assert digest_of(CODE) != digest_of(CODE.replace(old, new))


def test_each_scorer_has_a_digest_of_its_own():
    assert len({one.digest for one in SCORERS.values()}) == len(SCORERS)
