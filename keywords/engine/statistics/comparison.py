"""Compares two series that were measured in the same rounds.

What slows the machine during one round slows both sides of it. So they are compared within the round, and the interval
is that of the rounds' results; the two series' own intervals would count the machine's moods twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.statistics.intervals import Estimate, mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence


def paired_ratio(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Mean of the rounds' ratios with its two-sided 95 % interval (Student's t).

    Args:
        pairs: of each round, the value and the value that it is divided by.

    Returns:
        The ratio, without a unit; `n` is the number of rounds.

    Raises:
        ValueError: there is no round, or a value to divide by is 0.
    """
    if any(other == 0 for _, other in pairs):
        raise ValueError("a ratio to 0 was asked for: leave out the rounds in which the other side measured nothing")
    return mean_interval([value / other for value, other in pairs])


def paired_difference(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Mean of the rounds' differences with its two-sided 95 % interval (Student's t).

    Args:
        pairs: of each round, the value and the value that is subtracted from it.

    Returns:
        The difference in the unit of the values; `n` is the number of rounds.

    Raises:
        ValueError: there is no round.
    """
    return mean_interval([value - other for value, other in pairs])
