"""Percentiles of a server's own histograms, which say when a bucket is too wide for an answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from keywords.engine.statistics.percentiles import TooFewValuesError, values_needed

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a histogram says of a percentile: it lies above `low` and is at most `high`.

    Attributes:
        low: upper bound of the bucket below; 0 in the first bucket.
        high: upper bound of its own bucket; infinite in the last one.
        n: values in the histogram.
    """

    low: float
    high: float
    n: int

    @property
    def is_below_resolution(self) -> bool:
        """Whether it lies in the first bucket, so that only an upper bound is known."""
        return self.low == 0

    def __str__(self) -> str:
        if self.is_below_resolution:
            return f"below resolution: at most {self.high:g} s"
        return f"above {self.low:g} s" if math.isinf(self.high) else f"{self.low:g} to {self.high:g} s"


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram of times.

    Attributes:
        counts: values up to each bound; the last bound is infinite.
        total: sum of the values, in seconds.
    """

    counts: Mapping[float, float]
    total: float

    @property
    def n(self) -> int:
        """Number of values."""
        return int(max(self.counts.values(), default=0))

    def percentile(self, p: int) -> Bounds:
        """The bucket of a percentile by nearest rank. No value within a bucket is invented.

        Raises:
            TooFewValuesError: there are fewer values than the percentile needs.
        """
        if self.n < values_needed(p):
            raise TooFewValuesError(f"{self.n} values are too few for p{p}: it needs {values_needed(p)}")
        rank = -(-p * self.n // 100)
        bounds = sorted(self.counts)
        for low, high in pairwise([0.0, *bounds]):
            if self.counts[high] >= rank:
                return Bounds(low, high, self.n)
        raise ValueError("the histogram has no bucket +Inf")

    def since(self, earlier: Histogram) -> Histogram:
        """The values that came after an earlier reading of the same histogram."""
        counts = {bound: count - earlier.counts.get(bound, 0.0) for bound, count in self.counts.items()}
        return Histogram(counts, self.total - earlier.total)


def read_histogram(page: bytes, name: str) -> Histogram:
    """The histogram of a name on a page in Prometheus' format, all its series added up.

    Args:
        page: the page.
        name: without suffix, such as `gen_ai_server_time_to_first_token_seconds`.

    Raises:
        ValueError: the page has no histogram of this name.
    """
    counts: dict[float, float] = {}
    total = 0.0
    for family in text_string_to_metric_families(page.decode("utf-8", "replace")):
        for sample in family.samples:
            if sample.name == f"{name}_bucket":
                bound = float(sample.labels["le"])
                counts[bound] = counts.get(bound, 0.0) + sample.value
            elif sample.name == f"{name}_sum":
                total += sample.value
    if not counts:
        raise ValueError(f"the page has no histogram {name}")
    return Histogram(counts, total)
