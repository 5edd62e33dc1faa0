"""Rates of repeats: several draws of one item are no independent trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.statistics.distributions import student_quantile
from keywords.engine.statistics.intervals import wilson_of_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_ITEMS = 5
"""With fewer, an interval spans most of 0 to 1 and says nothing."""


class TooFewItemsError(ValueError):
    """There are too few items for an interval."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its two-sided 95 % interval; all 0 to 1.

    Attributes:
        mean: mean of the items' own rates.
        low: lower end.
        high: upper end.
        items: number of items.
        draws: number of all draws.
        effective: number of independent trials that are worth as much, at most `draws`.
    """

    mean: float
    low: float
    high: float
    items: int
    draws: int
    effective: float


def clustered_rate(counts: Sequence[tuple[int, int]], confidence: float = 0.95) -> Rate:
    """The rate of hits over items, each drawn several times, with Wilson's interval of the effective sample size.

    Draws of one item that always agree are worth one trial, draws that do not depend on their item as many as they are.
    Where no two items differ, as at a rate of 0 or 1, each item counts once.

    Args:
        counts: hits and draws of each item; items without a draw are left out.
        confidence: 0 to 1, without the ends.

    Raises:
        TooFewItemsError: there are fewer than 5 items.
        ValueError: hits are more than draws.

    Source: the variance of clustered means, E. Miller, Adding Error Bars to Evals, arXiv 2411.00640, 2.2; the effective
    sample size in an interval of a rate, with the degrees of freedom of its variance, E. L. Korn, B. I. Graubard,
    Survey Methodology 24 (1998) 193.
    """
    drawn = [(hits, draws) for hits, draws in counts if draws]
    if any(not 0 <= hits <= draws for hits, draws in drawn):
        raise ValueError("hits must be 0 to the number of draws")
    items, draws = len(drawn), sum(draws for _, draws in drawn)
    if items < LEAST_ITEMS:
        raise TooFewItemsError(f"n too small: {items} items give no interval, it needs {LEAST_ITEMS}")
    rates = [hits / draws for hits, draws in drawn]
    mean = sum(rates) / items
    between = sum((rate - mean) ** 2 for rate in rates) / (items - 1) / items
    within = mean * (1 - mean)
    effective = float(items)
    if within and between:
        # One draw of each item is the plain case: its variance is that of the rate itself.
        plain = draws == items
        effective = items if plain else min(within / between * _freedom(items, draws), float(draws))
    low, high = wilson_of_rate(mean, effective, confidence)
    return Rate(mean, low, high, items, draws, effective)


def _freedom(items: int, draws: int) -> float:
    """What the variance of few items, which is itself an estimate, takes from the effective sample size."""
    return (student_quantile(0.975, draws - 1) / student_quantile(0.975, items - 1)) ** 2
