"""Two servers measured in turns, and what their comparison says."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import typer

from keywords.engine.load.arrival_file import save_arrivals
from keywords.engine.load.comparison.compare import LEAST_RUNS, compare
from keywords.engine.load.comparison.reading import ROUND, read_series
from keywords.engine.load.comparison.series import Series
from keywords.engine.load.comparison.turns import turns
from keywords.engine.load.preflight import check_server
from keywords.engine.load.session import measure_load
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.store.cleaning import clean_url
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run
from keywords.qa.exits import INTERRUPTED
from keywords.qa.load.comparing import show
from keywords.qa.load.running import arrivals_to_keep
from keywords.qa.load.view import LiveView
from keywords.qa.progress import whole_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.load.comparison.turns import Side
    from keywords.engine.load.plan import LoadPlan, Target
    from keywords.engine.load.session import LoadRun
    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.qa.load.command import Ask

KEY = "AGAINST_API_KEY"
"""Variable of the other server's key."""
_AGAINST = " against"
"""What the name of the other server's series ends with."""


def against_target(url: str, model: str | None) -> Target:
    """The other server, asked with its own key if it has one, else with that of the first.

    Args:
        url: its address; a closing `/v1` is cut off.
        model: None takes the first one that it lists.

    Raises:
        PreflightError: the server cannot be used.
    """
    SECRETS.protect_address(url)
    key = os.environ.get(KEY) or os.environ.get("GATEWAY_API_KEY") or None
    if key:
        SECRETS.protect(key)
    return check_server(url.rstrip("/").removesuffix("/v1"), model=model or "", api_key=key).target


class TurnsOfLoad:
    """Load runs of two servers in turns, A B B A, with the same arrivals.

    Args:
        ask: the command line.
        workload: what is sent.
    """

    def __init__(self, ask: Ask, workload: LoadedWorkload) -> None:
        self._ask = ask
        self._workload = workload
        self._rounds = ask.rounds or LEAST_RUNS
        self._session = secrets.token_hex(4)
        self._runs: dict[Side, list[int]] = {"first": [], "second": []}
        self._urls: dict[Side, str] = {}

    def measure(self, first: Callable[[], LoadPlan], second: Callable[[], LoadPlan]) -> int:
        """Measure all rounds, print the comparison, and return the exit code.

        Args:
            first: makes a plan for the server that is held against; each run takes a new one, so that prompts with a
                prefix of their own meet no cache.
            second: the same for the server that is judged.
        """
        plans = {"first": first, "second": second}
        self._announce(first(), second())
        ended_early = ""
        try:
            for number, side in turns(self._rounds):
                if self._measure(number, side, plans[side]()).facts.interrupted:
                    raise KeyboardInterrupt  # noqa: TRY301  # as if it had come between two load runs
        except KeyboardInterrupt:
            finished = min(map(len, self._runs.values()))
            ended_early = f"it was interrupted after {finished} of {self._rounds} rounds"
        comparison = compare(self._series("first"), self._series("second"), ended_early=ended_early)
        code = show(comparison, self._ask.keep.report)
        return INTERRUPTED if ended_early else code

    def _announce(self, first: LoadPlan, second: LoadPlan) -> None:
        self._urls = {"first": clean_url(first.target.url), "second": clean_url(second.target.url)}
        lasts_s = [stage.duration_s for stage in first.stages if stage.duration_s is not None]
        whole_s = 2 * self._rounds * (first.warmup_s + sum(lasts_s))
        about = f", {whole_seconds(whole_s)} of load" if len(lasts_s) == len(first.stages) else ""
        typer.echo(
            f"{self._urls['second']} against {self._urls['first']} in turns: {2 * self._rounds} load runs{about}",
            err=True,
        )
        if self._ask.keep.arrivals is not None:
            save_arrivals(arrivals_to_keep(first), self._ask.keep.arrivals)

    def _measure(self, number: int, side: Side, plan: LoadPlan) -> LoadRun:
        ask = self._ask
        series = ask.keep.series or self._workload.spec.name
        with LiveView(plan.stages, warmup_s=plan.warmup_s, quiet=ask.quiet) as view:
            run = measure_load(
                plan,
                store=ask.keep.store,
                series=series if side == "second" else series + _AGAINST,
                workload_hash=self._workload.sha256,
                options=ask.asked.options() | {ROUND: f"{self._session}-{number}"},
                sinks=[view],
                on_start=view.begin,
            )
        if not run.facts.interrupted:
            self._runs[side].append(run.run)
        median = run.summary.percentile("e2e_from_intended", 50, failures=True, unended=True)
        shown = "too few answers" if median is None else f"e2e p50 {1000 * median:.4g} ms"
        typer.echo(
            f"round {number} of {self._rounds}, {self._urls[side]}: load run {run.run}, {run.summary.answered()} "
            f"answered, {run.summary.failed()} failed, {shown}, {run.validity}",
            err=True,
        )
        return run

    def _series(self, side: Side) -> Series:
        """The runs of the rounds that both sides finished."""
        finished = min(map(len, self._runs.values()))
        chosen = self._runs[side][:finished]
        if not chosen:
            return Series(self._urls[side], ())
        with Store(self._ask.keep.store) as store:
            runs = [read_run(store, run) for run in chosen]
        return read_series(self._ask.keep.store, self._urls[side], runs)
