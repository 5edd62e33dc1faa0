"""Thinning: fewer points for large samples, without losing what is seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS_MAX = 300
"""Points of a curve; a picture of this width shows no more."""
_ENDS = 20
"""Values at each end that are always drawn."""
SLOTS = 240
"""Slots of time of a series of dots."""


def ranks_to_draw(n: int, most: int = POINTS_MAX) -> NDArray[np.int64]:
    """Places in ascending order, from 0, that a distribution's curve goes through: all of them, or a choice.

    Of more than `most` values: the 20 smallest and the 20 largest, then places that lie evenly by their number, and
    towards the largest ones closer and closer, so that p99.9 of 100,000 values is drawn as well as p50.

    Args:
        n: number of values.
        most: about so many places are chosen.

    Returns:
        Places without repetition, shape (m,).
    """
    if n <= most:
        return np.arange(n)
    even = np.linspace(0, n - 1, most // 2)
    towards_largest = n - np.geomspace(1, n, most // 2 - 2 * _ENDS)
    ends = np.concatenate([np.arange(_ENDS), np.arange(n - _ENDS, n)])
    return np.unique(np.concatenate([even, towards_largest, ends]).round().astype(np.int64).clip(0, n - 1))


def largest_step(ranks: NDArray[np.int64], n: int) -> float:
    """The largest share of all values that lies between two drawn ones, 0 to 1."""
    return float(np.diff(ranks).max(initial=1) - 1) / n


def dots_to_draw(at: NDArray[np.float64], values: NDArray[np.float64], slots: int = SLOTS) -> NDArray[np.int64]:
    """Which dots of a series are drawn: all of them, or the lowest, a middle one and the highest of each slot of time.

    Args:
        at: moments, shape (n,).
        values: without nan, shape (n,).
        slots: equal parts of the time.

    Returns:
        Places in order of time, shape (m,), m at most 3 times `slots`.
    """
    order = np.lexsort((values, at))
    if len(at) <= 3 * slots:  # the three of each slot
        return order
    edges = np.linspace(at.min(), at.max(), slots + 1)
    slot = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, slots - 1)
    by_slot = np.lexsort((values, slot))
    starts = np.flatnonzero(np.diff(slot[by_slot], prepend=-1))
    ends = np.append(starts[1:], len(by_slot)) - 1
    chosen = np.unique(by_slot[np.concatenate([starts, (starts + ends) // 2, ends])])
    return chosen[np.argsort(at[chosen], kind="stable")]
