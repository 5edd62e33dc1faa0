"""Paired comparison of two series that were measured in the same rounds.

A slow machine slows both sides of a round. So each round compares its own two values, and the interval is that of the
rounds' results; intervals of the two series would count the machine's variation twice.
"""

from __future__ import annotations

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
