"""Arrivals: the precomputed moments at which an open loop sends its items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Moments of arrival, in order; the item's number is its place in the list.

    Attributes:
        at_s: seconds from the start of the run; shape (n,), ascending.
        stage: index of the stage of each; shape (n,).
        process: how they were drawn, such as `poisson, seed 7`, or the trace they were read from.
    """

    at_s: NDArray[np.float64]
    stage: NDArray[np.int32]
    process: str
