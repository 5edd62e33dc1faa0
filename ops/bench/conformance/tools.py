"""Load generators before the cases, each started as its users start it."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops.bench.referee.tools import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.bench.conformance.plays import Play
    from ops.bench.conformance.reported import Reported

MODEL = "scripted"
_LATE_S = 240.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A load generator.

    Attributes:
        name: for the table.
        version: of its package; empty for our own.
        command: the command for a run, a server's address, and a folder for its files.
        read: reads from that folder what it reports of a run.
        environment: further variables of the command.
        leads: requests that it sends before the load, to see whether the server takes them.
        cannot: why it cannot play a run, as a sentence; None if it can.
        otherwise: the same run with another option of the tool that changes what it reports; None without one.
    """

    name: str
    version: str
    command: Callable[[Play, str, Path], list[str]]
    read: Callable[[Play, Path], Reported]
    environment: Callable[[Play], Mapping[str, str]] = lambda _: {}
    leads: int = 0
    cannot: Callable[[Play], str | None] = lambda _: None
    otherwise: Callable[[Play], Play | None] = lambda _: None


def run(tool: Tool, play: Play, url: str, folder: Path) -> str:
    """Run a tool to its end, and return its command line, with FOLDER for the folder of its files.

    Its exit status is its own judgement of the server, and no failure.

    Raises:
        ToolError: it did not end in time.
    """
    folder.mkdir(parents=True)
    command = tool.command(play, url, folder)
    log = folder / "log.txt"
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603  # a fixed command
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **tool.environment(play)},
        )
        try:
            process.wait(_LATE_S)
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"{tool.name} did not end within {_LATE_S:g} s") from error
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
    shown = shlex.join([Path(command[0]).name, *command[1:]])
    return shown.replace(str(folder), "FOLDER").replace(f"{folder.parents[1]}/", "").replace(f"{Path.cwd()}/", "")
