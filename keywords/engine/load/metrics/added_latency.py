"""Added latency: what a gateway adds to requests that also went to the server behind it without the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.metrics.definitions import DEFINITIONS
from keywords.engine.statistics.comparison import paired_difference
from keywords.engine.statistics.order import SortedValues, percentile_interval, percentile_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keywords.engine.load.storage.columns import SampleColumns
    from keywords.engine.statistics.intervals import Estimate


@dataclass(frozen=True, slots=True)
class AddedLatency:
    """Differences, gateway minus direct, of requests with the same stage, item and turn.

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


def added_latency(
    gateway: SampleColumns, direct: SampleColumns, metric: str = "ttft_first_content", stage: int | None = None
) -> AddedLatency:
    """Subtract the direct request's latency from that of the same request through the gateway.

    Both load runs send the same workload with the same seed, so that an item is the same prompt in both. Run them in
    turn, or the machine's state differs between them. Requests of different stages are no pair: their load differs.

    Args:
        gateway: samples of the run through the gateway.
        direct: samples of the run without it.
        metric: of a request.
        stage: None for all together.

    Raises:
        KeyError: there is no such metric.
    """
    first, second = _by_request(gateway, metric, stage), _by_request(direct, metric, stage)
    common = first.keys() & second.keys()
    differences = np.array([first[key] - second[key] for key in sorted(common)])
    total = len({*first, *second, *_failed(gateway, stage), *_failed(direct, stage)})
    return AddedLatency(metric, differences, total - len(common))


def pooled(rounds: Sequence[AddedLatency]) -> AddedLatency:
    """The pairs of several rounds of one metric, each round with prompts of its own."""
    differences = np.concatenate([each.differences_s for each in rounds])
    return AddedLatency(rounds[0].metric, differences, sum(each.unpaired for each in rounds))


_Key = tuple[float, float, float]


def _by_request(samples: SampleColumns, metric: str, stage: int | None) -> dict[_Key, float]:
    values = DEFINITIONS[metric](samples)
    chosen = ~np.isnan(values) & _of_stage(samples, stage)
    return dict(zip(_keys(samples, chosen), values[chosen].tolist(), strict=True))


def _failed(samples: SampleColumns, stage: int | None) -> list[_Key]:
    return _keys(samples, samples.failed & _of_stage(samples, stage))


def _of_stage(samples: SampleColumns, stage: int | None) -> NDArray[np.bool_]:
    return samples.stage >= 0 if stage is None else samples.stage == stage


def _keys(samples: SampleColumns, chosen: NDArray[np.bool_]) -> list[_Key]:
    columns = (samples.stage, samples.item, samples.turn)
    return list(zip(*(column[chosen].tolist() for column in columns), strict=True))
