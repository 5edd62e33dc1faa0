"""Whether distributed Locust and the own engine measure the same: the same arrivals against one server, in turns.

    python -m ops.bench.locust_agreement --rounds 5 --seconds 30

The server is the referee's, whose first chunk comes after 0 to 20 ms, so that percentiles of TTFT tell tools apart.
It keeps one core to itself; both tools run on the other. A tool's figure has one value a round. The tools agree if the
whole 95 % interval of the mean difference (Student's t, by round) lies within 1 ms + 2 % of the engine's mean.

Exit code: 0 they agree, 1 they do not, 2 no verdict (a run is INVALID, Locust is missing), 3 unclear, 130 broken off.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine import cores
from keywords.engine.load.arrival_file import save_arrivals
from keywords.engine.load.arrivals import draw_arrivals
from keywords.engine.load.locust.running import run_locust
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import LoadRunError
from keywords.engine.load.session import measure_load
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload
from keywords.engine.statistics.intervals import mean_interval
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs
from ops.bench.pinning import can_pin, on_core
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.referee import frames
from ops.bench.tables import format_estimate, number, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.arrivals import Arrivals
    from keywords.engine.statistics.intervals import Estimate

PERCENTILES = (50, 95)
METRIC = "ttft_first_content"
SLACK_S, SLACK_SHARE = 0.001, 0.02
ENGINE, LOCUST = "qa load", "Locust"
_SERVER_CORE, _CLIENT_CORE = 0, 1
_PROMPT = "Count."
_EXITS = {"yes": 0, "no": 1, "no verdict": 2, "unclear": 3}
_INTERRUPTED = 130
_LATE_S = 60.0
Figures = dict[int, float]
"""Seconds by percentile."""


def main() -> None:
    """Measure in turns, print the table, and end with the verdict."""
    options = _options()
    break_off_on_signals()
    arrivals = draw_arrivals((Stage(options.seconds, rate=options.rate),), seed=7)
    rounds: list[tuple[Figures, Figures]] = []
    invalid: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix="agreement-") as name, _server() as url:
            cores.pin(_CLIENT_CORE)
            for count in range(options.rounds):
                found: dict[str, Figures] = {}
                # In turns A B, B A, so that a drift of the machine meets both.
                for tool in (ENGINE, LOCUST) if count % 2 == 0 else (LOCUST, ENGINE):
                    log_progress(f"round {count + 1} of {options.rounds}: {tool}")
                    place = Path(name) / f"{count}-{tool.replace(' ', '-')}"
                    store = _measure(tool, url, arrivals, place, options.workers)
                    found[tool], problem = read_figures(store, len(arrivals))
                    invalid += [f"{tool}, round {count + 1}: {problem}"] if problem else []
                rounds.append((found[ENGINE], found[LOCUST]))
    except LoadRunError as error:
        sys.exit(_no_verdict(str(error)))
    except KeyboardInterrupt:
        invalid.append(f"it was broken off after {len(rounds)} of {options.rounds} rounds")
        log_progress(invalid[-1])
        if rounds:
            sys.stdout.write(_page(rounds, "no verdict", invalid, options))
        sys.exit(_INTERRUPTED)
    verdict = "no verdict" if invalid else judge(rounds)
    sys.stdout.write(_page(rounds, verdict, invalid, options))
    sys.exit(_EXITS[verdict])


def judge(rounds: Sequence[tuple[Figures, Figures]]) -> str:
    """The verdict on all percentiles together: yes, no or unclear."""
    verdicts = [agreement(rounds, p)[2] for p in PERCENTILES]
    return next((each for each in ("no", "unclear") if each in verdicts), "yes")


def agreement(rounds: Sequence[tuple[Figures, Figures]], p: int) -> tuple[Estimate, float, str]:
    """Locust's percentile less the engine's, the bound, and whether the difference lies within it.

    `unclear` where the interval holds the bound, or of one round, which has no interval.
    """
    difference = mean_interval([theirs[p] - ours[p] for ours, theirs in rounds])
    bound = SLACK_S + SLACK_SHARE * mean_interval([ours[p] for ours, _ in rounds]).mean
    if difference.n == 1:
        return difference, bound, "unclear"
    if -bound <= difference.low and difference.high <= bound:
        return difference, bound, "yes"
    return difference, bound, "no" if difference.low > bound or difference.high < -bound else "unclear"


def read_figures(store: Path, planned: int) -> tuple[Figures, str]:
    """The percentiles of the last run in a store, and what is wrong with it; empty if nothing is.

    Raises:
        LoadRunError: it has too few answers for a percentile.
    """
    with Store(store) as opened:
        run = read_runs(opened, kind="load")[-1]
    summary = Summary(read_samples(store, run.id))
    values = {p: summary.percentile(METRIC, p) for p in PERCENTILES}
    if any(value is None for value in values.values()):
        raise LoadRunError(f"{summary.answered()} answers are too few for p{max(PERCENTILES)}: measure for longer")
    problems = [] if run.validity == "VALID" else list(run.reasons)
    if summary.answered() != planned:
        problems.append(f"{summary.answered()} of {planned} arrivals were answered")
    return {p: value for p, value in values.items() if value is not None}, "; ".join(problems)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="locust_agreement",
        description="Distributed Locust against the own engine on the same arrivals: do TTFT p50 and p95 agree?",
        epilog="Exit code: 0 they agree, 1 they do not, 2 no verdict, 3 unclear.",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each run")
    parser.add_argument("--rate", type=float, default=20.0, help="mean arrivals per second")
    parser.add_argument("--workers", type=int, default=2, help="of Locust")
    options = parser.parse_args()
    if min(options.rounds, options.workers) < 1 or min(options.seconds, options.rate) <= 0:
        parser.error("--rounds, --seconds, --rate and --workers must be more than 0")
    return options


def _measure(tool: str, url: str, arrivals: Arrivals, place: Path, workers: int) -> Path:
    """Run one tool in a folder of its own; the store that it wrote.

    Raises:
        LoadRunError: the tool failed.
        KeyboardInterrupt: Ctrl-C or SIGTERM came.
    """
    place.mkdir()
    store = place / "measurements.db"
    if tool == LOCUST:
        save_arrivals(arrivals, place / "arrivals.txt")
        told = {"--load-model": frames.MODEL, "--load-prompt": _PROMPT, "--load-replay": str(place / "arrivals.txt")}
        limit_s = sum(stage.duration_s or 0.0 for stage in arrivals.stages) + _LATE_S
        run_locust(told, url=url, api_key=None, store=store, folder=place, workers=workers, timeout_s=limit_s)
        return store
    workload = load_workload(
        Workload(name="agreement", mix=(Entry(name="count", prompts=Prompts(texts=(_PROMPT,)), fields={}),))
    )
    plan = LoadPlan(Target(url, frames.MODEL), WorkloadItems(workload), arrivals.stages, arrivals)
    run = measure_load(plan, store=store, series="agreement", workload_hash=workload.sha256)
    if run.facts.interrupted:
        raise KeyboardInterrupt  # the run took the signal for itself
    return store


def _page(
    rounds: Sequence[tuple[Figures, Figures]], verdict: str, invalid: Sequence[str], options: argparse.Namespace
) -> str:
    rows = []
    for p in PERCENTILES:
        _, bound, agrees = agreement(rounds, p)
        means = [format_estimate(_in_ms([figures[tool][p] for figures in rounds])) for tool in (0, 1)]
        shown = format_estimate(_in_ms([theirs[p] - ours[p] for ours, theirs in rounds]))
        rows.append([f"p{p} of {METRIC}, ms", *means, shown, f"± {number(bound * 1000)}", agrees])
    pinned = f"server on core {_SERVER_CORE}, tools on core {_CLIENT_CORE}" if can_pin() else "nothing pinned"
    head = ("figure", ENGINE, f"{LOCUST}, a master and {options.workers} workers", "difference", "bound", "agrees")
    how = f"{options.rounds} rounds of {options.seconds:g} s, {options.rate:g} arrivals/s, {pinned}; 95 % intervals"
    notes = "".join(f"- {line}\n" for line in invalid)
    return f"{table(head, rows)}\n{how}.\n{notes}\nDo they agree? {verdict}.\n"


def _in_ms(values: Sequence[float]) -> Estimate:
    return mean_interval([value * 1000 for value in values])


def _no_verdict(why: str) -> int:
    sys.stderr.write(f"no verdict: {why}\n")
    return _EXITS["no verdict"]


@contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, "-m", "ops.bench.referee.server", "--core", str(_SERVER_CORE)]
    process = subprocess.Popen(on_core(_SERVER_CORE, command), stdout=subprocess.PIPE)  # noqa: S603  # our own
    try:
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()
