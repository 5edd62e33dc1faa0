"""Order statistics: distributions of which any percentile can be asked, with distribution-free intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from keywords.engine.statistics.distributions import binomial_quantile
from keywords.engine.statistics.percentiles import rank

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Distribution(Protocol):
    """Values in order."""

    n: int
    """Their number, those that are infinite included."""

    def at(self, place: int) -> float:
        """The value at a place in ascending order, from 1 to `n`."""


class SortedValues:
    """Distribution of values in memory.

    Args:
        values: in any order; none is nan.
        infinite: further values that are infinite, such as latencies of failed requests.
    """

    def __init__(self, values: NDArray[np.float64], infinite: int = 0) -> None:
        self._values = np.sort(values)
        self.n = len(values) + infinite

    def at(self, place: int) -> float:
        """As `Distribution`."""
        return float(self._values[place - 1]) if place <= len(self._values) else math.inf


class CountedValues:
    """Distribution of whole numbers by their counts; its memory does not grow with the values below `bound`.

    Args:
        bound: values from here on are kept one by one.
        unit: what one is worth; `at` and `mean` give multiples of it.
    """

    def __init__(self, bound: int, unit: float) -> None:
        self.n = 0
        self.bound = bound
        self.unit = unit
        self._sum = 0
        self._counts = np.zeros(bound, dtype=np.int64)
        self._large: list[NDArray[np.uint32]] = []
        self._places: NDArray[np.int64] | None = None

    def add(self, values: NDArray[np.uint32]) -> None:
        """Take whole numbers of 0 or more."""
        self._places = None
        self.n += len(values)
        self._sum += int(values.sum(dtype=np.int64))
        small = values < self.bound
        if not small.all():
            self._large.append(values[~small])
            values = values[small]
        counts = np.bincount(values)
        self._counts[: len(counts)] += counts

    def add_all(self, other: CountedValues) -> None:
        """Take all values of another distribution with the same bound."""
        self._places = None
        self.n += other.n
        self._sum += other._sum  # its own kind
        self._counts += other._counts
        self._large += other._large

    @property
    def mean(self) -> float:
        """Mean of at least one value."""
        return self._sum / self.n * self.unit

    def at(self, place: int) -> float:
        """As `Distribution`."""
        if self._places is None:
            self._places = np.cumsum(self._counts)
            self._large = [np.sort(np.concatenate(self._large))] if self._large else []
        below = int(self._places[-1])
        if place > below:
            return float(self._large[0][place - below - 1]) * self.unit
        return float(np.searchsorted(self._places, place)) * self.unit


def percentile_of(values: Distribution, p: int) -> float:
    """Percentile by nearest rank, as `percentiles.percentile`.

    Raises:
        TooFewValuesError: there are fewer values than `values_needed(p)`.
        ValueError: p is outside its range.
    """
    return values.at(rank(values.n, p))


def percentile_interval(values: Distribution, p: int, confidence: float = 0.95) -> tuple[float, float]:
    """Distribution-free interval of a percentile, of independent values.

    Requests within one load run wait for each other, so their percentiles vary more from run to run than this says.

    Args:
        values: independent ones.
        p: 1 to 99.
        confidence: 0 to 1, without the ends.

    Returns:
        Two of the values, or minus or plus infinity where the values are too few for an end.

    Source: H. A. David, H. N. Nagaraja, Order Statistics (2003) 7.1: the percentile lies between the values at the
    places r and s with the probability that a binomial variable (n, p) is at least r and below s.
    """
    low = binomial_quantile((1 - confidence) / 2, values.n, p / 100)
    high = binomial_quantile((1 + confidence) / 2, values.n, p / 100) + 1
    return (values.at(low) if low >= 1 else -math.inf), (values.at(high) if high <= values.n else math.inf)
