"""The command `python -m ops.scoreboard`: ask each server with the rows, and write the scoreboard of all.

Exit status 0 if each server did what is known of it, 1 if one did not, 2 if one could not be asked.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.processes.gateway import GatewayProcessError
from ops.bench.installing import NotInstalledError
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.race.running import NotStartedError
from ops.scoreboard.servers import running, running_gateway

if TYPE_CHECKING:
    from ops.scoreboard.servers import Server

NAMES = ("gateway", "llamacpp", "litellm")
_LEFT_OUT = ("nightly", "req:SELF-*", "req:SHIP-*", "req:PAGE-*")
"""Rows that say nothing of a server behind an address."""


def main() -> None:
    """Ask the servers one after the other, and write the scoreboard of those that could be asked."""
    options = _options()
    break_off_on_signals()
    options.to.mkdir(parents=True, exist_ok=True)
    asked: dict[str, int] = {}
    try:
        with running_gateway(options.to) as gateway:
            for name in options.servers:
                try:
                    with running(name, gateway, options.to) as server:
                        log_progress(f"{name} at {server.url}")
                        asked[name] = _ask(server, options.to / name, options.patience)
                except (NotInstalledError, NotStartedError) as error:
                    log_progress(f"{name} was not asked: {error}")
    except KeyboardInterrupt:
        log_progress("broken off")
    except GatewayProcessError as error:
        sys.exit(f"the model that all servers ask does not run: {error}")
    if asked:
        folders = [str(options.to / name) for name in asked]
        subprocess.run([sys.executable, "-m", "keywords.qa.cli", "scoreboard", *folders], check=True)  # noqa: S603  # our own
    log_progress(", ".join(f"{name}: {count} rows fail" for name, count in asked.items()))
    sys.exit(2 if len(asked) < len(options.servers) else int(any(asked.values())))


def _ask(server: Server, results: Path, patience: float) -> int:
    """Run the rows attached to a server; the number of those that failed otherwise than known."""
    excluded = [word for tag in _LEFT_OUT for word in ("--exclude", tag)]
    variables = [f"GATEWAY_URL:{server.url}", f"PATIENCE:{patience:g}"]
    variables += [] if server.name == "gateway" else [f"KNOWN_DIFFERENCES:{server.name}"]
    given = [word for variable in variables for word in ("-v", variable)]
    command = [sys.executable, "-m", "robot", "--outputdir", str(results), "--console", "quiet", *excluded, *given]
    environment = {**os.environ, "GATEWAY_API_KEY": server.key}
    return subprocess.run([*command, "suites"], env=environment, check=False).returncode  # noqa: S603  # our own


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.scoreboard", description="Ask several servers with the rows.")
    parser.add_argument("servers", nargs="*", help=f"which of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--to", type=Path, default=Path("results/scoreboard"), help="folder for all output")
    parser.add_argument("--patience", type=float, default=2, help="factor of all waiting times (default: 2)")
    options = parser.parse_args()
    options.servers = options.servers or list(NAMES)
    if unknown := set(options.servers) - set(NAMES):
        parser.error(f"no server {', '.join(sorted(unknown))}: name some of {', '.join(NAMES)}")
    return options


if __name__ == "__main__":
    main()
