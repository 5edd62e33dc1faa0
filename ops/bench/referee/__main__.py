"""The command: `python -m ops.bench.referee`, as `tox run -e measure` runs it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ops.bench.installing import NotInstalledError
from ops.bench.pinning import can_pin, on_core
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.referee import installs, tools
from ops.bench.referee.laps import Track
from ops.bench.referee.page import markdown
from ops.bench.referee.result import SWEEP, USERS, Comparison, exit_code, save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ops.bench.referee.result import Figures

_INTERRUPTED = 130


def main() -> None:
    """Compare the tools; write `measure.md` and `measure.json`, even if it is interrupted."""
    options = _options()
    break_off_on_signals()
    if sys.platform == "win32":
        sys.exit("The referee needs Linux or macOS.")
    comparison = Comparison(machine=_machine(options))
    options.to.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="referee-") as folder, _server() as url:
            _compare(comparison, options, Track(url, Path(folder), options.seconds), Path(folder))
        comparison.complete = True
    except KeyboardInterrupt:
        log_progress("broken off; what there is, is kept")
    comparison.machine["load average at the end"] = f"{psutil.getloadavg()[0]:.2f}"
    save(comparison, options.to / "measure.json")
    page = markdown(comparison)
    (options.to / "measure.md").write_text(page, "utf-8")
    sys.stdout.write(page)
    sys.exit(exit_code(comparison) if comparison.complete else _INTERRUPTED)


def _options() -> argparse.Namespace:
    names = [tools.OURS, tools.AIPERF, tools.LOCUST]
    parser = argparse.ArgumentParser(
        prog="measure",
        description="How far load generators' times are from the server's own, and what they cost.",
        epilog="Exit code: 0 all targets met, 1 one missed, 2 no verdict, 3 one unclear.",
    )
    parser.add_argument("--tools", nargs="*", choices=names, default=names, metavar="TOOL", help=f"of {names}")
    parser.add_argument("--rounds", type=int, default=5, help="of errors")
    parser.add_argument("--cost-rounds", type=int, default=8, help="of costs; after the first, of close rivals only")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="of a lap; what a chunk costs is measured over three"
    )
    parser.add_argument("--no-sweep", action="store_true", help="leave out the search for the knee")
    parser.add_argument("--to", type=Path, default=Path("results/measure"), help="folder for measure.md and .json")
    return parser.parse_args()


def _compare(comparison: Comparison, options: argparse.Namespace, track: Track, folder: Path) -> None:
    makers: dict[str, Callable[[], tools.Tool]] = {
        tools.OURS: tools.ours,
        tools.AIPERF: lambda: tools.aiperf(installs.weights(), folder / "tokenizer"),
        tools.LOCUST: tools.locust,
    }
    contestants = []
    for name in options.tools:
        log_progress(f"{name}: installing, unless it is there")
        try:
            contestants.append(makers[name]())
        except NotInstalledError as error:
            comparison.skipped[name] = str(error)
    comparison.versions = {tool.name: tool.version for tool in contestants}
    everyone = [tools.reader(), *contestants]
    for number in range(options.rounds):
        turn = number % len(everyone)
        laps = [(tool, partial(track.accuracy, tool, USERS)) for tool in [*everyone[turn:], *everyone[:turn]]]
        comparison.rounds.append({})
        _fill(comparison.rounds[-1], laps, comparison, f"errors, round {number + 1} of {options.rounds}")
    for number in range(options.cost_rounds):
        rivals = comparison.rivals()
        asked = [tool for tool in everyone if not number or tool.name in rivals]
        # What is compared is measured one right after the other, and who was last is the first in the next round.
        asked = asked[::-1] if number % 2 else asked
        laps = [(tool, partial(track.chunk_cost, tool, USERS)) for tool in asked]
        laps += [(tool, partial(track.request_cost, tool)) for tool in asked]
        comparison.costs.append({})
        _fill(comparison.costs[-1], laps, comparison, f"costs, round {number + 1} of {options.cost_rounds}")
    for users in () if options.no_sweep else SWEEP:
        for tool in everyone:
            log_progress(f"{users} users: {tool.name}")
            try:
                comparison.sweep.setdefault(tool.name, {})[users] = track.accuracy(tool, users)
            except tools.ToolError as error:
                comparison.skipped[f"{tool.name} at {users} users"] = str(error)


def _fill(
    figures: dict[str, Figures],
    laps: Sequence[tuple[tools.Tool, Callable[[], Figures]]],
    comparison: Comparison,
    what: str,
) -> None:
    """Fill a round's figures, lap by lap; one that failed is among the skipped."""
    for tool, measure in laps:
        log_progress(f"{what}: {tool.name}")
        try:
            figures.setdefault(tool.name, {}).update(measure())
        except tools.ToolError as error:
            comparison.skipped[f"{tool.name}, {what}"] = str(error)


@contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, "-m", "ops.bench.referee.server", "--core", str(tools.SERVER_CORE)]
    process = subprocess.Popen(on_core(tools.SERVER_CORE, command), stdout=subprocess.PIPE)  # noqa: S603  # our own
    try:
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    finally:
        process.terminate()
        process.wait(10)


def _machine(options: argparse.Namespace) -> dict[str, str]:
    pinned = f"the server on core {tools.SERVER_CORE}, the tool on core {tools.CLIENT_CORE}"
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "pinned": pinned if can_pin() else "nothing",
        "load average at the start": f"{psutil.getloadavg()[0]:.2f}",
        "measured": f"{options.rounds} rounds of errors, {options.cost_rounds} of costs, {options.seconds:g} s a lap",
    }


if __name__ == "__main__":
    main()
