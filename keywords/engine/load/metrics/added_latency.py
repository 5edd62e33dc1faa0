"""Added latency: what a gateway adds to requests that also went to the server behind it without the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.metrics.definitions import DEFINITIONS
from keywords.engine.statistics.comparison import paired_difference
from keywords.engine.statistics.order import SortedValues, percentile_interval, percentile_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keywords.engine.load.storage.columns import SampleColumns
    from keywords.engine.statistics.intervals import Estimate


@dataclass(frozen=True, slots=True)
class AddedLatency:
    """Differences, gateway minus direct, of requests with the same item and turn.

    Attributes:
        metric: of which they are.
        differences_s: one for each pair; a negative one is the machine's variation, and kept.
        unpaired: requests of either side that the other side lacks, or that failed on one side.
    """

    metric: str
    differences_s: NDArray[np.float64] = field(repr=False)
    unpaired: int

    def percentile(self, p: int) -> float:
        """Percentile of the differences, in seconds.

        Raises:
            TooFewValuesError: there are too few pairs.
        """
        return percentile_of(SortedValues(self.differences_s), p)

    def interval(self, p: int) -> tuple[float, float]:
        """Its two-sided 95 % interval by order statistics, in seconds."""
        return percentile_interval(SortedValues(self.differences_s), p)

    def mean(self) -> Estimate:
        """Mean of the differences with its 95 % interval, in seconds.

        Raises:
            ValueError: there is no pair.
        """
        return paired_difference([(value, 0.0) for value in self.differences_s])


def added_latency(gateway: SampleColumns, direct: SampleColumns, metric: str = "ttft_first_content") -> AddedLatency:
    """Subtract the direct request's latency from that of the same request through the gateway.

    Both load runs send the same workload with the same seed, so that an item is the same prompt in both. Run them in
    turn, or the machine's state differs between them.

    Args:
        gateway: samples of the run through the gateway.
        direct: samples of the run without it.
        metric: of a request.

    Raises:
        KeyError: there is no such metric.
    """
    first, second = _by_request(gateway, metric), _by_request(direct, metric)
    common = first.keys() & second.keys()
    differences = np.array([first[key] - second[key] for key in sorted(common)])
    total = len({*first, *second, *_failed(gateway), *_failed(direct)})
    return AddedLatency(metric, differences, total - len(common))


def _by_request(samples: SampleColumns, metric: str) -> dict[tuple[float, float], float]:
    values = DEFINITIONS[metric](samples)
    chosen = ~np.isnan(values) & (samples.stage >= 0)
    keys = zip(samples.item[chosen].tolist(), samples.turn[chosen].tolist(), strict=True)
    return dict(zip(keys, values[chosen].tolist(), strict=True))


def _failed(samples: SampleColumns) -> list[tuple[float, float]]:
    chosen = samples.failed & (samples.stage >= 0)
    return list(zip(samples.item[chosen].tolist(), samples.turn[chosen].tolist(), strict=True))
