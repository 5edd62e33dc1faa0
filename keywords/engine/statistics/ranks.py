"""Test of two independent samples by ranks, without an assumption on how their values are distributed.

`scipy.stats.mannwhitneyu` gives the same, after an import that takes 0.9 s of processor time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import count
from math import comb
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_SPLITS = 20_000
"""Ways to deal tied values to both sides up to which p is exact; 8 and 8 values have 12,870."""
_MOST_PAIRS = 900
"""Pairs up to which p is exact where no two values are equal; 30 and 30 values."""


def mann_whitney_p(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p of the hypothesis that both samples come from one distribution; 1 if all values are equal.

    Exact where no two values are equal, and where the values are few; else the normal approximation, with its
    correction for ties.

    Args:
        first: independent values, such as one figure of each load run; they may be infinite.
        second: others.

    Raises:
        ValueError: a sample is empty.

    Source: H. B. Mann, D. R. Whitney, Ann. Math. Statist. 18 (1947) 50. Ties: E. J. G. Pitman's permutations, J. R.
    Statist. Soc. Suppl. 4 (1937) 119.
    """
    return min(1.0, 2 * min(mann_whitney_less_p(first, second), mann_whitney_less_p(second, first)))


def mann_whitney_less_p(first: Sequence[float], second: Sequence[float]) -> float:
    """The one-sided p against the alternative that the first sample's values are the smaller ones.

    It is the probability of a rank sum as small as the first sample's, or smaller, if chance dealt all values to both.

    Args:
        first: as for `mann_whitney_p`.
        second: likewise.

    Raises:
        ValueError: a sample is empty.
    """
    if not first or not second:
        raise ValueError("n must be at least 1 on each side: a test needs values")
    together = sorted((*first, *second))
    distinct = len(set(together))
    if distinct == 1:
        return 1.0
    # Twice the mean rank of equal values, which is whole.
    ranks = [bisect_left(together, value) + bisect_right(together, value) + 1 for value in together]
    found = sum(bisect_left(together, value) + bisect_right(together, value) + 1 for value in first)
    n, m = len(first), len(second)
    is_few = n * m <= _MOST_PAIRS if distinct == n + m else comb(n + m, n) <= _MOST_SPLITS
    return _exact_tail(ranks, n, found) if is_few else _normal_tail(together, n, m, found)


def _exact_tail(ranks: Sequence[int], chosen: int, found: int) -> float:
    """The share of all choices of so many ranks whose sum is at most the one found."""
    # Choices by their number of ranks and their sum; a larger sum than the one found does not matter.
    choices = np.zeros((chosen + 1, found + 1))
    choices[0, 0] = 1
    for rank in ranks:
        if rank <= found:
            choices[1:, rank:] += choices[:-1, : found + 1 - rank].copy()
    return float(choices[chosen].sum()) / comb(len(ranks), chosen)


def _normal_tail(together: Sequence[float], n: int, m: int, found: int) -> float:
    """The same by the normal approximation, corrected for ties and for whole steps."""
    count_of_all = n + m
    ties = sum(each**3 - each for each in Counter(together).values())
    variance = n * m / 12 * (count_of_all + 1 - ties / (count_of_all * (count_of_all - 1)))
    smaller = found / 2 - n * (n + 1) / 2
    return NormalDist().cdf((smaller - n * m / 2 + 0.5) / variance**0.5)


def fewest_values(comparisons: int, significance: float = 0.05) -> int:
    """The smallest number of values a side with which one of several comparisons can be significant after Holm's rule.

    5 for up to six comparisons: two samples of 5 that do not overlap have p = 2 / 252.
    """
    return next(n for n in count(2) if 2 / comb(2 * n, n) * comparisons < significance)
