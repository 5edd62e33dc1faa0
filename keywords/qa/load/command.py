"""`qa load` from its options to its exit code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

import typer

from keywords.engine.load.arrival_file import load_arrivals
from keywords.engine.load.capacity import CapacityError
from keywords.engine.load.errors import LoadInputError, PlanError
from keywords.engine.load.metrics.cost import PriceError, price_of, read_prices
from keywords.engine.load.plan import Target
from keywords.engine.load.planning import make_items, make_plan
from keywords.engine.load.preflight import check_requests, check_server
from keywords.engine.load.run import LoadRunError
from keywords.engine.load.storage.export import ParquetMissingError
from keywords.engine.load.sweep import SweepPoint, make_sweep, parse_axis
from keywords.engine.load.workload.measure_lengths import measure_lengths, usage_counter
from keywords.engine.openai.client import ChatClient
from keywords.engine.store.errors import StoreError
from keywords.qa.exits import INTERRUPTED, NO_VERDICT
from keywords.qa.load.against import TurnsOfLoad, against_target
from keywords.qa.load.asked import ARRIVALS, levels_of, options_of, workload_of
from keywords.qa.load.direct import direct_target, measure_added
from keywords.qa.load.running import LoadRuns
from keywords.qa.server import ServerError, asked_server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keywords.engine.load.arrivals import Arrivals
    from keywords.engine.load.planning import LoadOptions
    from keywords.engine.load.service_levels import ServiceLevel
    from keywords.engine.load.sweep import Axis
    from keywords.engine.load.workload.prompt_lengths import PromptLengths
    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.qa.load.asked import Asked


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of a load run, and where.

    Attributes:
        store: the file of measurements.
        series: name under which runs are compared; None takes the workload's.
        csv: file for the samples as CSV; None for none.
        parquet: file for the samples as Parquet; None for none.
        arrivals: file for the arrivals; None for none.
        report: file for the page; None for none.
    """

    store: Path
    series: str | None = None
    csv: Path | None = None
    parquet: Path | None = None
    arrivals: Path | None = None
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A command line of `qa load`.

    Attributes:
        asked: what is sent and when.
        url: of the server; None starts the embedded gateway.
        model: None takes the first that the server lists.
        replay: file of arrivals to replay; None for none.
        sweep: axes, as typed.
        find_max: whether to search for the largest load.
        most: end of that search; None for the usual one.
        prices: file of prices; None for none.
        keep: what is kept.
        quiet: no live view.
        calibrate: whether the report has the calibration floor.
        against: the server that is measured in turns with this one; None for none.
        rounds: load runs of each server; None for the usual number.
        direct: address of the server behind the gateway, which gets the same prompts; None for none.
        direct_model: its name for the model; None takes the gateway's, or the only one that it lists.
    """

    asked: Asked
    url: str | None
    model: str | None
    replay: Path | None
    sweep: tuple[str, ...]
    find_max: bool
    most: float | None
    prices: Path | None
    keep: Keep
    quiet: bool
    calibrate: bool
    against: str | None = None
    rounds: int | None = None
    direct: str | None = None
    direct_model: str | None = None


_MOST = 256.0
"""Users, or arrivals in a second, at which a search ends."""
_ERRORS = (LoadInputError, LoadRunError, StoreError, ServerError, PriceError, ParquetMissingError, CapacityError)


def load(ask: Ask) -> int:
    """Measure what was asked for, print the report, and return the exit code; an error is one sentence and code 2."""
    _open_streams()
    try:
        return _load(ask)
    except _ERRORS as error:
        typer.echo(str(error), err=True)
        return NO_VERDICT
    except OSError as error:  # of a terminal or a pipe that takes no report; what was measured is in the store
        typer.echo(f"not all could be written: {error}", err=True)
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # the exit would try again
        return NO_VERDICT
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        return INTERRUPTED


def _open_streams() -> None:
    """Let a terminal of another encoding, or a stream that the caller closed, cost no report."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:  # its descriptor would become that of the next file that is opened
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # open to the end
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _load(ask: Ask) -> int:
    workload = workload_of(ask.asked)
    options = options_of(ask.asked, workload)
    levels = levels_of(ask.asked, workload)
    axes = [parse_axis(axis) for axis in ask.sweep]
    arrivals = load_arrivals(ask.replay) if ask.replay is not None else None
    _refuse_unusable(ask)
    _refuse_contradictions(ask, levels, axes)
    _refuse_against(ask)
    # What cannot be planned is said before a server is asked or started.
    _points(Target("", ""), workload, options, axes, arrivals=arrivals)
    prices = {} if ask.prices is None else read_prices(ask.prices)
    with asked_server(ask.url) as server:
        target = check_server(server.url, model=ask.model or "", api_key=server.api_key).target
        behind = None if ask.direct is None else direct_target(ask.direct, ask.direct_model, target.model)
        lengths = _prepare(target, workload, options)
        if ask.against is not None:
            return _measure_against(ask, target, workload, options, lengths, arrivals)
        runs = LoadRuns(ask, levels, price_of(prices, target.model), lengths)
        if behind is not None:
            _try_requests(behind, workload, options, lengths)
            return measure_added(runs, target, behind, workload, options, lengths, arrivals)
        points = [
            point
            for _ in range(ask.rounds or 1)
            for point in _points(target, workload, options, axes, lengths=lengths, arrivals=arrivals)
        ]
        if ask.find_max:
            return runs.find_max(points[0], target, options, _MOST if ask.most is None else ask.most)
        return runs.measure_points(points)


def _measure_against(
    ask: Ask,
    target: Target,
    workload: LoadedWorkload,
    options: LoadOptions,
    lengths: PromptLengths | None,
    arrivals: Arrivals | None,
) -> int:
    """Measure the server and the one it is held against in turns, and return the exit code of their comparison."""
    against = against_target(ask.against or "", ask.model)
    _try_requests(against, workload, options, lengths)
    plan = partial(make_plan, workload=workload, options=options, lengths=lengths, arrivals=arrivals)
    return TurnsOfLoad(ask, workload).measure(lambda: plan(against), lambda: plan(target))


def _points(
    target: Target,
    workload: LoadedWorkload,
    options: LoadOptions,
    axes: Sequence[Axis],
    *,
    lengths: PromptLengths | None = None,
    arrivals: Arrivals | None = None,
) -> tuple[SweepPoint, ...]:
    """The points of a sweep; without axes, the one load run that was asked for."""
    if axes:
        return make_sweep(target, workload, options, axes, lengths=lengths)
    return (SweepPoint({}, workload, make_plan(target, workload, options, lengths=lengths, arrivals=arrivals)),)


def _refuse_unusable(ask: Ask) -> None:
    if ask.url == "":
        raise PlanError(
            "the address is empty: write it with its scheme, such as http://127.0.0.1:8000, or leave it out"
        )
    if not isfinite(ask.most or 0.0):
        raise PlanError(f"--most is {ask.most}: give where the search ends, such as 256")
    texts = {"--model": ask.model, "--name": ask.keep.series, "--url": ask.url, "--direct": ask.direct}
    for option, text in (texts | {"--direct-model": ask.direct_model}).items():
        if text is not None and not _is_text(text):
            raise PlanError(f"{option} is {text!r}, which is no text in UTF-8 of one line")
    if ask.keep.report is not None and (not ask.keep.report.name or ask.keep.report.is_dir()):
        raise PlanError(
            f"--report is '{ask.keep.report}', where no page can be written: name a file, such as load.html"
        )
    for option, file in {"--csv": ask.keep.csv, "--parquet": ask.keep.parquet}.items():
        if file is not None and (not file.name or file.is_dir() or not file.parent.is_dir()):
            raise PlanError(f"{option} is '{file}', where no file can be written: name one in a folder that exists")


def _refuse_contradictions(ask: Ask, levels: Sequence[ServiceLevel], axes: Sequence[Axis]) -> None:
    if ask.most is not None and not ask.find_max:
        raise PlanError("--most ends a search: give --find-max too")
    if ask.find_max and len((ask.asked.users or ask.asked.rate or "").split(",")) > 1:
        raise PlanError("--find-max begins with one load: give one number of users, or one rate")
    is_drawn = ask.asked.rate is not None or any(axis.parameter == "rate" for axis in axes)
    if ask.asked.arrivals != ARRIVALS and not is_drawn:
        raise PlanError("--arrivals says how a rate is drawn: give --rate too")
    if ask.find_max and not levels:
        raise PlanError('--find-max needs a level that has to hold: give --slo "ttft_p95 < 500 ms"')
    if ask.keep.arrivals is not None and (ask.sweep or ask.find_max):
        raise PlanError("--save-arrivals keeps those of one load run: leave out --sweep and --find-max")
    if ask.direct_model is not None and ask.direct is None:
        raise PlanError("--direct-model is the model of a direct server: give --direct too")
    if ask.direct is not None and ask.keep.arrivals is not None:
        raise PlanError("--save-arrivals keeps those of one load run: leave out --direct")
    given = {"--sweep": bool(ask.sweep), "--replay": ask.replay is not None, "--find-max": ask.find_max}
    given |= {"--direct": ask.direct is not None} if ask.replay is None else {}
    if len(together := [name for name, is_given in given.items() if is_given]) > 1:
        raise PlanError(f"{' and '.join(together)} contradict each other: give one of them")


def _refuse_against(ask: Ask) -> None:
    if ask.against == "":
        raise PlanError("--against is empty: write the other server's address, such as http://127.0.0.1:8000")
    if ask.rounds is not None and (ask.find_max or ask.direct is not None):
        raise PlanError("--find-max and --direct take as many load runs as they need: leave out --rounds")
    alone = {
        "--sweep": bool(ask.sweep),
        "--find-max": ask.find_max,
        "--slo": bool(ask.asked.levels),
        "--csv": ask.keep.csv is not None,
        "--parquet": ask.keep.parquet is not None,
        "--prices": ask.prices is not None,
        "--direct": ask.direct is not None,
    }
    if ask.against is not None and (unfit := [name for name, is_given in alone.items() if is_given]):
        raise PlanError(f"--against compares two servers, and {unfit[0]} is about one: leave one of both out")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # of bytes on the command line that are no UTF-8
        return False
    return text.isprintable()


def _prepare(target: Target, workload: LoadedWorkload, options: LoadOptions) -> PromptLengths | None:
    """Measure what prompts of n tokens are, and see whether the server takes the workload's requests."""
    with contextlib.closing(ChatClient(target.url, api_key=target.api_key, model=target.model)) as client:
        lengths = measure_lengths(make_items(workload, options), usage_counter(client))
    _try_requests(target, workload, options, lengths)
    return lengths


def _try_requests(
    target: Target, workload: LoadedWorkload, options: LoadOptions, lengths: PromptLengths | None
) -> None:
    with contextlib.closing(ChatClient(target.url, api_key=target.api_key, model=target.model)) as client:
        check_requests(client, make_items(workload, options, lengths))
