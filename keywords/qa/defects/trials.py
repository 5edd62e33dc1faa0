"""All defects, one run of the suites for each, a few at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keywords.engine import clock
from keywords.engine.defects.changes import pass_on
from keywords.qa.defects.attached import DefectsError, run_attached
from keywords.qa.defects.verdict import Outcome, Verdict, first_failure, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keywords.engine.defects.defect import Defect
    from keywords.qa.defects.attached import Server
    from keywords.traceability.results import Run

LIMIT_S = 900.0
"""Time limit of one run, in seconds; what no row has found by then counts as missed."""


class ControlFailedError(Exception):
    """Rows fail, or none passes, without any defect; so nothing can be said about the defects."""


@dataclass(slots=True)
class Trials:
    """Results so far.

    Attributes:
        defects: all that are tried.
        rows: number of rows that passed without a defect.
        control_s: seconds that the run without a defect took.
        verdicts: of the defects that were tried, in the order of their ends.
    """

    defects: Sequence[Defect]
    rows: int = 0
    control_s: float = 0.0
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether each defect was tried."""
        return len(self.verdicts) == len(self.defects)


async def try_all(
    trials: Trials,
    servers: Sequence[Server],
    suites: Path,
    to: Path,
    *,
    echo: Callable[[str], None] = print,
    limit_s: float = LIMIT_S,
) -> None:
    """Run the suites without a defect, then once for each defect; fills `trials` as it goes.

    Args:
        trials: names the defects, and takes the results.
        servers: sound servers; as many runs go on at the same time.
        suites: the folder that holds all rows.
        to: the folder for the output of all runs.
        echo: prints one line after each run.
        limit_s: time limit of one run, in seconds.

    Raises:
        ControlFailedError: rows fail without a defect, or none passes.
        DefectsError: a run left no results, or the one without a defect did not end.
    """
    echo(f"control: all rows before {len(servers)} sound server{'s' * (len(servers) > 1)} at the same time")
    controls: list[Run | None] = [None] * len(servers)

    async def control(number: int) -> None:
        folder = to / f"control-{number + 1}"
        controls[number] = await run_attached(
            lambda: pass_on, servers[number], suites, folder, limit_s=limit_s, to_the_end=True
        )

    async with asyncio.TaskGroup() as group:
        for number in range(len(servers)):
            group.create_task(control(number))
    for run in controls:
        trials.rows, trials.control_s = _check_control(run, limit_s)
    echo(f"control: {trials.rows} rows passed in {trials.control_s:.0f} s; {len(trials.defects)} defects follow")
    waiting, started = list(trials.defects), clock.now()

    async def work(server: Server) -> None:
        while waiting:
            defect = waiting.pop(0)
            run = await run_attached(defect.plant, server, suites, to / defect.slug, limit_s=limit_s)
            trials.verdicts.append(_verdict(defect, run, limit_s))
            echo(_progress(trials, len(servers), clock.now() - started))

    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(work(server))


def _check_control(run: Run | None, limit_s: float) -> tuple[int, float]:
    if run is None:
        raise DefectsError(f"the run without a defect did not end within {limit_s:.0f} s")
    if failure := first_failure(run):
        raise ControlFailedError(f"without a defect fails {failure.row}: {failure.message}")
    if not (passed := sum(result.status == "PASS" for result in run.results)):
        raise ControlFailedError("without a defect no row passes")
    return passed, run.elapsed_s


def _verdict(defect: Defect, run: Run | None, limit_s: float) -> Verdict:
    if run is not None:
        return judge(defect, run)
    outcome = Outcome.DECLARED_MISS if defect.missed else Outcome.MISSED
    return Verdict(defect, outcome, note=f"no row had failed after {limit_s:.0f} s")


def _progress(trials: Trials, jobs: int, elapsed_s: float) -> str:
    tried, total = len(trials.verdicts), len(trials.defects)
    last = trials.verdicts[-1]
    found = sum(verdict.outcome is Outcome.FOUND for verdict in trials.verdicts)
    minutes = elapsed_s / tried * (total - tried) / 60
    left = f"about {minutes:.0f} min left" if minutes >= 1 else "less than a minute left"
    what = last.outcome.value
    if last.finding:
        ids = ", ".join(last.finding.requirements)
        what += f" after {last.finding.seconds:.0f} s by {last.finding.row}{f' ({ids})' if ids else ''}"
    note = f": {last.note}" if last.note else ""
    return (
        f"{found} of {total} found, {tried - found} not, {min(jobs, total - tried)} running, {left} | "
        f"{last.defect.name}: {what}{note}"
    )
