"""Outcome of a load run: its report, and its verdict by service levels."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from keywords.engine import clock
from keywords.engine.load.calibration import measure_floor
from keywords.engine.load.capacity import Probe
from keywords.engine.load.endpoints_rules import endpoints_rules
from keywords.engine.load.metrics.levels import judge
from keywords.engine.load.metrics.steady_state import steady_windows_s
from keywords.engine.load.report.build import build_report, judge_stages
from keywords.engine.load.report.client import clients_table, environment_table
from keywords.engine.load.report.floor import floor_remark, floor_table
from keywords.engine.load.report.server import server_remarks, server_table
from keywords.engine.load.served_model import same_model
from keywords.engine.load.server_metrics.own_times import own_times_remarks
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.trace_items import TraceItems
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keywords.engine.load.calibration import Floor
    from keywords.engine.load.capacity import Verdict
    from keywords.engine.load.endpoints_rules import Rule
    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.load.metrics.levels import LevelResult
    from keywords.engine.load.report.content import Report
    from keywords.engine.load.service_levels import ServiceLevel
    from keywords.engine.load.session import LoadRun

_WORSE: Final = ("FAIL", "INCONCLUSIVE")
FEW_FAILURES = parse_service_level("error_rate < 5 %")
"""What a load run has to hold where nobody asks for more: the rest of its numbers are those of the survivors."""
_MOST_IN_FLOOR = 200
"""Users of the calibration at most; more of them only queue on the loopback interface."""


def report_of(
    run: LoadRun,
    *,
    levels: Sequence[ServiceLevel] = (),
    price: Price | None = None,
    remarks: Sequence[str] = (),
    floor: Floor | None = None,
) -> Report:
    """The report of a load run.

    Args:
        run: that ended.
        levels: service levels to judge.
        price: of the model; None if it has none.
        remarks: further sentences.
        floor: what this client measures where the server takes no time; None leaves it out.

    Raises:
        StoreError: the run cannot be read.
    """
    with Store(run.store) as store:
        row = read_run(store, run.run)
    # Samples that did not reach the store are known to the run alone, if the store takes nothing more.
    row = replace(row, validity="VALID" if run.validity.is_valid else "INVALID", reasons=run.validity.reasons)
    beside = (
        server_table(run.signals, run.pages_at),
        None if floor is None else floor_table(floor),
        clients_table(run.facts.clients),
        environment_table(row.environment),
    )
    age = () if floor is None else (f"{floor_remark(floor, clock.now())}.",)
    return build_report(
        run.summary,
        row,
        levels=levels,
        price=price,
        stages=run.plan.stages,
        remarks=(*remarks, *_remarks(run), *age),
        beside=[table for table in beside if table is not None],
        rules=_rules(run, row.environment),
        facts=run.facts,
    )


def floor_of(run: LoadRun) -> Floor:
    """The calibration floor with as many users and client processes as a load run had; it takes 2 s.

    Raises:
        RuntimeError: a request to the scripted backend failed.
        LoadRunError: no client could start.
        KeyboardInterrupt: Ctrl-C or SIGTERM came.
    """
    return measure_floor(_users(run), len(run.facts.clients) or None)


def verdict_of(run: LoadRun, levels: Sequence[ServiceLevel], price: Price | None = None) -> tuple[Verdict, str]:
    """Whether a load run held all levels in each stage, and which it did not.

    An INVALID run is INCONCLUSIVE: its numbers prove nothing, whatever they are. One without any whole answer, or
    with a stage in which no request was sent, is no PASS even without levels; nor is one that breaks
    `FEW_FAILURES` then.
    """
    if not run.validity.is_valid:
        return "INCONCLUSIVE", f"the load run is INVALID: {'; '.join(run.validity.reasons)}"
    if not run.summary.answered():
        return ("FAIL", "no request was answered") if run.summary.failed() else ("INCONCLUSIVE", "no request ended")
    # What was never asked has held nothing.
    idle = sorted(set(run.summary.windows) - set(run.summary.stages))
    results = [result for _, result in judge_stages(run.summary, levels, price)]
    if not levels and (failures := judge(run.summary, FEW_FAILURES)).verdict == "FAIL":
        results = [failures]
    for verdict in _WORSE:
        if found := [_reason(result) for result in results if result.verdict == verdict]:
            return verdict, "; ".join(found)
    if idle:
        return "INCONCLUSIVE", f"no request was sent in stage {', '.join(map(str, idle))}"
    return "PASS", ""


def probe_of(run: LoadRun, level: float, levels: Sequence[ServiceLevel], price: Price | None = None) -> Probe:
    """A load run as a step of the search for the capacity."""
    return Probe(level, *verdict_of(run, levels, price))


def _reason(result: LevelResult) -> str:
    value = "" if result.value is None else f": {result.value:g} in {result.low:g} to {result.high:g}"
    return f"{result.level}{value}{f' ({result.note})' if result.note else ''}"


def _remarks(run: LoadRun) -> Iterator[str]:
    if run.plan.arrivals is not None:
        yield f"Arrivals: {run.plan.arrivals!r}."
    yield from (caution.text for caution in run.cautions)
    for each in run.happened:
        yield f"{each.at_s - run.facts.started:.3f} s after the start: {each.what}."
    yield from (f"{text}." for text in server_remarks(run.signals, run.pages_at, run.server_problem, run.missed_pages))
    yield from (f"{text}." for text in own_times_remarks(run.server_times))


def _users(run: LoadRun) -> int:
    """Requests at once: the users of a closed loop, or rate times duration of a request (Little's law)."""
    users = [stage.users for stage in run.plan.stages if stage.users is not None]
    if not users:
        users = [ceil((run.summary.rps() or 0.0) * (run.summary.mean("e2e") or 0.0))]
    return min(max(1, *users), _MOST_IN_FLOOR)


def _rules(run: LoadRun, environment: Mapping[str, Any]) -> tuple[Rule, ...]:
    summary = run.summary
    streamed = summary.samples.streamed[summary.samples.answered & summary.population(None)]
    source = run.plan.source
    items = source.items_of_pass if isinstance(source, WorkloadItems | TraceItems) else None
    return endpoints_rules(
        run.plan,
        run.facts,
        windows_s=steady_windows_s(summary),
        streamed=bool(streamed.all()) if len(streamed) else None,
        one_model=same_model(environment.get("model", {}), environment.get("model_at_end", {})),
        dataset_items=items,
    )
