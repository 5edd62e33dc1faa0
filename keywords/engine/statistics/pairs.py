"""Comparison of two marks of the same items: exact test, interval of the difference, and what it could have found."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

from keywords.engine.statistics.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGNIFICANCE = 0.05
POWER = 0.8
FEWEST_PAIRS = 6
"""6 lost and 0 gained is the smallest result with a two-sided p below 0.05."""
_STEPS = 40
"""Halvings of an interval; the last is far below a part of an item."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """How the same items fared twice.

    Attributes:
        both: items with a hit in both.
        lost: items with a hit in the first alone.
        gained: items with a hit in the second alone.
        neither: items without a hit.
    """

    both: int
    lost: int
    gained: int
    neither: int

    @property
    def n(self) -> int:
        """The number of items."""
        return self.both + self.lost + self.gained + self.neither

    @property
    def drop(self) -> float:
        """First rate minus second, -1 to 1; above 0 if the second is worse."""
        return (self.lost - self.gained) / self.n

    @property
    def p(self) -> float:
        """The two-sided p of the exact McNemar test."""
        return mcnemar_p(self.lost, self.gained)

    @property
    def is_significant(self) -> bool:
        """Whether chance alone gives such a difference in less than 5 % of cases."""
        return self.p < SIGNIFICANCE


def count_pairs(marks: Sequence[tuple[bool, bool]]) -> Pairs:
    """Count how each item fared twice.

    Args:
        marks: of each item, whether it was a hit first, and second.

    Raises:
        ValueError: there is no item.
    """
    if not marks:
        raise ValueError("n too small: no item has two marks to compare")
    cells = [(True, True), (True, False), (False, True), (False, False)]
    return Pairs(*(sum(mark == cell for mark in marks) for cell in cells))


def mcnemar_p(lost: int, gained: int) -> float:
    """The two-sided p of lost against gained items, exact; 1 without any.

    Source: Q. McNemar, Psychometrika 12 (1947) 153, in its exact form: of all items that differ, each half is as likely
    to be lost as gained.
    """
    differing = lost + gained
    tail = sum(comb(differing, count) for count in range(min(lost, gained) + 1))
    # Python divides whole numbers of any size; floats overflow beyond a thousand items.
    return min(1.0, 2 * tail / int(2**differing))


def drop_interval(pairs: Pairs, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided interval of the drop from first to second rate, -1 to 1.

    Source: R. G. Newcombe, Statist. Med. 17 (1998) 2635, method 10: score intervals of both rates, with the correlation
    of the pairs corrected for continuity.
    """
    n = pairs.n
    first, second = pairs.both + pairs.lost, pairs.both + pairs.gained
    (low1, high1), (low2, high2) = wilson(first, n, confidence), wilson(second, n, confidence)
    rate1, rate2 = first / n, second / n
    phi = _correlation(pairs)
    down = (rate1 - low1) ** 2 - 2 * phi * (rate1 - low1) * (high2 - rate2) + (high2 - rate2) ** 2
    up = (high1 - rate1) ** 2 - 2 * phi * (high1 - rate1) * (rate2 - low2) + (rate2 - low2) ** 2
    # Rounding may leave a hair below 0.
    return pairs.drop - max(down, 0.0) ** 0.5, pairs.drop + max(up, 0.0) ** 0.5


def _correlation(pairs: Pairs) -> float:
    first, second, n = pairs.both + pairs.lost, pairs.both + pairs.gained, pairs.n
    below = first * second * (n - first) * (n - second)
    if not below:
        return 0.0
    cross = pairs.both * pairs.neither - pairs.lost * pairs.gained
    corrected = cross if cross < 0 else max(cross - n / 2, 0)
    return float(corrected / below**0.5)


def detectable_drop(n: int, churn: float = 0.0) -> float | None:
    """The smallest true drop that the exact McNemar test of n pairs finds in 80 % of cases; None if it finds none.

    Args:
        n: items.
        churn: share of items that are gained although nothing changed, and as many are lost besides the drop; 0 for
            answers at temperature 0.

    Returns:
        A share of items, 0 to 1.

    Raises:
        ValueError: churn is outside 0 to 0.5.

    Source: the unconditional power of the exact test, S. W. Duffy, Statist. Med. 3 (1984) 371.
    """
    if not 0 <= churn < 0.5:  # noqa: PLR2004  # lost and gained together are at most all items
        raise ValueError(f"churn must be 0 to below 0.5, not {churn}: it is the share of gained items")
    largest = 1 - 2 * churn
    if n < FEWEST_PAIRS or _power(n, largest, churn) < POWER:
        return None
    low, high = 0.0, largest
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _power(n, middle, churn) >= POWER else (middle, high)
    return high


def _power(n: int, drop: float, churn: float) -> float:
    # Importing scipy takes most of a second, and a short run may not need it.
    import numpy as np  # noqa: PLC0415
    from scipy.stats import binom  # noqa: PLC0415

    differing = np.arange(FEWEST_PAIRS, n + 1)
    # The fewest lost items of so many that differ whose two-sided p is below 5 %.
    needed = binom.isf(SIGNIFICANCE / 2, differing, 0.5) + 1
    share = drop + 2 * churn
    found = binom.pmf(differing, n, share) * binom.sf(needed - 1, differing, (drop + churn) / share if share else 0.5)
    return float(found.sum())


def holm(values: Sequence[float]) -> list[float]:
    """Values of p adjusted for how many comparisons were made; in the order given.

    Source: S. Holm, Scand. J. Statist. 6 (1979) 65.
    """
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, at in enumerate(sorted(range(len(values)), key=lambda at: values[at])):
        largest = max(largest, min(1.0, (len(values) - rank) * values[at]))
        adjusted[at] = largest
    return adjusted
