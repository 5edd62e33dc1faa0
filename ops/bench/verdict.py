"""Verdict on a measured figure against its target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keywords.engine.statistics.intervals import Estimate

Sense = Literal[">=", "<="]
"""The side of the limit that meets the target."""
Verdict = Literal["yes", "no", "unclear", "not measured"]


def verdict(estimate: Estimate | None, bound: float, sense: Sense) -> Verdict:
    """Whether a figure meets its target.

    `unclear` if the 95 % interval contains the bound, or after one round, which has no interval.
    """
    if estimate is None:
        return "not measured"
    low_reaches, high_reaches = estimate.low >= bound, estimate.high >= bound
    if estimate.n == 1 or low_reaches != high_reaches:
        return "unclear"
    return "yes" if low_reaches == (sense == ">=") else "no"
