"""The load generators that the referee judges, each run as its users run it, on the core of the load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops.bench.pinning import on_core
from ops.bench.referee import frames, installs
from ops.bench.referee.core_watch import CoreWatch
from ops.bench.referee.streams import Stream, from_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

READER, OURS, AIPERF, LOCUST = "referee's reader", "qa load", "aiperf", "Locust"
SERVER_CORE, CLIENT_CORE = 0, 1
_LATE_S = 120.0
_INVALID = 2
_LOCUSTFILE = Path(__file__).with_name("locustfile.py")


class ToolError(Exception):
    """A load generator failed; the message ends with its last output."""


@dataclass(frozen=True, slots=True)
class Level:
    """A load.

    Attributes:
        users: streams at the same time, each user one after the other.
        seconds: no stream begins after it.
        samples: whether each chunk's time is wanted; without, a tool may write its summary only.
    """

    users: int
    seconds: float
    samples: bool = True


@dataclass(frozen=True, slots=True)
class Tool:
    """A load generator.

    Attributes:
        name: for the table.
        version: of its package; empty for our own.
        command: the command for a server's address, a level, and a folder for its files.
        streams: reads what it measured from that folder.
        environment: further variables, by the folder.
        has_judged: whether an exit status other than 0 is only the tool's own verdict on the run in that folder.
    """

    name: str
    version: str
    command: Callable[[str, Level, Path], list[str]]
    streams: Callable[[Path], list[Stream]]
    environment: Callable[[Path], Mapping[str, str]] = lambda _: {}
    has_judged: Callable[[int, Path], bool] = lambda _, __: False


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a tool.

    Attributes:
        streams: what it measured; empty if no samples were wanted.
        cpu_s: processor time of it and its processes, its start included.
        refused: whether the tool itself called the run invalid.
        core: how busy the tool's core was, as `CoreWatch.notes`.
    """

    streams: list[Stream]
    cpu_s: float
    refused: bool
    core: tuple[tuple[float, float], ...] = ()


def run(tool: Tool, url: str, level: Level, folder: Path) -> Ran:
    """Run a tool to its end.

    Raises:
        ToolError: it failed, or did not end in time.
    """
    folder.mkdir(parents=True)
    log = folder / "log.txt"
    used = os.times()
    with log.open("wb") as sink, CoreWatch(CLIENT_CORE) as core:
        process = subprocess.Popen(  # noqa: S603  # a fixed command
            on_core(CLIENT_CORE, tool.command(url, level, folder)),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **tool.environment(folder)},
        )
        try:
            status = process.wait(level.seconds + _LATE_S)
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"{tool.name} did not end within {level.seconds + _LATE_S:g} s") from error
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(10)
    now = os.times()
    if status and not tool.has_judged(status, folder):
        words = " ".join(log.read_text("utf-8", "replace").split())[-300:]
        raise ToolError(f"{tool.name} ended with {status}: {words}")
    cpu_s = now.children_user + now.children_system - used.children_user - used.children_system
    return Ran(tool.streams(folder) if level.samples else [], cpu_s, refused=bool(status), core=core.notes)


def reader() -> Tool:
    """The referee's own reader."""

    def command(url: str, level: Level, folder: Path) -> list[str]:
        options = ["--users", str(level.users), "--seconds", str(level.seconds), "--to", str(folder / "streams.jsonl")]
        return [sys.executable, "-m", "ops.bench.referee.reader", url, *options]

    return Tool(READER, "", command, _lines)


def ours() -> Tool:
    """`qa load`, with its samples in a store of their own."""

    def command(url: str, level: Level, folder: Path) -> list[str]:
        load = [sys.executable, "-m", "keywords.qa.cli", "load", "--url", url, "--model", frames.MODEL]
        store = ["--store", str(folder / "measurements.db")]
        return [*load, "--users", str(level.users), "--for", f"{level.seconds:g}s", *store, "--no-calibration"]

    def streams(folder: Path) -> list[Stream]:
        from ops.bench.referee.own_samples import read_streams  # noqa: PLC0415  # only where they are read

        return read_streams(folder / "measurements.db")

    def has_judged(status: int, folder: Path) -> bool:
        return status == _INVALID and (folder / "measurements.db").exists()

    return Tool(OURS, "", command, streams, has_judged=has_judged)


def aiperf(model: Path, tokenizer: Path) -> Tool:
    """AIPerf, with a tokenizer made from a GGUF file's own vocabulary.

    Args:
        model: the GGUF file.
        tokenizer: folder to write the tokenizer into.

    Raises:
        NotInstalledError: it could not be installed.
    """
    installed = installs.aiperf()
    installs.write_tokenizer(installed, model, tokenizer)

    def command(url: str, level: Level, folder: Path) -> list[str]:
        return [
            *installed.command, "profile", "--model", frames.MODEL, "--url", url, "--endpoint-type", "chat",
            "--streaming", "--concurrency", str(level.users), "--benchmark-duration", f"{level.seconds:g}",
            "--tokenizer", str(tokenizer), "--isl", "8", "--osl", "50", "--use-server-token-count",
            "--export-level", "raw" if level.samples else "summary", "--artifact-dir", str(folder / "out"),
            "--ui", "none", "--no-gpu-telemetry", "--no-server-metrics",
        ]  # fmt: skip

    return Tool(AIPERF, installed.version, command, _aiperf_streams)


def locust() -> Tool:
    """Locust with a streaming user, one process.

    Raises:
        NotInstalledError: it could not be installed.
    """
    installed = installs.locust()

    def command(url: str, level: Level, folder: Path) -> list[str]:  # noqa: ARG001  # the folder is told by variable
        load = ["--users", str(level.users), "--spawn-rate", str(level.users), "--run-time", f"{level.seconds:g}s"]
        return [*installed.command, "-f", str(_LOCUSTFILE), "--headless", "--host", url, *load, "--stop-timeout", "10"]

    return Tool(LOCUST, installed.version, command, _lines, lambda at: {"REFEREE_STREAMS": str(at / "streams.jsonl")})


def _lines(folder: Path) -> list[Stream]:
    return [from_line(line) for line in (folder / "streams.jsonl").read_text("utf-8").splitlines()]


def _aiperf_streams(folder: Path) -> list[Stream]:
    """Read AIPerf's raw records, whose `perf_ns` reads the same clock as `clock.now()`."""
    streams = []
    with (folder / "out" / "profile_export_raw.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            stream = Stream("", record["start_perf_ns"] / 1e9, [], whole=record["status"] == 200)  # noqa: PLR2004  # HTTP's
            for response in record["responses"]:
                for packet in response.get("packets", ()):
                    if packet["name"] != "data" or packet["value"].strip() == "[DONE]":
                        continue
                    event = json.loads(packet["value"])
                    stream.id = event["id"]
                    if event["choices"] and event["choices"][0]["delta"].get("content"):
                        stream.chunks_s.append(response["perf_ns"] / 1e9)
            streams.append(stream)
    return streams
