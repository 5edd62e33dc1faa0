"""Comparison of two runs, item by item: what was lost and gained, and whether the set could have seen a drop."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from keywords.engine.evaluation.items import DatasetError
from keywords.engine.statistics.intervals import clopper_pearson_upper
from keywords.engine.statistics.pairs import SIGNIFICANCE, Pairs, count_pairs, detectable_drop, drop_interval, holm

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
        unanswered: those of them that both runs asked.
    """

    first: Score
    second: Score
    items: tuple[ItemPair, ...]
    left_out: int
    unanswered: int

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
    asked, by_both = first.items.keys() | second.items.keys(), first.items.keys() & second.items.keys()
    return Comparison(first, second, items, len(asked) - len(shared), len(by_both) - len(shared))


def pooled(comparisons: Sequence[Comparison]) -> Pairs:
    """The items of several comparisons together."""
    return count_pairs([(one.first, one.second) for comparison in comparisons for one in comparison.items])


def describe(pairs: Pairs) -> str:
    """Lost, gained, the exact test, and what such a set could have found, in words."""
    low, high = drop_interval(pairs)
    evidence = "evidence of a change" if pairs.is_significant else "no evidence of change"
    return (
        f"{pairs.lost} lost, {pairs.gained} gained, McNemar p={shown_p(pairs.p)}, {evidence}; drop "
        f"{pairs.drop * 100:+.0f} points (95 % {low * 100:+.0f} to {high * 100:+.0f}, Newcombe); {_detects(pairs)}"
    )


def _detects(pairs: Pairs) -> str:
    """The smallest drop that such pairs detect in four of five cases.

    What is lost and gained again is no drop: as many items change by chance, and hide one.
    """
    by_chance = min(pairs.lost, pairs.gained)
    drop = detectable_drop(pairs.n, by_chance / pairs.n) if 2 * by_chance < pairs.n else None
    if drop is None:
        return f"n too small: {pairs.n} items detect no drop at all"
    beside = f" beside {by_chance} lost and {by_chance} gained by chance" if by_chance else ""
    return f"{pairs.n} items detect a drop of {math.ceil(drop * 100)} points{beside}"


def shown_p(p: float) -> str:
    """A p as a sentence shows it: two digits that count, so that 0.047 does not look like 0.05."""
    return f"{p:.2f}" if p >= 0.1 else f"{p:.2g}"  # noqa: PLR2004  # two decimals are two digits from here on


def judge(pairs: Pairs, max_drop: float, *, identical: bool = False, unanswered: int = 0) -> tuple[Verdict, str]:
    """The verdict on a drop, and its reason.

    A drop beyond the limit fails if it is significant. A pass needs evidence too: the largest drop that the items allow
    lies within the limit. So a true drop beyond the limit passes in at most one case of twenty, however few the items.

    Args:
        pairs: how the items fared.
        max_drop: the accepted drop, 0 to 1.
        identical: whether all answers are the same, character by character.
        unanswered: further items that one of the runs did not answer; a pass takes them for lost.

    Raises:
        ValueError: the limit is outside its range.

    Source: the test of non-inferiority by a bound, S. Wellek, Testing Statistical Hypotheses of Equivalence and
    Noninferiority (2010) 3.1.
    """
    if not 0 <= max_drop < 1:
        raise ValueError(f"max drop must be 0 to below 1, not {max_drop}; write 0.05 for 5 points")
    limit = f"{max_drop * 100:g} points"
    if identical and not unanswered:
        return Verdict.PASS, "all answers are the same, character by character"
    if pairs.drop > max_drop:
        if pairs.is_significant:
            return Verdict.FAIL, f"the drop is beyond {limit}, and no accident (p={shown_p(pairs.p)})"
        return Verdict.INCONCLUSIVE, f"the drop is beyond {limit}, but may be an accident (p={shown_p(pairs.p)})"
    worst = replace(pairs, lost=pairs.lost + unanswered)
    largest = _largest_drop(worst)
    missing = f", {unanswered} items without an answer taken for lost" if unanswered else ""
    told = f"{largest * 100:.1f} points (95 % confidence{missing})"
    if largest > max_drop:
        return Verdict.INCONCLUSIVE, f"the drop is within {limit}, but may be {told}: {worst.n} items are too few"
    return Verdict.PASS, f"the drop is at most {told}, within {limit}"


def _largest_drop(pairs: Pairs) -> float:
    """Upper 95 % bound of the drop, -1 to 1: the upper end of Newcombe's interval, and never less than what is exact.

    His interval alone is too short where nothing is gained: 0 lost of 20 items do not exclude a drop of 13 points.
    """
    exact = clopper_pearson_upper(pairs.lost, pairs.n) - pairs.gained / pairs.n
    return max(drop_interval(pairs)[1], exact)


def judge_all(comparisons: Sequence[Comparison], max_drop: float) -> tuple[Verdict, str]:
    """The verdict on several sets: FAIL if one of them fails, whatever the others gain; else that on all items.

    The p of each set is adjusted for their number (Holm).

    Args:
        comparisons: at least one.
        max_drop: the accepted drop of each set, and of all items together, 0 to 1.

    Raises:
        ValueError: the limit is outside its range.
    """
    identical = all(one.same_texts for comparison in comparisons for one in comparison.items)
    unanswered = sum(one.unanswered for one in comparisons)
    verdict, reason = judge(pooled(comparisons), max_drop, identical=identical, unanswered=unanswered)
    if len(comparisons) == 1:
        return verdict, reason
    adjusted = holm([one.pairs.p for one in comparisons])
    lost = [
        f"{one.first.run.options['set']}: the drop is beyond {max_drop * 100:g} points, and no accident "
        f"(p={shown_p(p)} for {len(comparisons)} sets, Holm)"
        for one, p in zip(comparisons, adjusted, strict=True)
        if one.pairs.drop > max_drop and p < SIGNIFICANCE
    ]
    if lost:
        return Verdict.FAIL, "; ".join(lost)
    return verdict, f"all sets together: {reason}"


def _texts(score: Score) -> dict[str, dict[tuple[int, int], str | None]]:
    texts: dict[str, dict[tuple[int, int], str | None]] = {item: {} for item in score.items}
    for (item, draw, rotation), answer in score.answers.items():
        texts[item][draw, rotation] = answer.asked.reply.text if answer.asked.reply else None
    return texts
