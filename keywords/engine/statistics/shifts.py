"""Shift between two small samples: by how much the values of the second lie above those of the first."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.statistics.distributions import student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESAMPLES = 10_000
"""With 5 values a side, 10 of them lie beyond each end of the interval."""
_MOST_NUMBERS = 4_000_000
"""Differences that are in memory at a time."""


def hodges_lehmann(first: Sequence[float], second: Sequence[float]) -> float:
    """The median of all differences between a value of the second sample and one of the first.

    Equal infinite values differ by nothing.

    Raises:
        ValueError: a sample is empty.

    Source: J. L. Hodges, E. L. Lehmann, Ann. Math. Statist. 34 (1963) 598.
    """
    if not first or not second:
        raise ValueError("n must be at least 1 on each side: a shift needs values")
    return float(_shifts(np.array([first], float), np.array([second], float))[0])


def shift_interval(
    first: Sequence[float],
    second: Sequence[float],
    *,
    paired: bool = False,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Two-sided interval of the Hodges-Lehmann shift: an expanded percentile bootstrap.

    The plain percentiles of a bootstrap are too narrow for few values: of 5 a side, they hold the true shift in some
    90 % of cases instead of 95 %. So they are taken further out, by Student's t and the sqrt((n - 1) / n) that a
    bootstrap's own spread lacks.

    Args:
        first: at least 2 independent values.
        second: at least 2 others.
        paired: the n-th values of both were measured in the same round; rounds are then drawn as wholes, so that what
            slows both sides of a round down does not widen the interval.
        confidence: 0 to 1, without the ends.
        resamples: drawn with replacement.
        seed: of the draws; the same values give the same interval.

    Raises:
        ValueError: a sample has fewer than 2 values, or pairs lack a partner.

    Source: T. C. Hesterberg, What Teachers Should Know About the Bootstrap, Am. Statist. 69 (2015) 371, 3.4 (expanded
    percentile intervals); blocks, B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993) 8.5.
    """
    if min(len(first), len(second)) < 2:  # noqa: PLR2004  # one value has no spread
        raise ValueError("n must be at least 2 on each side: an interval needs a spread")
    if paired and len(first) != len(second):
        raise ValueError(f"pairs were asked for, and there are {len(first)} and {len(second)} values")
    one, other = np.array(first, float), np.array(second, float)
    random = np.random.default_rng(seed)
    parts = []
    block = max(1, _MOST_NUMBERS // (len(one) * len(other)))
    for begin in range(0, resamples, block):
        size = min(block, resamples - begin)
        chosen = random.integers(len(one), size=(size, len(one)))
        chosen_other = chosen if paired else random.integers(len(other), size=(size, len(other)))
        parts.append(_shifts(one[chosen], other[chosen_other]))
    tail = _tail(min(len(one), len(other)), confidence)
    shifts = np.concatenate(parts)
    low = np.quantile(shifts, tail, method="lower")
    return float(low), float(np.quantile(shifts, 1 - tail, method="higher"))


def _shifts(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shift of each row, shapes (rows, n) and (rows, m)."""
    with np.errstate(invalid="ignore"):
        differences = (second[:, None, :] - first[:, :, None]).reshape(len(first), -1)
        differences[np.isnan(differences)] = 0.0
        differences.sort(axis=1)  # faster than numpy's median, which selects
        count = differences.shape[1]
        shifts = (differences[:, (count - 1) // 2] + differences[:, count // 2]) / 2
    return np.where(np.isnan(shifts), 0.0, shifts)


def _tail(n: int, confidence: float) -> float:
    """The share of the resamples beyond each end."""
    return NormalDist().cdf(student_quantile((1 - confidence) / 2, n - 1) * (n / (n - 1)) ** 0.5)
