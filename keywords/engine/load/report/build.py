"""Building of a report from the numbers of a load run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from keywords.engine.load.metrics.counts import count_problems
from keywords.engine.load.metrics.definitions import LATENCIES
from keywords.engine.load.metrics.goodput import goodput
from keywords.engine.load.metrics.levels import judge
from keywords.engine.load.metrics.steady_state import find_steady_state
from keywords.engine.load.metrics.summary import BY_TOKEN, GAP
from keywords.engine.load.report.content import Report, ReportTable
from keywords.engine.load.report.numbers import NOTHING, TOO_FEW, interval, number, per_cent, scale_of
from keywords.engine.statistics.percentiles import values_needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keywords.engine.load.endpoints_rules import Rule
    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.load.metrics.levels import LevelResult
    from keywords.engine.load.metrics.summary import Summary
    from keywords.engine.load.plan import Stage
    from keywords.engine.load.run import RunFacts
    from keywords.engine.load.service_levels import ServiceLevel
    from keywords.engine.store.runs import Run

_METRICS = (
    "ttft_first_content",
    "ttft_first_content_from_intended",
    "ttft_first_byte",
    "ttft_first_byte_from_intended",
    "e2e",
    "e2e_from_intended",
    "tpot_excl_first",
    GAP,
    "output_tokens_per_s",
    "output_length",
    "send_lag",
)
_PERCENTILES = (50, 90, 95, 99)
_INTERVAL_OF = 95
INDEPENDENCE = (
    "Intervals (95 %, by order statistics) take requests for independent; between runs, numbers differ more: "
    "compare runs."
)
_NEEDED = ", ".join(f"p{p} needs {values_needed(p)}" for p in _PERCENTILES)


def build_report(
    summary: Summary,
    run: Run | None = None,
    *,
    levels: Sequence[ServiceLevel] = (),
    price: Price | None = None,
    stages: Sequence[Stage] = (),
    remarks: Sequence[str] = (),
    beside: Sequence[ReportTable] = (),
    rules: Sequence[Rule] = (),
    facts: RunFacts | None = None,
    others: Mapping[str, int] | None = None,
) -> Report:
    """Build the report of a load run.

    Args:
        summary: of its samples.
        run: its row in the store, for the stamp and the facts; None if it is not stored.
        levels: service levels to judge, by stage.
        price: of the model; None if it has none.
        stages: as planned, for the level of load of each.
        remarks: further sentences, such as cautions.
        beside: tables of what stands beside the requests: the server's own metrics, the client, its machine.
        rules: of MLPerf Endpoints, compared with the run.
        facts: of the run, against which the samples are counted.
        others: requests that others counted, by their name, such as `the gateway's ledger`.
    """
    tables = [_requests(summary, stages, levels), *_latencies(summary)]
    if summary.errors:
        tables.append(_errors(summary))
    if levels:
        tables.append(_levels(summary, levels, price))
    tables += beside
    if rules:
        met = {True: "yes", False: "no", None: "not known"}
        lines = tuple((rule.name, met[rule.is_met], rule.text) for rule in rules)
        tables.append(ReportTable("Rules of MLPerf Endpoints", ("rule", "met", "figure"), lines))
    return Report(
        stamp=run.validity if run is not None and run.validity else "NOT JUDGED",
        reasons=run.reasons if run is not None else ("the run is not stored",),
        facts=tuple(_facts(summary, run)),
        tables=tuple(tables),
        remarks=(*remarks, *_count_remarks(summary, facts, others), *_remarks(summary, price)),
    )


def judge_stages(
    summary: Summary, levels: Sequence[ServiceLevel], price: Price | None = None
) -> tuple[tuple[int, LevelResult], ...]:
    """Judge each service level by each stage that began; the number of the stage and the result."""
    return tuple(
        (stage, judge(summary, level, stage, levels=levels, price=price))
        for stage in summary.windows
        for level in levels
    )


def _facts(summary: Summary, run: Run | None) -> Iterator[tuple[str, str]]:
    if run is not None:
        yield "run", f"{run.id} of series {run.series}" + (", interrupted" if run.interrupted else "")
        yield "started", time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(run.started_at))
        yield "server", f"{run.target or NOTHING}, model {run.model or NOTHING}"
        yield "workload", run.workload_hash or NOTHING
    samples = summary.samples
    warm_up = int((samples.stage < 0).sum())
    share = f" ({per_cent(warm_up / len(samples.item))})" if len(samples.item) else ""
    yield "samples", f"{len(samples.item)}, of them {warm_up}{share} in the warm-up"


def _requests(summary: Summary, stages: Sequence[Stage], levels: Sequence[ServiceLevel]) -> ReportTable:
    per_request = [level for level in levels if level.is_per_request]
    head = (
        *("stage", "load", "s", "answered", "failed", "cancelled", "resent"),
        *("error rate", "rps", "total_output_tokens_per_s"),
    )
    rows = []
    for stage in (*summary.stages, *((None,) if len(summary.stages) > 1 else ())):
        row: tuple[str, ...] = (
            "all" if stage is None else str(stage),
            NOTHING if stage is None or stage >= len(stages) else _load(stages[stage]),
            number(summary.duration_s(stage)),
            str(summary.answered(stage)),
            str(summary.failed(stage)),
            str(summary.cancelled(stage)),
            str(summary.resent(stage)),
            per_cent(summary.error_rate_of(stage)),
            number(summary.rps(stage)),
            number(summary.total_output_tokens_per_s(stage)),
        )
        if per_request:
            found = goodput(summary, per_request, stage)
            row = (*row, f"{number(found.per_second)}/s ({per_cent(found.share)})")
        rows.append(row)
    return ReportTable("Requests", (*head, "goodput") if per_request else head, tuple(rows))


def _load(stage: Stage) -> str:
    if stage.users is None:
        return f"{number(stage.rate)}/s"
    return f"{stage.users} user{'' if stage.users == 1 else 's'}"


def _latencies(summary: Summary) -> Iterator[ReportTable]:
    head = ("metric", "unit", "n", "mean", *(f"p{p}" for p in _PERCENTILES), f"95 % interval of p{_INTERVAL_OF}")
    for stage in summary.stages:
        rows = tuple(row for metric in _METRICS for row in _metric_rows(summary, metric, stage))
        yield ReportTable(f"Stage {stage}: requests", head, rows)


def _metric_rows(summary: Summary, metric: str, stage: int) -> Iterator[tuple[str, ...]]:
    scale, unit = scale_of(metric)
    n = summary.count(metric, stage)
    mean = number(summary.mean(metric, stage), scale)
    yield (metric, unit, str(n), mean, *_percentiles(summary, metric, stage, failures=False))
    if metric in LATENCIES and (failed := summary.failed(stage)):
        numbers = _percentiles(summary, metric, stage, failures=True)
        yield (f"{metric}, failures ∞", unit, str(n + failed), NOTHING, *numbers)
    if metric == "tpot_excl_first":
        by_token = number(summary.mean(BY_TOKEN, stage), scale)
        yield (f"{BY_TOKEN}: mean over tokens", unit, str(n), by_token, *(NOTHING,) * (len(_PERCENTILES) + 1))


def _percentiles(summary: Summary, metric: str, stage: int, *, failures: bool) -> tuple[str, ...]:
    scale, _ = scale_of(metric)
    values = (summary.percentile(metric, p, stage, failures=failures) for p in _PERCENTILES)
    ends = summary.interval(metric, _INTERVAL_OF, stage, failures=failures)
    return (*(TOO_FEW if value is None else number(value, scale) for value in values), interval(ends, scale))


def _errors(summary: Summary) -> ReportTable:
    classes = list(summary.errors)
    rows = [(str(stage), *(str(summary.errors_of(stage).get(each, 0)) for each in classes)) for stage in summary.stages]
    return ReportTable("Failed requests by class", ("stage", *classes), tuple(rows))


def _levels(summary: Summary, levels: Sequence[ServiceLevel], price: Price | None) -> ReportTable:
    rows = []
    for stage, result in judge_stages(summary, levels, price):
        level = result.level
        scale = {"time": 1000, "share": 100}.get(level.dimension, 1) if not level.is_per_request else 100
        unit = {"time": " ms", "share": " %"}.get(level.dimension, "") if not level.is_per_request else " % hold it"
        measured = NOTHING if result.value is None else f"{number(result.value, scale)}{unit}"
        exact = result.value is None or result.low == result.high
        ends = NOTHING if exact else interval((result.low, result.high), scale)
        rows.append((str(stage), str(level), measured, ends, result.verdict, result.note))
    head = ("stage", "service level", "measured, failures as infinite", "95 % interval", "verdict", "note")
    return ReportTable("Service levels", head, tuple(rows))


def _count_remarks(summary: Summary, facts: RunFacts | None, others: Mapping[str, int] | None) -> Iterator[str]:
    for problem in count_problems(summary.samples, facts, others):
        yield f"Counts do not fit together: {problem}."


def _remarks(summary: Summary, price: Price | None) -> Iterator[str]:
    for stage in summary.stages:
        found = find_steady_state(summary, stage)
        yield f"Stage {stage}: {found}."
    if resent := summary.resent():
        yield (
            f"{resent} requests were sent a second time, on a new connection, because the server had closed the one "
            f"from the pool: their times are of the second time, and no failures of the first show."
        )
    if price is not None:
        from keywords.engine.load.metrics.cost import cost  # noqa: PLC0415  # pydantic, which only prices need

        yield f"Cost: {cost(summary, price)}."
    yield f"{TOO_FEW} in place of a number: {_NEEDED} values."
    yield INDEPENDENCE
