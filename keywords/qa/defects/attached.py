"""One run of the suites, attached to a wire before a sound server."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import psutil

from keywords.engine.defects.wire import Wire
from keywords.engine.processes import tree
from keywords.traceability.results import OutputError, Run, read_output
from keywords.traceability.rows import NIGHTLY

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.defects.exchange import Plant

_TAIL_LINES = 15
# Rows about the suite itself ask the server for next to nothing; those about the framing of requests ask the wire,
# which reads HTTP in the place of the server.
_LEFT_OUT = (NIGHTLY, "req:SELF-*", "req:WIRE-009", "req:WIRE-01[0-5]")


class DefectsError(Exception):
    """The defects cannot be tried."""


class Server(Protocol):
    """A sound server.

    Attributes:
        url: its address, without a path.
        api_key: a key that it accepts.
        model: the model to ask.
    """

    @property
    def url(self) -> str: ...  # noqa: D102
    @property
    def api_key(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102


async def run_attached(
    plant: Plant, server: Server, suites: Path, folder: Path, *, limit_s: float, to_the_end: bool = False
) -> Run | None:
    """Run all regular rows until the first one fails.

    Args:
        plant: the defect on the wire.
        server: the sound server behind it.
        suites: the folder that holds all rows.
        folder: for all output; it is emptied first.
        limit_s: time limit, in seconds.
        to_the_end: whether to go on after a failed row.

    Returns:
        The run; None if it had not ended in time, and was ended.

    Raises:
        DefectsError: Robot left no results.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)  # noqa: ASYNC240  # quick, as are the other file accesses here
    wire = Wire(plant, server.api_key, server.url)
    command = [sys.executable, "-m", "robot", "--outputdir", str(folder), "--log", "NONE", "--report", "NONE"]
    command += ["-v", f"GATEWAY_URL:{await wire.open()}", "-v", f"MODEL:{server.model}"]
    for tag in _LEFT_OUT:
        command += ["--exclude", tag]
    command += [*(() if to_the_end else ("--exitonfailure",)), str(suites)]
    try:
        code = await _run(command, folder / "console.txt", server.api_key, limit_s)
    finally:
        await wire.close()
    if code is None:
        return None
    try:
        return read_output(folder / "output.xml")
    except OutputError as error:
        tail = "\n".join((folder / "console.txt").read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:])
        raise DefectsError(f"the run in {folder} ended with {code} and without results:\n{tail}") from error


async def _run(command: list[str], console: Path, api_key: str, limit_s: float) -> int | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "ROBOT_"))}
    with console.open("wb") as sink:
        # Ctrl-C reaches this process alone, which ends the run with all that it started.
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**environment, "GATEWAY_API_KEY": api_key},
            start_new_session=True,
            creationflags=tree.NEW_GROUP,
        )
    try:
        async with asyncio.timeout(limit_s):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with suppress(psutil.NoSuchProcess):
                await asyncio.shield(asyncio.to_thread(tree.end, psutil.Process(process.pid)))
