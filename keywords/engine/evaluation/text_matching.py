"""Normalisers and measures of short texts, after the official scripts of SQuAD and TriviaQA."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = frozenset(string.punctuation)
_TRIVIAQA_PUNCTUATION = _ASCII_PUNCTUATION | set("\u2018\u2019\u00b4`")


def normalise_squad(text: str) -> str:
    """Lower case, without punctuation and articles, spaces squeezed.

    Punctuation is deleted: `3.5` becomes `35`, `U.S.A.` becomes `usa`.

    Source: SQuAD's evaluate-v2.0.py, `normalize_answer`: "Lower text and remove punctuation, articles and extra
    whitespace."
    """
    kept = "".join(character for character in text.lower() if character not in _ASCII_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", kept).split())


def normalise_triviaqa(text: str) -> str:
    """Underscores and punctuation become spaces; lower case, without articles, spaces squeezed.

    Punctuation separates: `U.S.A.` becomes `u s`, as its last letter is an article then.

    Source: `mandarjoshi90/triviaqa`: evaluation/triviaqa_evaluation.py, `normalize_answer`: "Lower text and remove
    punctuation, articles and extra whitespace."
    """
    lowered = text.replace("_", " ").lower()
    kept = "".join(" " if character in _TRIVIAQA_PUNCTUATION else character for character in lowered)
    return " ".join(_ARTICLES.sub(" ", kept).split()).strip()


def matches(text: str, references: Sequence[str], normalise: Callable[[str], str]) -> bool:
    """Whether a text equals one of the references, all normalised."""
    own = normalise(text)
    return any(own == normalise(reference) for reference in references)


def token_f1(text: str, references: Sequence[str], normalise: Callable[[str], str] = normalise_triviaqa) -> float:
    """F1 of the words that two texts share, as multisets; the best over all references.

    Two texts that are both empty after normalising agree, and one that is empty shares nothing.

    Returns:
        0 to 1: 2 P R / (P + R), P the share of the text's words that the reference has, R that of the reference's.

    Source: `f1_score` of both official scripts, with `Counter(prediction) & Counter(reference)`; the case of empty
    texts is SQuAD 2.0's `compute_f1`.
    """
    own = normalise(text).split()
    return max((_f1(own, normalise(reference).split()) for reference in references), default=0.0)


def _f1(own: list[str], reference: list[str]) -> float:
    if not own or not reference:
        return float(own == reference)
    shared = sum((Counter(own) & Counter(reference)).values())
    return 2 * shared / (len(own) + len(reference))
