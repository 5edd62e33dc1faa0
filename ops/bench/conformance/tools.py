"""Load generators before the cases, each started as its users start it."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.bench.referee.tools import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

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
    """

    name: str
    version: str
    command: Callable[[Play, str, Path], list[str]]
    read: Callable[[Play, Path], Reported]
    environment: Callable[[Play], Mapping[str, str]] = lambda _: {}
    leads: int = 0
    cannot: Callable[[Play], str | None] = lambda _: None


def run(tool: Tool, play: Play, url: str, folder: Path) -> str:
    """Run a tool to its end, and return its command line without the folder's name.

    Its exit status is its own judgement of the server, and is kept as the last line of `log.txt`.

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
            status = process.wait(_LATE_S)
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"{tool.name} did not end within {_LATE_S:g} s") from error
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(10)
        sink.write(f"\nexit status {status}\n".encode())
    return shlex.join([command[0].rpartition("/")[2], *command[1:]]).replace(str(folder), "FOLDER")
