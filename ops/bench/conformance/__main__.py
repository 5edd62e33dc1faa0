"""The command `python -m ops.bench.conformance`, as `tox run -e conformance` runs it."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from keywords.engine.load.cases.play import CASES
from keywords.engine.scripted.backend import ScriptedBackend
from ops.bench.conformance.aiperf import aiperf
from ops.bench.conformance.locust import locust
from ops.bench.conformance.ours import ours
from ops.bench.conformance.page import EVIDENCE, evidence, markdown
from ops.bench.conformance.playing import judge
from ops.bench.conformance.plays import plays_of
from ops.bench.conformance.result import Conformance, Outcome, exit_code
from ops.bench.installing import NotInstalledError
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.referee import installs
from ops.bench.referee.tools import AIPERF, LOCUST, OURS, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.bench.conformance.tools import Tool

_INTERRUPTED = 130


def main() -> None:
    """Play the cases; write `conformance.md` and the pages of evidence, even if it is interrupted."""
    options = _options()
    break_off_on_signals()
    results = Conformance(machine=_machine())
    try:
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder, _backend() as backend:
            tools = _tools(results, options.tools, Path(folder))
            for case in options.cases:
                results.outcomes[case] = {}
                for tool in tools:
                    log_progress(f"{case}: {tool.name}")
                    results.outcomes[case][tool.name] = _play(tool, case, backend, Path(folder))
        results.complete = True
    except KeyboardInterrupt:
        log_progress("broken off; what there is, is kept")
    results.machine["load average at the end"] = f"{psutil.getloadavg()[0]:.2f}"
    page = _write(results, options.to)
    sys.stdout.write(page)
    sys.exit(exit_code(results) if results.complete else _INTERRUPTED)


def _options() -> argparse.Namespace:
    names = [OURS, AIPERF, LOCUST]
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Which load generators report the truth of twenty-three servers with known answers?",
        epilog="Exit code: 0 if `qa load` is right on all, 1 if it is not on one, 2 if it was not measured on one.",
    )
    parser.add_argument("--tools", nargs="*", choices=names, default=names, metavar="TOOL", help=f"of {names}")
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES), metavar="CASE")
    parser.add_argument("--to", type=Path, default=Path("results/conformance"), help="folder for the pages")
    return parser.parse_args()


def _tools(results: Conformance, names: list[str], folder: Path) -> list[Tool]:
    makers: dict[str, Callable[[], Tool]] = {
        OURS: ours,
        AIPERF: lambda: aiperf(installs.weights(), folder / "tokenizer"),
        LOCUST: locust,
    }
    tools = []
    for name in names:
        log_progress(f"{name}: installing, unless it is there")
        try:
            tools.append(makers[name]())
        except NotInstalledError as error:
            results.skipped[name] = str(error)
    results.versions = {tool.name: tool.version for tool in tools}
    return tools


def _play(tool: Tool, case: str, backend: ScriptedBackend, folder: Path) -> Outcome:
    outcome = Outcome()
    for play in plays_of(case):
        place = folder / tool.name.replace(" ", "-") / play.name
        try:
            outcome.runs.append(judge(tool, play, backend, place))
            if (other := tool.otherwise(play)) is not None:
                outcome.others.append(judge(tool, other, backend, place.with_name(other.name)))
        except ToolError as error:
            outcome.error = str(error)
    return outcome


def _write(results: Conformance, folder: Path) -> str:
    pages = folder / EVIDENCE
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    for case in results.outcomes:
        (pages / f"{case}.md").write_text(evidence(results, case), "utf-8")
    page = markdown(results)
    (folder / "conformance.md").write_text(page, "utf-8")
    return page


@contextmanager
def _backend() -> Iterator[ScriptedBackend]:
    backend = ScriptedBackend()
    backend.start()
    try:
        yield backend
    finally:
        backend.stop()


def _machine() -> dict[str, str]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "command": "tox run -e conformance",
        "load average at the start": f"{psutil.getloadavg()[0]:.2f}",
    }


if __name__ == "__main__":
    main()
