"""The scorers by name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.evaluation import marking
from keywords.engine.evaluation.code_digests import code_digest
from keywords.engine.evaluation.items import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.evaluation.items import Item
    from keywords.engine.evaluation.marks import Mark, Reply


@dataclass(frozen=True, slots=True)
class Scorer:
    """One way to mark replies.

    Attributes:
        name: by which commands, sets and rows call it.
        mark: marks one reply to one item.
        source: the official description that it follows.
        needs_choices: whether items must have choices.
        needs_logprobs: whether requests must ask for logprobs.
        is_numeric: whether it takes a number for the answer.
    """

    name: str
    mark: Callable[[Reply, Item], Mark]
    source: str
    needs_choices: bool = False
    needs_logprobs: bool = False
    is_numeric: bool = False

    @property
    def digest(self) -> str:
        """Of all code that decides a mark: marks with another digest are stale."""
        return code_digest(self.mark)


def scorer(name: str) -> Scorer:
    """The scorer of that name.

    Raises:
        DatasetError: there is none.
    """
    found = SCORERS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, SCORERS, 1)
        hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(SCORERS)}"
        raise DatasetError(f"there is no scorer {name!r}: {hint}")
    return found


_LIST = (
    Scorer(
        "exact-match-squad",
        marking.mark_exact_match_squad,
        "SQuAD 2.0, evaluate-v2.0.py: equal after lower case and without punctuation, articles and extra whitespace",
    ),
    Scorer(
        "exact-match-triviaqa",
        marking.mark_exact_match_triviaqa,
        "TriviaQA, triviaqa_evaluation.py: as SQuAD's, but punctuation becomes a space; the best over all aliases",
    ),
    Scorer(
        "f1",
        marking.mark_f1,
        "TriviaQA, triviaqa_evaluation.py: F1 of words as multisets; correct only at 1, the value is kept",
    ),
    Scorer(
        "number-strict",
        marking.mark_number_strict,
        "GSM8K, grade_school_math/dataset.py: the first number behind '#### ', compared as a decimal",
        is_numeric=True,
    ),
    Scorer(
        "number-flexible",
        marking.mark_number_flexible,
        "lm-evaluation-harness, gsm8k.yaml, flexible-extract: the last number, compared as a decimal",
        is_numeric=True,
    ),
    Scorer(
        "choice-letter",
        marking.mark_choice_letter,
        "inspect_ai, ANSWER_PATTERN_LETTER: the last 'Answer: C', the letter no beginning of a word",
        needs_choices=True,
    ),
    Scorer(
        "choice-likelihood",
        marking.mark_choice_likelihood,
        "MMLU, hendrycks/test evaluate.py: the likeliest of the letters as the first token",
        needs_choices=True,
        needs_logprobs=True,
    ),
    Scorer(
        "abstention",
        marking.mark_abstention,
        "SQuAD 2.0: a question that its text does not answer is right if no answer is given",
    ),
)
SCORERS = {one.name: one for one in _LIST}
