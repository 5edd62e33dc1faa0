"""Runs of Locust: one process, or a master and its workers."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keywords.engine.load.locust.packing import FACTS, unpack_facts
from keywords.engine.load.run import LoadRunError
from keywords.engine.processes.guard import GUARD
from keywords.engine.processes.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keywords.engine.load.run import RunFacts

LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
_KEY: Final = "GATEWAY_API_KEY"
_INVALID: Final = 2
_STOP_S: Final = 10
"""Longest time for answers under way at the end."""
_QUIT_S: Final = 20.0
_SHOWN: Final = 600


class NoLocustError(LoadRunError):
    """Locust is not installed."""


@dataclass(frozen=True, slots=True)
class LocustRun:
    """A run of Locust that has ended.

    Attributes:
        run: its id in the store.
        facts: how it went.
        processes: ids of the processes, the master's first.
        said: what it wrote on standard error.
    """

    run: int
    facts: RunFacts
    processes: tuple[int, ...]
    said: str


def run_locust(
    options: Mapping[str, str],
    *,
    url: str,
    api_key: str | None,
    store: Path,
    folder: Path,
    workers: int = 0,
    timeout_s: float,
) -> LocustRun:
    """Run Locust to its end, headless, with this project's locustfile.

    Args:
        options: of the locustfile, such as `{"--load-users": "1,10"}`; the store is set here.
        url: of the server.
        api_key: None sends none.
        store: the file of measurements.
        folder: for the logs.
        workers: processes that send, beside a master; 0 for one process that does both.
        timeout_s: time limit of the whole run.

    Raises:
        NoLocustError: it is not installed.
        LoadRunError: it failed, or did not end in time.
    """
    if importlib.util.find_spec("locust") is None:
        raise NoLocustError("Locust is not installed: `pip install 'llm-gateway-qa[locust]'`")
    facts = folder / "facts.json"
    told = [word for option, value in {**options, "--load-store": str(store)}.items() for word in (option, value)]
    locust = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE)]
    first = [*locust, "--headless", "--host", url, "--stop-timeout", str(_STOP_S), "--only-summary", *told]
    port = str(free_port()) if workers else ""
    if workers:
        first += ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        first += ["--expect-workers", str(workers)]
    join = [*locust, "--worker", "--master-host", "127.0.0.1", "--master-port", port]
    environment = {
        **os.environ,
        _KEY: api_key or "",
        FACTS: str(facts),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number, command in enumerate([first, *[join] * workers]):
            started.append(_start(command, folder / f"locust-{number}.log", environment))
        status = started[0].wait(timeout_s)
        for worker in started[1:]:
            worker.wait(_QUIT_S)
    except subprocess.TimeoutExpired as error:
        raise LoadRunError(f"Locust did not end within {timeout_s:g} s: {_last_words(folder)}") from error
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()
            GUARD.release(process.pid)
    if status not in {0, _INVALID} or not facts.exists():
        raise LoadRunError(f"Locust ended with {status}: {_last_words(folder)}")
    run, found = unpack_facts(json.loads(facts.read_text("utf-8")))
    return LocustRun(run, found, tuple(process.pid for process in started), _last_words(folder))


def _start(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # this interpreter, this project's file
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    GUARD.watch(process.pid)
    return process


def _last_words(folder: Path) -> str:
    text = (folder / "locust-0.log").read_text("utf-8", "replace")
    return " ".join(text.split())[-_SHOWN:]
