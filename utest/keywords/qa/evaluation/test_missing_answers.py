"""A verdict holds whatever the answers that never came would have been."""

import pytest

from keywords.engine.evaluation import together
from keywords.engine.evaluation.asking import Asked, Failure
from keywords.engine.evaluation.marks import Reply


@pytest.mark.parametrize(
    ("says", "missing", "judged"),
    [
        ("I don't know.", 0, ("0.7", 0)),
        ("I don't know.", 3, ("0.7", 3)),  # 7 of 7 are right, and 7 of 10 would not be enough
        ("I don't know.", 3, ("0.3", 0)),
        ("Oslo", 0, ("0.3", 1)),
        ("Oslo", 3, ("0.3", 3)),  # 0 of 7 are right, and 3 of 10 might be
        ("Oslo", 3, ("0.7", 1)),
    ],
)
def test_a_missing_answer_is_never_passed_over(qa, monkeypatch, says, missing, judged):
    asked, (required, code) = [], judged

    def ask(*_):
        asked.append(1)
        if len(asked) <= missing:
            return Asked(None, Failure.NO_ANSWER, "nobody", None, None, 1.0)
        return Asked(Reply(says), None, "", "stop", 1, 1.0)

    monkeypatch.setattr(together, "ask", ask)
    done = qa("eval", "unanswerable", "--at-least", required)
    assert done.exit_code == code, done.output
    assert (f"{missing} of 10 without an answer" in done.output) == bool(missing)
