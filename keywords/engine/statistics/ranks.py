"""Test of two independent samples by ranks, without an assumption on how their values are distributed."""

from __future__ import annotations

from itertools import count
from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_SPLITS = 20_000
"""Ways to deal tied values to both sides that are still tried one by one; 8 and 8 values have 12,870."""
_MOST_PAIRS = 900
"""Pairs up to which the exact distribution of untied values is computed; 30 and 30 values."""


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
    if not first or not second:
        raise ValueError("n must be at least 1 on each side: a test needs values")
    # Importing scipy takes most of a second, and a short run may not need it.
    from scipy.stats import PermutationMethod, mannwhitneyu, rankdata  # noqa: PLC0415

    distinct = len({*first, *second})
    if distinct == 1:
        return 1.0
    # Ranks say the same, and infinite values disturb no arithmetic.
    ranks = rankdata([*first, *second])
    one, other = ranks[: len(first)], ranks[len(first) :]
    if distinct == len(ranks) and len(one) * len(other) <= _MOST_PAIRS:
        return float(mannwhitneyu(one, other, method="exact").pvalue)
    if distinct < len(ranks) and (splits := comb(len(ranks), len(one))) <= _MOST_SPLITS:
        return float(mannwhitneyu(one, other, method=PermutationMethod(n_resamples=splits)).pvalue)
    return float(mannwhitneyu(one, other, method="asymptotic").pvalue)


def fewest_values(comparisons: int, significance: float = 0.05) -> int:
    """The smallest number of values a side with which one of several comparisons can be significant after Holm's rule.

    5 for up to six comparisons: two samples of 5 that do not overlap have p = 2 / 252.
    """
    return next(n for n in count(2) if 2 / comb(2 * n, n) * comparisons < significance)
