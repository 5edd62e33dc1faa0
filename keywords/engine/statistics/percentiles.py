"""Percentiles that refuse too few values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
"""Probability that the largest of `values_needed` values lies above the true percentile."""


class TooFewValuesError(ValueError):
    """There are fewer values than the percentile needs."""


def percentile(values: Sequence[float], p: int) -> float:
    """The smallest value that at least p % of all values do not exceed (nearest rank).

    The rank is ceil(p n / 100), counted from 1. The result is always a measured value; interpolation gives times that
    no request took.

    Args:
        values: in any order and unit.
        p: 1 to 99.

    Returns:
        One of the values.

    Raises:
        TooFewValuesError: there are fewer values than `values_needed(p)`.
        ValueError: p is outside its range.

    Source: definition 1 in R. J. Hyndman, Y. Fan, The American Statistician 50 (1996) 361; numpy's `inverted_cdf`.
    """
    return sorted(values)[rank(len(values), p) - 1]


def rank(n: int, p: int) -> int:
    """The place of percentile p among n values in ascending order, from 1: ceil(p n / 100).

    Raises:
        TooFewValuesError: there are fewer values than `values_needed(p)`.
        ValueError: p is outside its range.
    """
    needed = values_needed(p)
    if n < needed:
        raise TooFewValuesError(f"{n} values are too few for p{p}: it needs {needed}")
    return -(-p * n // 100)  # in integers: the float 0.55 * 100 is above 55 and would give the next rank


def values_needed(p: int) -> int:
    """The smallest sample size for percentile p: 5 for p50, 29 for p90, 59 for p95, 299 for p99.

    All n values lie below the true percentile with the probability (p / 100)^n. While this is 5 % or more, not even
    the largest value is an upper bound of the percentile.

    Args:
        p: 1 to 99.

    Returns:
        The smallest n with (p / 100)^n < 1 - `CONFIDENCE`.

    Raises:
        ValueError: p is outside its range.

    Source: the distribution-free bound by order statistics, H. A. David, H. N. Nagaraja, Order Statistics (2003) 7.1,
    with the largest value as the bound.
    """
    if not 0 < p < 100:  # noqa: PLR2004  # per cent
        raise ValueError(f"p must be 1 to 99, not {p}")
    return math.floor(math.log(1 - CONFIDENCE) / math.log(p / 100)) + 1
