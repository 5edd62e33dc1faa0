"""The command `python -m ops.scoreboard`: ask each server with the rows, and write the scoreboard of all.

Exit status 0 if each server did what is known of it, 1 if one did not, 2 if one could not be asked.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from robot.api import ExecutionResult

from keywords.engine.defects.catalogue import UnknownDefectError, choose
from keywords.engine.processes.gateway import GatewayProcessError
from ops.bench.installing import NotInstalledError
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.race.running import NotStartedError
from ops.scoreboard.planting import planted
from ops.scoreboard.servers import NAMES, running, running_gateway

if TYPE_CHECKING:
    from keywords.engine.processes.gateway import GatewayProcess
    from ops.scoreboard.servers import Server

SERVER_VERSION = "Server version"
"""Metadata of a run with the version of the server; `qa scoreboard` shows it."""
MOST_FAILED = 250
"""Highest exit code of Robot for failed rows."""
SHOWN = 5
"""Failed rows of a server that the console names; its log holds all."""
_LEFT_OUT = ("nightly", "req:SELF-*", "req:SHIP-*", "req:PAGE-*")
"""Rows that say nothing of a server behind an address."""


def main() -> None:
    """Ask the servers one after the other, and write the scoreboard of those that could be asked."""
    options = _options()
    break_off_on_signals()
    options.to.mkdir(parents=True, exist_ok=True)
    # Rows send what is no HTTP, too, and the wire logs each of these requests.
    logging.basicConfig(filename=options.to / "wire.log", filemode="w")
    asked: dict[str, list[str]] = {}
    try:
        with running_gateway(options.to) as gateway:
            for name in options.servers:
                try:
                    asked[name] = _try(name, gateway, options)
                except (NotInstalledError, NotStartedError) as error:
                    log_progress(f"{name} was not asked: {error}")
    except KeyboardInterrupt:
        log_progress("broken off")
    except GatewayProcessError as error:
        sys.exit(f"the model that all servers ask does not run: {error}")
    if asked and not options.plant:
        _write_board(options.to)
    for name, failed in asked.items():
        log_progress("\n  ".join([f"{name}: {len(failed)} rows fail", *failed[:SHOWN]]))
    sys.exit(2 if len(asked) < len(options.servers) else int(any(asked.values())))


def _write_board(results: Path) -> None:
    """Write the board of all servers, each by its last run; of some alone it would lose the others."""
    missing = [name for name in NAMES if not (results / name / "output.xml").is_file()]
    if missing:
        log_progress(f"docs/SCOREBOARD.md stays as it is: {results} has no run of {', '.join(missing)}")
        return
    folders = [str(results / name) for name in NAMES]
    subprocess.run([sys.executable, "-m", "keywords.qa.cli", "scoreboard", *folders], check=True)  # noqa: S603  # our own


def _try(name: str, gateway: GatewayProcess, options: argparse.Namespace) -> list[str]:
    """Run a server, with the planted defect if there is one, and ask it; what failed otherwise than known."""
    with ExitStack() as stack:
        server = stack.enter_context(running(name, gateway, options.to))
        log_progress(f"{name} at {server.url}")
        if not options.plant:
            return _ask(server, options.to / name, options.patience)
        server = stack.enter_context(planted(server, options.plant))
        log_progress(f"with a wire before it at {server.url}: {options.plant.name}")
        return _ask(server, options.to / f"{name}-planted", options.patience)


def _ask(server: Server, results: Path, patience: float) -> list[str]:
    """Run the rows attached to a server; those that failed otherwise than known, with their messages.

    Raises:
        NotStartedError: Robot left no results.
    """
    excluded = [word for tag in _LEFT_OUT for word in ("--exclude", tag)]
    variables = [f"GATEWAY_URL:{server.url}", f"PATIENCE:{patience:g}"]
    variables += [] if server.name == "gateway" else [f"KNOWN_DIFFERENCES:{server.name}"]
    given = [word for variable in variables for word in ("-v", variable)]
    told = ["--console", "quiet", "--metadata", f"{SERVER_VERSION}:{server.version}"]
    command = [sys.executable, "-m", "robot", "--outputdir", str(results), *told, *excluded, *given]
    environment = {**os.environ, "GATEWAY_API_KEY": server.key}
    code = subprocess.run([*command, "suites"], env=environment, check=False).returncode  # noqa: S603  # our own
    if code > MOST_FAILED:
        raise NotStartedError(f"Robot ended with exit code {code}: its messages stand above")
    rows = ExecutionResult(str(results / "output.xml")).suite.all_tests
    return [f"{row.full_name}: {' '.join(row.message.split())[:160]}" for row in rows if row.failed]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.scoreboard", description="Ask several servers with the rows.")
    parser.add_argument("servers", nargs="*", help=f"which of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--to", type=Path, default=Path("results/scoreboard"), help="folder for all output")
    parser.add_argument("--patience", type=float, default=2, help="factor of all waiting times (default: 2)")
    parser.add_argument(
        "--plant", metavar="DEFECT", help="plant it before each server, which must fail then; `qa defects --list`"
    )
    options = parser.parse_args()
    options.servers = options.servers or list(NAMES)
    if unknown := set(options.servers) - set(NAMES):
        parser.error(f"no server {', '.join(sorted(unknown))}: name some of {', '.join(NAMES)}")
    try:
        options.plant = choose([options.plant])[0] if options.plant else None
    except UnknownDefectError as error:
        parser.error(str(error))
    return options


if __name__ == "__main__":
    main()
