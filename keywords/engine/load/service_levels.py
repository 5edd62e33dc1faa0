"""Service levels: what a load run has to hold, written as `ttft_p95 < 500 ms` or `error_rate < 1 %`.

A level is a metric, a statistic of it, a comparison and a limit with its unit:

| metric | unit of the limit |
| --- | --- |
| `ttft_first_content` (short: `ttft`), `ttft_first_byte`, `e2e`, each also with `_from_intended` | time |
| `tpot_excl_first` (short: `tpot`), `chunk_gap` | time |
| `output_tokens_per_s`, `output_length` | tokens/s, tokens |
| of the run: `total_output_tokens_per_s`, `rps`, `goodput`, `error_rate`, `cost` | per second, %, $ |

The statistic is `_p1` to `_p99` or `_mean`. A level of a request's metric without one holds for each request by itself:
it defines goodput.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, cast

from keywords.engine.load.errors import QuantityError, ServiceLevelError
from keywords.engine.load.quantities import format_duration, parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

Comparison = Literal["<", "<=", ">", ">="]
Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]
Dimension = Literal["time", "rate", "tokens", "share", "money"]

FROM_INTENDED: Final = "_from_intended"
_ALSO_FROM_INTENDED: Final = ("ttft_first_byte", "ttft_first_content", "e2e")
PER_REQUEST: Final[Mapping[str, Dimension]] = {
    **dict.fromkeys(_ALSO_FROM_INTENDED, "time"),
    **dict.fromkeys((name + FROM_INTENDED for name in _ALSO_FROM_INTENDED), "time"),
    "tpot_excl_first": "time",
    "chunk_gap": "time",
    "output_tokens_per_s": "rate",
    "output_length": "tokens",
}
"""Metrics that each request has a value of."""
OF_RUN: Final[Mapping[str, Dimension]] = {
    "total_output_tokens_per_s": "rate",
    "rps": "rate",
    "goodput": "rate",
    "error_rate": "share",
    "cost": "money",
}
"""Metrics that only a whole load run, or a stage of it, has a value of."""
_DIMENSIONS: Final[Mapping[str, Dimension]] = {**PER_REQUEST, **OF_RUN}
_SHORT: Final = {
    "ttft": "ttft_first_content",
    "ttft_from_intended": "ttft_first_content_from_intended",
    "tpot": "tpot_excl_first",
}
_AMBIGUOUS: Final = {
    "itl": "chunk_gap (between two chunks) or tpot_excl_first (the mean time of a token after the first)",
    "latency": "e2e (to the end of the answer) or ttft_first_content (to its first text)",
    "throughput": "rps (answers per second) or total_output_tokens_per_s",
}
_UNITS: Final[Mapping[Dimension, str]] = {
    "time": "500 ms or 10 s",
    "rate": "20/s, or a bare number per second",
    "tokens": "100 tokens, or a bare number",
    "share": "1 %",
    "money": "$ 0.5",
}
_EXPRESSION = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(<=|>=|<|>)\s*(\S.*?)\s*")
_STATISTIC = re.compile(r"(.+)_(?:p([0-9]+)|(mean))")
_NUMBERS: Final[Mapping[Dimension, re.Pattern[str]]] = {
    "rate": re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:(?:tokens)?\s*/\s*s)?"),
    "tokens": re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:tokens)?"),
    "share": re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%"),
    "money": re.compile(r"\$\s*([0-9]+(?:\.[0-9]+)?)"),
}


_MOST_DIGITS = 9
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """A limit of one metric.

    Attributes:
        metric: its canonical name, such as `ttft_first_content`.
        percentile: 1 to 99; None for the mean, for each request, and for metrics of the run.
        mean: whether the mean has to hold it.
        comparison: how the value has to compare with the limit.
        limit: in seconds, per second, tokens, dollars, or a share from 0 to 1.
    """

    metric: str
    percentile: int | None
    mean: bool
    comparison: Comparison
    limit: float

    @property
    def dimension(self) -> Dimension:
        """What kind of quantity the metric is."""
        return _DIMENSIONS[self.metric]

    @property
    def is_per_request(self) -> bool:
        """Whether each request by itself has to hold it, as goodput counts them."""
        return self.metric in PER_REQUEST and self.percentile is None and not self.mean

    @property
    def per_request(self) -> ServiceLevel:
        """The same limit for each request by itself."""
        return replace(self, percentile=None, mean=False)

    @property
    def name(self) -> str:
        """The metric with its statistic, such as `ttft_first_content_p95`."""
        statistic = "_mean" if self.mean else "" if self.percentile is None else f"_p{self.percentile}"
        return self.metric + statistic

    def __str__(self) -> str:
        shown = {
            "time": lambda: format_duration(self.limit),
            "rate": lambda: f"{self.limit:g}/s",
            "tokens": lambda: f"{self.limit:g} tokens",
            "share": lambda: f"{self.limit * 100:g} %",
            "money": lambda: f"$ {self.limit:g}",
        }[self.dimension]()
        return f"{self.name} {self.comparison} {shown}"

    def holds(self, value: float) -> bool:
        """Whether a value holds the level; infinity, the latency of a failed request, holds no upper limit."""
        if self.comparison == "<":
            return value < self.limit
        if self.comparison == "<=":
            return value <= self.limit
        return value > self.limit if self.comparison == ">" else value >= self.limit

    def verdict(self, low: float, high: float) -> Verdict:
        """The verdict on an interval that holds the true value: INCONCLUSIVE if the limit lies within it."""
        ends = {self.holds(low), self.holds(high)}
        if len(ends) > 1:
            return "INCONCLUSIVE"
        return "PASS" if ends.pop() else "FAIL"


def parse_service_level(text: str) -> ServiceLevel:
    """Read a service level such as `ttft_p95 < 500 ms`.

    Raises:
        ServiceLevelError: it is none; the message names the part that is wrong, and the remedy.
    """
    expression = _EXPRESSION.fullmatch(text) if isinstance(text, str) else None
    if expression is None:
        raise ServiceLevelError(
            f"{_shown(text)} is no service level; write a metric, a comparison and a limit, such as 'ttft_p95 < 500 ms'"
        )
    name, comparison, limit = expression.groups()
    statistic = _STATISTIC.fullmatch(name)
    metric = _canonical(text, statistic[1] if statistic else name)
    digits = statistic[2] if statistic else None
    if digits and len(digits) > _MOST_DIGITS:
        raise ServiceLevelError(f"{text[:_SHOWN]!r}…: there is no such percentile; write p1 to p99")
    percentile = int(digits) if digits else None
    if statistic and metric in OF_RUN:
        raise ServiceLevelError(f"{text!r}: {metric} is one number of the whole run; write it without a statistic")
    if percentile is not None and not 0 < percentile < 100:  # noqa: PLR2004  # per cent
        raise ServiceLevelError(f"{text!r}: there is no p{percentile}; write p1 to p99")
    return ServiceLevel(
        metric=metric,
        percentile=percentile,
        mean=bool(statistic and statistic[3]),
        comparison=cast("Comparison", comparison),
        limit=_limit(text, _DIMENSIONS[metric], limit),
    )


def _shown(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def parse_service_levels(text: str) -> tuple[ServiceLevel, ...]:
    """Read several levels, with commas between them.

    Raises:
        ServiceLevelError: one of them is none.
    """
    return tuple(parse_service_level(part) for part in text.split(","))


def _canonical(text: str, name: str) -> str:
    metric = _SHORT.get(name, name)
    if metric in _DIMENSIONS:
        return metric
    if name in _AMBIGUOUS:
        raise ServiceLevelError(f"{text!r}: {name} means different things to different tools; write {_AMBIGUOUS[name]}")
    known = [*_SHORT, *_DIMENSIONS]
    near = get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else f"; write one of {', '.join(known)}"
    raise ServiceLevelError(f"{text!r}: there is no metric {name!r}{meant}")


def _limit(text: str, dimension: Dimension, limit: str) -> float:
    if dimension == "time":
        try:
            return parse_duration(limit, "the limit")
        except QuantityError as err:
            raise ServiceLevelError(f"{text!r}: {err}") from err
    number = _NUMBERS[dimension].fullmatch(limit)
    if number is None:
        raise ServiceLevelError(f"{text!r}: the limit {limit!r} has not the metric's unit; write {_UNITS[dimension]}")
    return float(number[1]) / 100 if dimension == "share" else float(number[1])
