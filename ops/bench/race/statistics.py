"""What a few rounds say about a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over rounds with its 95 % interval.

    Attributes:
        mean: over rounds.
        low: lower end; the mean itself if there was one round only, which has no interval.
        high: upper end, likewise.
        n: rounds.
    """

    mean: float
    low: float
    high: float
    n: int


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean and Student's t interval; rounds are what is independent here, not the requests within one.

    Raises:
        ValueError: there is no value.
    """
    if not values:
        raise ValueError("no round has this figure: an estimate needs one")
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return Estimate(mean, mean, mean, n)
    # Loading scipy takes most of a second, and the workers of the race need none of it.
    from scipy.stats import sem, t  # noqa: PLC0415

    half = float(sem(values) * t.ppf((1 + confidence) / 2, n - 1))
    return Estimate(mean, mean - half, mean + half, n)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, without interpolation.

    Raises:
        ValueError: there is no value.
    """
    if not values:
        raise ValueError("nothing was measured: a percentile needs a value")
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def slope(counts: Sequence[float], sizes: Sequence[float]) -> Estimate:
    """How much a size grows per unit of count, by least squares, with the 95 % interval of the fit.

    Raises:
        ValueError: fewer than three points.
    """
    if len(counts) < 3:  # noqa: PLR2004  # two points have a line, but no error
        raise ValueError(f"{len(counts)} points are too few for a slope: three at least")
    from scipy.stats import linregress, t  # noqa: PLC0415  # as above

    fit = linregress(counts, sizes)
    half = float(fit.stderr * t.ppf(0.975, len(counts) - 2))
    return Estimate(float(fit.slope), float(fit.slope) - half, float(fit.slope) + half, len(counts))
