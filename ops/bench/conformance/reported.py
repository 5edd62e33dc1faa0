"""What a load generator reports of one run, read from its own result files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Metric = Literal["ttft", "e2e", "e2e_from_intended", "tpot", "tpot_by_token", "chunk_gap", "tokens"]
"""Time to the first text; to the end; the same from the moment when a request was due; time per token without the
first, as the mean of requests and as the mean of tokens; time between chunks with text; tokens of an answer."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of one metric as a tool sums them up; times in seconds. None: not reported.

    Attributes:
        n: number of values.
        mean: of them.
        most: the largest.
        percentiles: by p.
    """

    n: int | None = None
    mean: float | None = None
    most: float | None = None
    percentiles: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reported:
    """The numbers and warnings of a tool. None: not reported.

    Attributes:
        ended: requests that ended, failed ones included.
        failed: of them.
        classes: failed requests by the tool's own classes.
        spreads: the metrics that it reports; one without values is left out.
        ends_with_text: whether its `e2e` ends with the last text, not with the end of the answer, by its documentation.
        tokens_from: where it says that its tokens come from.
        adjusted_p90: of `e2e` with failures as infinite, in seconds.
        reused: requests on a connection that had served one before.
        text_length: characters of all answers.
        server_bounds: what it says of the median of the server's own histogram, in words.
        server_percentiles: numbers that it gives for percentiles of that histogram, in seconds.
        warnings: what it warns of, in its own words.
        lines: the parts of its result files that the above was read from.
    """

    ended: int | None = None
    failed: int | None = None
    classes: Mapping[str, int] | None = None
    spreads: Mapping[Metric, Spread] = field(default_factory=dict)
    ends_with_text: bool = False
    tokens_from: str | None = None
    adjusted_p90: float | None = None
    reused: int | None = None
    text_length: int | None = None
    server_bounds: str | None = None
    server_percentiles: Mapping[int, float] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    lines: Sequence[str] = ()

    def mean(self, metric: Metric) -> float | None:
        """The mean of a metric; None if it is not reported."""
        spread = self.spreads.get(metric)
        return None if spread is None else spread.mean

    def percentile(self, metric: Metric, p: int) -> float | None:
        """A percentile of a metric; None if it is not reported."""
        spread = self.spreads.get(metric)
        return None if spread is None else spread.percentiles.get(p)
