"""Comparison of two runs, item by item: what was lost and gained, and whether the set could have seen a drop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from keywords.engine.evaluation.items import DatasetError
from keywords.engine.statistics.pairs import Pairs, count_pairs, detectable_drop, drop_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.evaluation.scores import Score


class Verdict(StrEnum):
    """What a comparison allows to say."""

    PASS = "PASS"  # noqa: S105  # no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class ItemPair:
    """One item in both runs.

    Attributes:
        item: its id.
        question: its text.
        first: whether most of its answers are right in the first run.
        second: the same in the second.
        same_texts: whether all answers are the same, character by character.
    """

    item: str
    question: str
    first: bool
    second: bool
    same_texts: bool

    @property
    def change(self) -> str:
        """`lost`, `gained`, or empty."""
        return "" if self.first == self.second else "lost" if self.first else "gained"


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two scores of the same items.

    Attributes:
        first: the score that the second is held against.
        second: the other one.
        items: in the order of the file; those that both runs answered.
        left_out: number of items that one of the runs did not answer.
    """

    first: Score
    second: Score
    items: tuple[ItemPair, ...]
    left_out: int

    def __repr__(self) -> str:
        return f"Comparison({self.sentence!r})"

    @cached_property
    def pairs(self) -> Pairs:
        """The items counted by how they fared in both runs."""
        return count_pairs([(one.first, one.second) for one in self.items])

    @property
    def identical(self) -> int:
        """The number of items with the same answers, character by character."""
        return sum(one.same_texts for one in self.items)

    @property
    def is_identical(self) -> bool:
        """Whether both runs gave all items the same answers; unanswered ones could have been any."""
        return self.identical == self.pairs.n and not self.left_out

    @property
    def sentence(self) -> str:
        """The result in a sentence."""
        label = self.first.run.options["label"]
        missing = f"; {self.left_out} items without an answer in both are left out" if self.left_out else ""
        return f"{label}: {describe(self.pairs)}; {self.identical}/{self.pairs.n} answered identically{missing}"


def compare(first: Score, second: Score) -> Comparison:
    """Compare two scores item by item.

    Raises:
        DatasetError: they are of different items or scorers, or share no answered item.
    """
    if first.scorer != second.scorer:
        raise DatasetError(
            f"run {first.run.id} is marked by {first.scorer}, run {second.run.id} by {second.scorer}: name one --scorer"
        )
    if first.run.options["sha256"] != second.run.options["sha256"]:
        raise DatasetError(
            f"run {first.run.id} asked {first.run.options['label']}, run {second.run.id} asked "
            f"{second.run.options['label']}: compare runs of the same items"
        )
    shared = [item for item in first.passes if item in second.passes]
    if not shared:
        raise DatasetError(f"runs {first.run.id} and {second.run.id} share no item that both answered")
    texts_first, texts_second = _texts(first), _texts(second)
    items = tuple(
        ItemPair(
            item,
            first.items[item].question,
            first.passes[item],
            second.passes[item],
            same_texts=texts_first[item] == texts_second[item],
        )
        for item in shared
    )
    asked = first.items.keys() | second.items.keys()
    return Comparison(first, second, items, len(asked) - len(shared))


def pooled(comparisons: Sequence[Comparison]) -> Pairs:
    """The items of several comparisons together."""
    return count_pairs([(one.first, one.second) for comparison in comparisons for one in comparison.items])


def describe(pairs: Pairs) -> str:
    """Lost, gained, the exact test, and what such a set could have found, in words."""
    low, high = drop_interval(pairs)
    evidence = "evidence of a change" if pairs.is_significant else "no evidence of change"
    drop = detectable_drop(pairs.n)
    finds = (
        f"{pairs.n} items detect a drop of {math.ceil(drop * 100)} points"
        if drop is not None
        else f"n too small: {pairs.n} items detect no drop at all"
    )
    return (
        f"{pairs.lost} lost, {pairs.gained} gained, McNemar p={shown_p(pairs.p)}, {evidence}; drop "
        f"{pairs.drop * 100:+.0f} points (95 % {low * 100:+.0f} to {high * 100:+.0f}, Newcombe); {finds}"
    )


def shown_p(p: float) -> str:
    """A p as a sentence shows it."""
    return f"{p:.2f}" if p >= 0.01 else f"{p:.2g}"  # noqa: PLR2004  # two decimals would show 0.00


def judge(pairs: Pairs, max_drop: float, *, identical: bool = False) -> tuple[Verdict, str]:
    """The verdict on a drop, and its reason.

    Args:
        pairs: how the items fared.
        max_drop: the accepted drop, 0 to 1.
        identical: whether all answers are the same, character by character.

    Raises:
        ValueError: the limit is outside its range.
    """
    if not 0 <= max_drop < 1:
        raise ValueError(f"max drop must be 0 to below 1, not {max_drop}; write 0.05 for 5 points")
    limit = f"{max_drop * 100:g} points"
    if identical:
        return Verdict.PASS, "all answers are the same, character by character"
    if pairs.drop > max_drop:
        if pairs.is_significant:
            return Verdict.FAIL, f"the drop is beyond {limit}, and no accident (p={shown_p(pairs.p)})"
        return Verdict.INCONCLUSIVE, f"the drop is beyond {limit}, but may be an accident (p={shown_p(pairs.p)})"
    drop = detectable_drop(pairs.n)
    if drop is None or drop > max_drop:
        return Verdict.INCONCLUSIVE, f"the drop is within {limit}, but {pairs.n} items may miss a larger one"
    return Verdict.PASS, f"the drop is within {limit}, and {pairs.n} items would have shown a larger one"


def _texts(score: Score) -> dict[str, dict[tuple[int, int], str | None]]:
    texts: dict[str, dict[tuple[int, int], str | None]] = {item: {} for item in score.items}
    for (item, draw, rotation), answer in score.answers.items():
        texts[item][draw, rotation] = answer.asked.reply.text if answer.asked.reply else None
    return texts
