"""Paired comparison of two series that were measured in the same rounds.

A slow machine slows both sides of a round. So each round compares its own two values, and the interval is that of the
rounds' results; intervals of the two series would count the machine's variation twice.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

from keywords.engine.statistics.intervals import Estimate, mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence


def paired_ratio(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Mean of the rounds' ratios with its two-sided 95 % interval (Student's t).

    Args:
        pairs: the dividend and the divisor of each round.

    Returns:
        The ratio, without a unit; `n` is the number of rounds.

    Raises:
        ValueError: there is no round, or a divisor is 0.
    """
    if any(other == 0 for _, other in pairs):
        raise ValueError("a ratio to 0 was asked for: leave out the rounds in which the other side measured nothing")
    return mean_interval([value / other for value, other in pairs])


def paired_geometric_ratio(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Geometric mean of the rounds' ratios with its two-sided 95 % interval (Student's t of their logarithms).

    For costs, which a busy machine multiplies. Where it doubles one side in one round and the other side in another,
    the ratios 2 and 0.5 cancel each other here, whereas their mean is 1.25; and the interval never reaches below 0.

    Args:
        pairs: the dividend and the divisor of each round.

    Returns:
        The ratio, without a unit; `n` is the number of rounds.

    Raises:
        ValueError: there is no round, or a value is not above 0.
    """
    if any(value <= 0 or other <= 0 for value, other in pairs):
        raise ValueError("a geometric mean needs values above 0: leave out the rounds in which a side measured nothing")
    found = mean_interval([log(value / other) for value, other in pairs])
    return Estimate(exp(found.mean), exp(found.low), exp(found.high), found.n)


def paired_difference(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Mean of the rounds' differences with its two-sided 95 % interval (Student's t).

    Args:
        pairs: the minuend and the subtrahend of each round.

    Returns:
        The difference in the unit of the values; `n` is the number of rounds.

    Raises:
        ValueError: there is no round.
    """
    return mean_interval([value - other for value, other in pairs])
