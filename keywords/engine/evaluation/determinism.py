"""Determinism: whether a repeated prompt gets the same answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.statistics.intervals import clopper_pearson_upper

if TYPE_CHECKING:
    from keywords.engine.openai.client import Answer


@dataclass(frozen=True, slots=True, repr=False)
class Repetition:
    """The answers to one prompt, asked several times.

    Attributes:
        prompt: the prompt.
        answers: at least one, in the order they were asked.
    """

    prompt: str
    answers: list[Answer]

    def __repr__(self) -> str:
        return f"Repetition({self.statement!r})"

    @property
    def texts(self) -> list[str]:
        """The text of each answer's first choice."""
        return [answer.text for answer in self.answers]

    @property
    def distinct(self) -> int:
        """The number of different texts; 1 means that all are the same."""
        return len(set(self.texts))

    @property
    def identical_share(self) -> float:
        """The share of the most frequent text, above 0 to 1."""
        return Counter(self.texts).most_common(1)[0][1] / len(self.texts)

    @property
    def first_divergence(self) -> int | None:
        """The position of the first character in which any two texts differ; None if all are the same."""
        low, high = min(self.texts), max(self.texts)  # their common prefix is that of all texts
        if low == high:
            return None
        pairs = zip(low, high, strict=False)
        return next((at for at, (one, other) in enumerate(pairs) if one != other), len(low))

    @property
    def statement(self) -> str:
        """The result in a sentence."""
        if self.distinct == 1:
            return f"all {len(self.texts)} answers are the same"
        return (
            f"{self.distinct} different answers among {len(self.texts)}, {self.identical_share:.0%} say the most "
            f"frequent one, they differ from character {self.first_divergence} on"
        )


@dataclass(frozen=True, slots=True, repr=False)
class PromptSet:
    """Several prompts, each asked several times. Its rate counts prompts: a prompt's texts differ or they do not.

    Attributes:
        repetitions: one for each prompt, at least one.
        confidence: of the one-sided bound, between 0 and 1.
    """

    repetitions: list[Repetition]
    confidence: float = 0.95

    def __repr__(self) -> str:
        return f"PromptSet({self.statement!r})"

    @property
    def differing(self) -> int:
        """The number of prompts with more than one text."""
        return sum(repetition.distinct > 1 for repetition in self.repetitions)

    @property
    def upper_bound(self) -> float:
        """The upper bound of the share of differing prompts; exact one-sided Clopper-Pearson."""
        return clopper_pearson_upper(self.differing, len(self.repetitions), self.confidence)

    @property
    def statement(self) -> str:
        """The result in a sentence."""
        return (
            f"{self.differing} of {len(self.repetitions)} prompts got different answers; with {self.confidence:.0%} "
            f"confidence at most {self.upper_bound:.1%} of such prompts do"
        )
