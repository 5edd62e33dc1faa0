"""Command line of the gateway: this project's gateway in this interpreter, or a command in its place."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keywords.engine.processes.warm_gateways import GATEWAYS
from keywords.engine.warm_start.starter import SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE: Final = "QA_GATEWAY_COMMAND"
"""Environment variable: a command line in POSIX shell quoting that runs in place of `gateway`.

It gets the same arguments, such as `serve …`, and the same environment, and must log the line `listening`. It lets a
run test another build of the gateway, or one with a planted defect.
"""
CHOSEN: Final = os.environ.get(VARIABLE, "")
"""The variable's value; empty if it is unset."""
COMMAND: Final = tuple(shlex.split(CHOSEN)) or (sys.executable, "-m", "gateway")


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of a `gateway …` command line: exit status and both outputs."""

    rc: int
    stdout: str
    stderr: str


def run_command(
    *arguments: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
    warm: bool = False,
) -> CommandResult:
    """Run a `gateway …` command line to its end.

    Args:
        arguments: arguments of `gateway`.
        cwd: working directory.
        environment: variables that override those of this process.
        timeout_s: time limit, in seconds.
        warm: fork it as `start_gateway` does; for commands that are no subject of the row.

    Raises:
        subprocess.TimeoutExpired: it did not end in time.
        WarmStartError: the interpreter could not import the gateway, or has ended.
    """
    whole = {**os.environ, **(environment or {})}
    done: subprocess.CompletedProcess[bytes]
    if warm and SUPPORTED and not CHOSEN:
        done = GATEWAYS.run("gateway", arguments, cwd=cwd, environment=whole, timeout_s=timeout_s)
    else:
        done = subprocess.run(  # noqa: S603  (our own command; arguments come from a row)
            [*COMMAND, *arguments],
            cwd=cwd,
            env=whole,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    return CommandResult(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
