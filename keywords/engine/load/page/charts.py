"""Charts of load runs: of one, and across the levels of load or the points of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keywords.engine.charts.distribution import Sampled, distribution_chart
from keywords.engine.charts.heat_map import heat_map
from keywords.engine.charts.points import Point, curve_chart, pareto_chart
from keywords.engine.charts.scales import Limit
from keywords.engine.charts.timeline import timeline_chart
from keywords.engine.load.metrics.definitions import LATENCIES
from keywords.engine.load.page.moments import panels_of, spans_of
from keywords.engine.load.page.stored import axes_of, levels_across
from keywords.engine.load.report.numbers import scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.charts.chart import Chart
    from keywords.engine.load.page.stored import StoredLoad
    from keywords.engine.load.service_levels import ServiceLevel
    from keywords.engine.store.runs import Run

_FIRST_TEXT: Final = "ttft_first_content"
_DISTRIBUTIONS: Final = (
    (_FIRST_TEXT, "Time to the first text"),
    ("e2e", "Time to the end of the answer"),
    ("tpot_excl_first", "Time of each token after the first"),
)
_PERCENTILES: Final = (50, 95)
_AXES_OF_MAP: Final = 2
_LOADS: Final = ("users", "rate")
_ENDS: Final = "Failures count as infinite; upright lines are 95 % intervals by order statistics."


def charts_of(load: StoredLoad, levels: Sequence[ServiceLevel] = ()) -> list[Chart]:
    """The charts of one load run: over time, and the distributions of its latencies."""
    where = server_of(load)
    first = _limits(_FIRST_TEXT, levels)
    charts = [timeline_chart("The load run over time", panels_of(load, first), spans_of(load), notes=(where,))]
    for metric, title in _DISTRIBUTIONS:
        scale, unit = scale_of(metric)
        populations = [
            Sampled(load.load_of(stage), load.values(metric, stage) * scale, _failed(load, metric, stage))
            for stage in load.summary.stages
        ]
        charts.append(distribution_chart(title, unit, populations, limits=_limits(metric, levels), notes=(where,)))
    return [chart for chart in charts if chart is not None]


def charts_across(loads: Sequence[StoredLoad], levels: Sequence[ServiceLevel] = ()) -> list[Chart]:
    """The charts across stages and runs: latency by rate, throughput of all by that of one, and of a sweep."""
    where = server_of(loads[0])
    axes = axes_of(loads)
    charts = [*_by_load(loads, levels, where)]
    if len(axes) == 1 and not set(axes) & set(_LOADS):
        charts.append(_by_value(loads, next(iter(axes)), levels, where))
    elif len(axes) == _AXES_OF_MAP:
        charts += _maps(loads, where)
    return [chart for chart in charts if chart is not None]


def server_of(load: StoredLoad) -> str:
    """Where the numbers come from: server, model, client's machine."""
    return f"Run {load.run.id}: {load.run.target}, model {load.run.model}; client on {machine_of(load.run)}."


def machine_of(run: Run) -> str:
    """The client's machine of a run, such as `AMD EPYC, 2 CPUs`."""
    start = run.environment.get("start") or {}
    cpus = len(start.get("usable_cpus") or ()) or start.get("logical_cpus")
    return f"{start['cpu']}, {cpus} CPUs" if start.get("cpu") else "an unknown machine"


def _by_load(loads: Sequence[StoredLoad], levels: Sequence[ServiceLevel], where: str) -> Iterator[Chart | None]:
    axes = axes_of(loads)
    metric, what = _latency_of(loads)
    curves: dict[str, list[Point]] = {}
    choices: list[Point] = []
    infinite: list[str] = []
    others = [name for name in axes if name not in _LOADS]
    for name, load, stage in levels_across(loads):
        each = load.summary.percentile("output_tokens_per_s", 50, stage)
        total, rate = load.summary.total_output_tokens_per_s(stage), load.summary.rps(stage)
        if each is not None and total is not None:
            choices.append(Point(name, each, total))
        sweep = " ".join(f"{other}={load.run.options[other]:g}" for other in others)
        for p in _PERCENTILES[:1] if others else _PERCENTILES:
            point = _percentile(load, metric, p, stage, x=rate, name=load.load_of(stage))
            if point is not None and point.y == float("inf"):
                infinite.append(f"p{p} of {name}")
            if point is not None:
                curves.setdefault(f"p{p} {sweep}".strip(), []).append(point)
    notes = [_ENDS, *([f"Infinite, so not drawn: {', '.join(infinite)}."] if infinite else ())]
    for points in curves.values():
        points.sort(key=lambda point: point.x)
    yield curve_chart(
        "Latency by answered load",
        "whole answers per second",
        f"{what}, {scale_of(metric)[1]}",
        list(curves.items()),
        limits=_percentile_limits(metric, levels),
        notes=(*notes, where),
    )
    named = f"Points are named by {', '.join(axes)}." if axes else ""
    yield pareto_chart(
        "Throughput of all by throughput of one",
        "tokens/s of one answer, median",
        "tokens/s of all together",
        choices,
        notes=tuple(note for note in ("More is better in both directions.", named, where) if note),
    )


def _latency_of(loads: Sequence[StoredLoad]) -> tuple[str, str]:
    """The metric that tells how long users wait, and its name in words."""
    if any(load.summary.count(_FIRST_TEXT) for load in loads):
        return _FIRST_TEXT, "time to the first text"
    return "e2e", "time to the end of the answer"


def _percentile(
    load: StoredLoad, metric: str, p: int, stage: int | None, *, x: float | None, name: str = ""
) -> Point | None:
    """A percentile with its interval, failures as infinite; None where there are too few values."""
    scale, _ = scale_of(metric)
    value = load.summary.percentile(metric, p, stage, failures=True)
    ends = load.summary.interval(metric, p, stage, failures=True)
    if value is None or ends is None or x is None:
        return None
    return Point(name, x, value * scale, ends[0] * scale, ends[1] * scale)


def _by_value(loads: Sequence[StoredLoad], axis: str, levels: Sequence[ServiceLevel], where: str) -> Chart | None:
    metric, what = _latency_of(loads)
    curves = []
    for p in _PERCENTILES:
        points = [_percentile(load, metric, p, None, x=float(load.run.options[axis])) for load in loads]
        curves.append((f"p{p}", sorted((one for one in points if one is not None), key=lambda point: point.x)))
    return curve_chart(
        f"{what.capitalize()} by {axis}",
        axis,
        f"{what}, {scale_of(metric)[1]}",
        curves,
        limits=_percentile_limits(metric, levels),
        notes=(_ENDS, where),
    )


def _maps(loads: Sequence[StoredLoad], where: str) -> Iterator[Chart | None]:
    (row, down), (column, across) = axes_of(loads).items()
    metric, what = _latency_of(loads)
    scale, unit = scale_of(metric)
    places = {(float(load.run.options[row]), float(load.run.options[column])): load for load in loads}
    for p in _PERCENTILES:
        late = {place: load.summary.percentile(metric, p, failures=True) for place, load in places.items()}
        cells = {place: None if value is None else value * scale for place, value in late.items()}
        title = f"p{p} of the {what}"
        yield heat_map(title, unit, (row, down), (column, across), cells, notes=("Failures count as infinite.", where))
    tokens = {place: load.summary.total_output_tokens_per_s() for place, load in places.items()}
    yield heat_map("Tokens of all together", "tokens/s", (row, down), (column, across), tokens, notes=(where,))


def _failed(load: StoredLoad, metric: str, stage: int) -> int:
    return load.summary.failed(stage) if metric in LATENCIES and load.summary.count(metric, stage) else 0


def _limits(metric: str, levels: Sequence[ServiceLevel]) -> list[Limit]:
    """Upper limits of a metric, in its shown unit."""
    scale, _ = scale_of(metric)
    return [
        Limit(level.limit * scale, str(level), 1.0 if level.is_per_request else (level.percentile or 0) / 100 or None)
        for level in levels
        if level.metric == metric and level.comparison in {"<", "<="}
    ]


def _percentile_limits(metric: str, levels: Sequence[ServiceLevel]) -> list[Limit]:
    return [limit for limit in _limits(metric, levels) if limit.share is not None and limit.share < 1]
