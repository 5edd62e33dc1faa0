"""Summary: the numbers of a load run, by stage or of all stages together; the warm-up is left out of each."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.metrics.chunks import look_at_chunks
from keywords.engine.load.metrics.definitions import DEFINITIONS, FEWEST_TOKENS, LATENCIES
from keywords.engine.statistics.order import CountedValues, SortedValues, percentile_interval, percentile_of
from keywords.engine.statistics.percentiles import TooFewValuesError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from keywords.engine.load.metrics.chunks import Chunks
    from keywords.engine.load.storage.columns import SampleColumns
    from keywords.engine.statistics.order import Distribution

BY_TOKEN = "tpot_excl_first_by_token"  # noqa: S105  # a metric
"""The mean of `tpot_excl_first` over all tokens; the mean over requests goes by the metric's own name."""
GAP = "chunk_gap"


class Summary:
    """The numbers of a load run under the names of `definitions`; times are in seconds.

    A stage of None means all stages together.

    Args:
        samples: of the run; those of the warm-up have stage -1 and are left out.

    Attributes:
        samples: as given.
        errors: failed requests by class, the most frequent first.
        error_rate: failed requests of all that were not cancelled, 0 to 1; 0 without any.
    """

    def __init__(self, samples: SampleColumns) -> None:
        self.samples = samples
        self.errors = self.errors_of(None)
        self.error_rate = self.error_rate_of(None)
        self._values: dict[str, NDArray[np.float64]] = {}
        self._distributions: dict[tuple[str, int | None, int], Distribution] = {}

    @cached_property
    def stages(self) -> tuple[int, ...]:
        """The stages that have samples, in order."""
        return tuple(int(stage) for stage in np.unique(self.samples.stage) if stage >= 0)

    @cached_property
    def windows(self) -> Mapping[int, tuple[float, float]]:
        """Begin and end of each stage: as planned, or from the first request to the last end if that is unknown."""
        if self.samples.windows:
            return dict(enumerate(self.samples.windows))
        spans = {}
        for stage in self.stages:
            chosen = self.population(stage)
            spans[stage] = (
                float(np.nanmin(self.samples.t_intended[chosen])),
                float(np.nextafter(np.nanmax(self.samples.t_done[chosen], initial=-np.inf), np.inf)),
            )
        return spans

    @cached_property
    def chunks(self) -> Chunks:
        """What the chunks of whole answers tell; the first look takes seconds for a million samples."""
        return look_at_chunks(self.samples, list(self.windows.values()))

    def population(self, stage: int | None) -> NDArray[np.bool_]:
        """Which samples are of a stage, shape (n,)."""
        return self.samples.stage >= 0 if stage is None else self.samples.stage == stage

    def answered(self, stage: int | None = None) -> int:
        """Number of whole answers."""
        return int((self.population(stage) & self.samples.answered).sum())

    def failed(self, stage: int | None = None) -> int:
        """Number of failed requests."""
        return int((self.population(stage) & self.samples.failed).sum())

    def cancelled(self, stage: int | None = None) -> int:
        """Number of requests that the end of the run cancelled; neither answered nor failed."""
        return int((self.population(stage) & self.samples.cancelled).sum())

    def resent(self, stage: int | None = None) -> int:
        """Number of requests that were sent a second time, as the server had closed the pool's connection."""
        return int((self.population(stage) & self.samples.resent).sum())

    def errors_of(self, stage: int | None) -> Mapping[str, int]:
        """Failed requests by class, the most frequent first."""
        failed = self.samples.error[self.population(stage) & self.samples.failed]
        return dict(Counter(failed.tolist()).most_common())

    def error_rate_of(self, stage: int | None) -> float:
        """Failed requests of all that were not cancelled, 0 to 1; 0 without any."""
        failed = self.failed(stage)
        return failed / ended if (ended := failed + self.answered(stage)) else 0.0

    def values(self, metric: str) -> NDArray[np.float64]:
        """A metric of each request, shape (n,), nan where it has none; of `chunk_gap`, its largest.

        Raises:
            KeyError: there is no such metric of a request.
        """
        if metric == GAP:
            return self.chunks.largest_gap_s
        if metric not in self._values:
            self._values[metric] = DEFINITIONS[metric](self.samples)
        return self._values[metric]

    def count(self, metric: str, stage: int | None = None, *, failures: bool = False) -> int:
        """Number of values; of `chunk_gap`, of gaps. With failures, those that count as infinite too."""
        return self._distribution(metric, stage, failures=failures).n

    def mean(self, metric: str, stage: int | None = None) -> float | None:
        """Mean of the requests' values, of all gaps, or by token; None without any."""
        if metric == BY_TOKEN:
            return self._mean_by_token(stage)
        distribution = self._distribution(metric, stage)
        if not distribution.n:
            return None
        if isinstance(distribution, CountedValues):
            return distribution.mean
        return float(np.nanmean(self.values(metric)[self.population(stage)]))

    def percentile(
        self, metric: str, p: int, stage: int | None = None, *, failures: bool = False, unended: bool = False
    ) -> float | None:
        """Percentile by nearest rank; None where there are too few values.

        Args:
            metric: of a request, or `chunk_gap`.
            p: 1 to 99.
            stage: None for all together.
            failures: whether each failed request counts as infinite; of latencies only, and not of `chunk_gap`, since
                an answer that failed has no number of chunks.
            unended: whether each request that the end of the run cancelled counts as infinite, of the same metrics.
        """
        try:
            return percentile_of(self._distribution(metric, stage, failures=failures, unended=unended), p)
        except TooFewValuesError:
            return None

    def interval(
        self, metric: str, p: int, stage: int | None = None, *, failures: bool = False, unended: bool = False
    ) -> tuple[float, float] | None:
        """Two-sided 95 % interval of a percentile by order statistics; None where there are too few values.

        It takes requests for independent, which those of one run are not: compare runs to compare servers.
        """
        if self.percentile(metric, p, stage, failures=failures, unended=unended) is None:
            return None
        return percentile_interval(self._distribution(metric, stage, failures=failures, unended=unended), p)

    def duration_s(self, stage: int | None = None) -> float:
        """Length of a stage, or of all of them."""
        return sum(end - begin for number, (begin, end) in self.windows.items() if stage in {None, number})

    def rps(self, stage: int | None = None) -> float | None:
        """Whole answers that ended within the stage, per second of it; whichever stage they were sent in.

        So neither the drain after the end nor requests under way at the start distort it. None without a duration.
        """
        return self.per_second(self.samples.answered, stage)

    def per_second(self, chosen: NDArray[np.bool_], stage: int | None) -> float | None:
        """Chosen requests that ended within a stage, per second of it; None without a duration."""
        if not (duration_s := self.duration_s(stage)):
            return None
        ends, count = self.samples.t_done[chosen], 0
        for number, (begin, end) in self.windows.items():
            if stage in {None, number}:
                count += int(((ends >= begin) & (ends < end)).sum())
        return count / duration_s

    def total_output_tokens_per_s(self, stage: int | None = None) -> float | None:
        """Output tokens of whole answers that arrived within the stage, per second of it; None without a duration.

        Source: the rule of guidellm#1078: what straddles a stage's ends is divided by the moments of its tokens.
        """
        if not (duration_s := self.duration_s(stage)):
            return None
        numbers = list(self.windows)
        tokens = self.chunks.tokens if stage is None else self.chunks.tokens[numbers.index(stage)]
        return float(np.sum(tokens)) / duration_s

    def _mean_by_token(self, stage: int | None) -> float | None:
        """Time of all tokens after the first over their number: long answers weigh more.

        Source: guidellm's mean TPOT is weighted in this way, without saying so (guidellm#1144).
        """
        values = self.values("tpot_excl_first")
        chosen = self.population(stage) & ~np.isnan(values)
        later = self.samples.output_tokens[chosen] - (FEWEST_TOKENS - 1)
        return float((values[chosen] * later).sum() / later.sum()) if chosen.any() else None

    def _distribution(
        self, metric: str, stage: int | None, *, failures: bool = False, unended: bool = False
    ) -> Distribution:
        infinite = self.failed(stage) if failures and metric in LATENCIES else 0
        infinite += self.cancelled(stage) if unended and metric in LATENCIES else 0
        key = metric, stage, infinite
        if key not in self._distributions:
            if metric == GAP:
                self._distributions[key] = self._gaps(stage)
            else:
                values = self.values(metric)[self.population(stage)]
                self._distributions[key] = SortedValues(values[~np.isnan(values)], infinite)
        return self._distributions[key]

    def _gaps(self, stage: int | None) -> Distribution:
        if stage is not None:
            return self.chunks.gaps.get(stage, SortedValues(np.array([])))
        together: CountedValues | None = None
        for each in self.chunks.gaps.values():
            if together is None:
                together = CountedValues(each.bound, each.unit)
            together.add_all(each)
        return together or SortedValues(np.array([]))
