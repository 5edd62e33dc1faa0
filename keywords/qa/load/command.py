"""One load run, or one for each point of a sweep: from the options to the exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from keywords.engine.load.arrival_file import load_arrivals, save_arrivals
from keywords.engine.load.errors import LoadInputError, PlanError
from keywords.engine.load.measuring import Order, measure
from keywords.engine.load.metrics.cost import PriceError, read_prices
from keywords.engine.load.planning import make_items, make_plan
from keywords.engine.load.preflight import check_requests, check_server
from keywords.engine.load.report.build import build_report, judge_stages
from keywords.engine.load.report.terminal import as_renderable
from keywords.engine.load.run import LoadRunError
from keywords.engine.load.storage.export import ParquetMissingError, export_csv, export_parquet
from keywords.engine.load.sweep import SweepPoint, make_sweep, parse_axis
from keywords.engine.load.workload.measure_lengths import measure_lengths, usage_counter
from keywords.engine.openai.client import ChatClient
from keywords.engine.store.database import Store
from keywords.engine.store.errors import StoreError
from keywords.engine.store.runs import read_run
from keywords.qa.load.asked import levels_of, options_of, workload_of
from keywords.qa.load.view import LiveView
from keywords.qa.server import ServerError, asked_server

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.load.arrivals import Arrivals
    from keywords.engine.load.measuring import LoadRun
    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.load.plan import Target
    from keywords.engine.load.planning import LoadOptions
    from keywords.engine.load.workload.prompt_lengths import PromptLengths
    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.qa.load.asked import Asked
    from keywords.qa.server import Server

PASS, FAIL, NO_VERDICT, INCONCLUSIVE = 0, 1, 2, 3
INTERRUPTED = 130
_WIDE = 160
"""Columns of a report that goes to a file or a pipe."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of a load run, and where.

    Attributes:
        store: the file of measurements.
        series: name under which runs are compared; None takes the workload's.
        csv: file for the samples as CSV; None for none.
        parquet: file for the samples as Parquet; None for none.
        arrivals: file for the arrivals; None for none.
    """

    store: Path
    series: str | None = None
    csv: Path | None = None
    parquet: Path | None = None
    arrivals: Path | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A command line of `qa load`.

    Attributes:
        asked: what is sent and when.
        url: of the server; None starts the embedded gateway.
        model: None takes the first that the server lists.
        replay: file of arrivals to replay; None for none.
        sweep: axes, as typed.
        prices: file of prices; None for none.
        keep: what is kept.
        quiet: no live view.
    """

    asked: Asked
    url: str | None
    model: str | None
    replay: Path | None
    sweep: tuple[str, ...]
    prices: Path | None
    keep: Keep
    quiet: bool


def load(ask: Ask) -> int:
    """Measure what was asked for, print the report, and return the exit code; errors are one sentence and code 2."""
    try:
        workload = workload_of(ask.asked)
        options = options_of(ask.asked, workload)
        levels_of(ask.asked, workload)
        axes = [parse_axis(axis) for axis in ask.sweep]
        arrivals = load_arrivals(ask.replay) if ask.replay is not None else None
        if axes and arrivals is not None:
            raise PlanError("--sweep and --replay contradict each other: each point of a sweep has its own arrivals")
        prices = {} if ask.prices is None else read_prices(ask.prices)
        with asked_server(ask.url) as server:
            target = check_server(server.url, model=ask.model or "", api_key=server.api_key).target
            lengths = _prepare(server, target, workload, options)
            if axes:
                points = make_sweep(target, workload, options, axes, lengths=lengths)
            else:
                plan = make_plan(target, workload, options, lengths=lengths, arrivals=arrivals)
                points = (SweepPoint({}, workload, plan),)
            return _run_points(ask, points, lengths, prices.get(target.model))
    except (LoadInputError, LoadRunError, StoreError, ServerError, PriceError, ParquetMissingError) as error:
        typer.echo(str(error), err=True)
        return NO_VERDICT
    except KeyboardInterrupt:
        typer.echo("interrupted before the load began; nothing was measured", err=True)
        return INTERRUPTED


def _prepare(server: Server, target: Target, workload: LoadedWorkload, options: LoadOptions) -> PromptLengths | None:
    """Measure what prompts of n tokens are, and see whether the server takes the workload's requests."""
    with contextlib.closing(ChatClient(target.url, api_key=server.api_key, model=target.model)) as client:
        lengths = measure_lengths(make_items(workload, options), usage_counter(client))
        check_requests(client, make_items(workload, options, lengths))
    return lengths


def _run_points(ask: Ask, points: tuple[SweepPoint, ...], lengths: PromptLengths | None, price: Price | None) -> int:
    codes = []
    for number, point in enumerate(points, start=1):
        if len(points) > 1:
            typer.echo(f"Point {number} of {len(points)}: {point.name}", err=True)
        measured = _measure(ask, point)
        _export(ask.keep, measured, suffix=f"-{number}" if len(points) > 1 else "")
        _print(measured, price, [] if lengths is None else [str(lengths)])
        codes.append(_exit_code(measured, price))
        if measured.facts.interrupted:
            break
    return _worst(codes)


def _measure(ask: Ask, point: SweepPoint) -> LoadRun:
    series = ask.keep.series or point.workload.spec.name
    order = Order(
        point.plan,
        ask.keep.store,
        f"{series} {point.name}" if point.values else series,
        workload=point.workload.spec.name,
        workload_hash=point.workload.sha256,
        levels=levels_of(ask.asked, point.workload),
        options=ask.asked.options() | dict(point.values),
    )
    if ask.keep.arrivals is not None:
        _save(point.plan.arrivals, ask.keep.arrivals)
    with LiveView(point.plan.stages, warmup_s=point.plan.warmup_s, quiet=ask.quiet) as view:
        return measure(order, [view])


def _save(arrivals: Arrivals | None, path: Path) -> None:
    if arrivals is None:
        raise PlanError("--save-arrivals needs arrivals: users wait for answers and have none; give --rate")
    save_arrivals(arrivals, path)


def _export(keep: Keep, measured: LoadRun, *, suffix: str) -> None:
    for export, path in ((export_csv, keep.csv), (export_parquet, keep.parquet)):
        if path is not None:
            file = path.with_stem(path.stem + suffix)
            export(keep.store, measured.run, file)
            typer.echo(str(file), err=True)


def _print(measured: LoadRun, price: Price | None, remarks: list[str]) -> None:
    with Store(measured.order.store) as store:
        run = read_run(store, measured.run)
    report = build_report(
        measured.summary,
        run,
        levels=measured.order.levels,
        price=price,
        stages=measured.order.plan.stages,
        remarks=(*remarks, *(caution.text for caution in measured.cautions)),
    )
    console = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE)
    console.print(as_renderable(report))


def _exit_code(measured: LoadRun, price: Price | None) -> int:
    if measured.facts.interrupted:
        return INTERRUPTED
    with Store(measured.order.store) as store:
        if read_run(store, measured.run).validity == "INVALID":
            return NO_VERDICT
    verdicts = {result.verdict for _, result in judge_stages(measured.summary, measured.order.levels, price)}
    return FAIL if "FAIL" in verdicts else INCONCLUSIVE if "INCONCLUSIVE" in verdicts else PASS


def _worst(codes: list[int]) -> int:
    """An interrupted run first, then one without a verdict, a failed level, an undecided one."""
    return next((code for code in (INTERRUPTED, NO_VERDICT, FAIL, INCONCLUSIVE) if code in codes), PASS)
