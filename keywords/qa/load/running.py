"""Load runs of a command line: each is measured, exported, shown and judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from keywords.engine.load.arrival_file import save_arrivals
from keywords.engine.load.capacity import find_capacity
from keywords.engine.load.errors import PlanError
from keywords.engine.load.outcome import floor_of, probe_of, report_of, verdict_of
from keywords.engine.load.page.stored import load_of
from keywords.engine.load.page.write import ReportedLoad, write_load_page
from keywords.engine.load.planning import make_plan
from keywords.engine.load.run import LoadRunError
from keywords.engine.load.session import measure_load
from keywords.engine.load.storage.export import export_csv, export_parquet
from keywords.qa.exits import FAIL, INCONCLUSIVE, INTERRUPTED, NO_VERDICT, PASS, worst
from keywords.qa.load.printing import print_report
from keywords.qa.load.view import LiveView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.arrivals import Arrivals
    from keywords.engine.load.capacity import Probe
    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.load.plan import LoadPlan, Target
    from keywords.engine.load.planning import LoadOptions
    from keywords.engine.load.report.content import Report
    from keywords.engine.load.service_levels import ServiceLevel
    from keywords.engine.load.session import LoadRun
    from keywords.engine.load.sweep import SweepPoint
    from keywords.engine.load.workload.prompt_lengths import PromptLengths
    from keywords.qa.load.command import Ask

_NOT_CALIBRATED = "There is no calibration"


class LoadRuns:
    """The load runs of one command line.

    Args:
        ask: the command line.
        levels: that each stage has to hold.
        price: of the model; None if it has none.
        lengths: of synthetic prompts on this server; None if there are none.
    """

    def __init__(
        self, ask: Ask, levels: tuple[ServiceLevel, ...], price: Price | None, lengths: PromptLengths | None
    ) -> None:
        self._ask = ask
        self._levels = levels
        self._price = price
        self._lengths = lengths
        self._done = 0
        self._reported: list[ReportedLoad] = []

    def measure_points(self, points: Sequence[SweepPoint]) -> int:
        """Measure one load run for each point, and return the exit code."""
        codes = []
        for number, point in enumerate(points, start=1):
            if len(points) > 1:
                typer.echo(f"Load run {number} of {len(points)}: {point.name}".rstrip(": "), err=True)
            codes.append(self.conclude(self.measure(point), suffix=f"-{number}" if len(points) > 1 else ""))
            if codes[-1] == INTERRUPTED:
                break
        self.write_page()
        return worst(codes)

    def find_max(self, point: SweepPoint, target: Target, options: LoadOptions, most: float) -> int:
        """Search for the largest number of users, or rate, that holds all levels, and return the exit code.

        Raises:
            CapacityError: the search begins above its end.
        """
        whole = not options.rates
        unit = "users" if whole else "arrivals/s"

        def probe(level: float) -> Probe:
            users, rates = ((int(level),), ()) if whole else ((), (level,))
            plan = make_plan(target, point.workload, replace(options, users=users, rates=rates), lengths=self._lengths)
            self._done += 1
            run = self.measure(replace(point, plan=plan))
            self._export(run, suffix=f"-{self._done}")
            if run.facts.interrupted:
                raise KeyboardInterrupt
            self._keep_for_page(run, report_of(run, levels=self._levels, price=self._price))
            found = probe_of(run, level, self._levels, self._price)
            typer.echo(f"{level:g} {unit}: {found.verdict} {found.why}".rstrip(), err=True)
            return found

        try:
            first = options.users[0] if whole else options.rates[0]
            capacity = find_capacity(probe, first=first, most=most, whole=whole)
        except KeyboardInterrupt:
            said = "interrupted: the search has no result; its load runs are in the store"
            typer.echo(said, err=True)
            self.write_page(said)
            return INTERRUPTED
        levels = " and ".join(map(str, self._levels))
        said = f"Largest load in {unit} that holds {levels}: {capacity}"
        typer.echo(said)
        self.write_page(said, capacity.verdict)
        return {"PASS": PASS, "FAIL": FAIL, "INCONCLUSIVE": INCONCLUSIVE}[capacity.verdict]

    def measure(self, point: SweepPoint, *, way: str = "") -> LoadRun:
        """Run the load of one point, with the live view.

        Args:
            point: the load.
            way: for the name of a series of its own; empty for the usual way.
        """
        ask, plan = self._ask, point.plan
        series = ask.keep.series or point.workload.spec.name
        if ask.keep.arrivals is not None:
            save_arrivals(arrivals_to_keep(plan), ask.keep.arrivals)
        with LiveView(plan.stages, warmup_s=plan.warmup_s, quiet=ask.quiet) as view:
            return measure_load(
                plan,
                store=ask.keep.store,
                series=" ".join(filter(None, (series, point.name, way))),
                workload_hash=point.workload.sha256,
                options=ask.asked.options() | dict(point.values),
                sinks=[view],
                on_start=view.begin,
            )

    def conclude(self, run: LoadRun, *, suffix: str) -> int:
        """Print a run's report, write its files, and return its exit code.

        Args:
            run: that ended.
            suffix: for the names of the files.
        """
        is_whole = self._print(run)
        self._export(run, suffix=suffix)
        return self._exit_code(run) if is_whole else INTERRUPTED

    def _export(self, run: LoadRun, *, suffix: str) -> None:
        keep = self._ask.keep
        for export, path in ((export_csv, keep.csv), (export_parquet, keep.parquet)):
            if path is not None:
                file = path.with_stem(path.stem + suffix)
                export(keep.store, run.run, file)
                typer.echo(str(file), err=True)

    def _print(self, run: LoadRun) -> bool:
        """Print the report; false if Ctrl-C ended the calibration, which it then lacks."""
        remarks = (str(self._lengths),) if self._lengths is not None else ()
        is_whole, floor = True, None
        try:
            if self._ask.calibrate and not run.facts.interrupted:
                floor = floor_of(run)
        except KeyboardInterrupt:
            is_whole = False
            remarks = (*remarks, f"{_NOT_CALIBRATED}: it was interrupted.")
        except (RuntimeError, LoadRunError, OSError) as error:  # the run itself is not the worse for it
            remarks = (*remarks, f"{_NOT_CALIBRATED}: {error}.")
        report = report_of(run, levels=self._levels, price=self._price, remarks=remarks, floor=floor)
        self._keep_for_page(run, report)
        print_report(report)
        return is_whole

    def _keep_for_page(self, run: LoadRun, report: Report) -> None:
        if self._ask.keep.report is not None:
            load = load_of(run)
            self._reported.append(ReportedLoad(load, report, self._levels, self._price))

    def write_page(self, lead: str = "", verdict: str = "") -> None:
        """Write the page of the load runs so far, if one is asked for.

        Args:
            lead: a sentence above all, such as the result of a search.
            verdict: of all of them together; the worst one's if left out.
        """
        if self._ask.keep.report is not None and self._reported:
            typer.echo(
                str(write_load_page(self._ask.keep.report, self._reported, lead=lead, verdict=verdict)), err=True
            )

    def _exit_code(self, run: LoadRun) -> int:
        if run.facts.interrupted:
            return INTERRUPTED
        if not run.validity.is_valid:
            return NO_VERDICT
        verdict, _ = verdict_of(run, self._levels, self._price)
        return {"PASS": PASS, "FAIL": FAIL, "INCONCLUSIVE": INCONCLUSIVE}[verdict]


def arrivals_to_keep(plan: LoadPlan) -> Arrivals:
    """The arrivals of a plan.

    Raises:
        PlanError: it has none.
    """
    if plan.arrivals is None:
        raise PlanError("--save-arrivals needs arrivals: users wait for answers and have none; give --rate")
    return plan.arrivals
