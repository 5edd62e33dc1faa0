"""Percentiles that say when there are too few samples for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES_NEEDED = {50: 1, 90: 29, 95: 59, 99: 299}
"""Samples that a percentile needs: with fewer, even the largest of them lies below the true percentile with a
probability of more than 5 % (the smallest n with (p/100)^n below 0.05)."""


def percentile(samples: Sequence[float], p: int) -> float:
    """The smallest sample that at least p % of all samples do not exceed (nearest rank).

    Args:
        samples: in any order and unit.
        p: 50, 90, 95 or 99.

    Raises:
        ValueError: there are too few samples for it.
    """
    if len(samples) < SAMPLES_NEEDED[p]:
        raise ValueError(f"{len(samples)} samples are too few for p{p}: it needs {SAMPLES_NEEDED[p]}")
    return sorted(samples)[math.ceil(p / 100 * len(samples)) - 1]
