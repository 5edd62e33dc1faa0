"""What a load run keeps that a signal ends."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import psutil
from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.storage.export import export_csv
from keywords.engine.load.storage.tables import LOAD_ROOM
from keywords.engine.machine import Deadline
from keywords.engine.processes import tree
from keywords.engine.processes.guard import GUARD
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs
from keywords.engine.waiting import poll_until
from keywords.run.assertions import verify
from keywords.run.output_folder import new_work_folder

if TYPE_CHECKING:
    from pathlib import Path

Signal = Literal["SIGINT", "SIGKILL"]
_TIME_LIMIT = timedelta(seconds=30)
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class KeptLoad:
    """A load run that a signal ended.

    Attributes:
        rc: exit code of its command.
        store: its file of measurements.
        run: its id there.
        received: requests that reached the backend, those of the command's own check before the load included.
        has_end: whether the run's end stands there.
        interrupted: whether it says that it was interrupted.
    """

    rc: int
    store: Path
    run: int
    received: int
    has_end: bool
    interrupted: bool


@library(scope="GLOBAL", doc_format="MARKDOWN")
class KeptLoadLibrary:
    """End `qa load` by a signal, and look at what it kept."""

    @keyword
    def end_load_command(
        self,
        signal_name: Signal,
        backend: ScriptedBackend,
        *options: str,
        after_requests: int,
        timeout: timedelta = _TIME_LIMIT,
    ) -> KeptLoad:
        """Run `qa load` against a backend, and send it a signal once so many requests came.

        Args:
            signal_name: SIGINT is Ctrl-C, and SIGKILL leaves a program no time for anything.
            backend: under load.
            options: of `qa load`.
            after_requests: so many requests are awaited at the backend.
            timeout: time limit until they came, and again until the command has ended.

        Returns:
            Exit code, store, and what it says of the run.

        Raises:
            AssertionError: in that time there were fewer, or the command did not end.

        ```robotframework
        ${kept} =    End Load Command    SIGKILL    ${BACKEND}    --rate    50    --for    30s    after_requests=20
        Get Unstored Requests    ${kept}    <=    50
        ```
        """
        before = len(backend.chat_requests())
        folder = new_work_folder("load")
        store = folder / "measurements.db"
        command = [sys.executable, "-m", "keywords.qa.cli", "load", backend.url, *options, "--store", str(store)]
        environment = {**os.environ, "GATEWAY_API_KEY": ""}
        limit_s = timeout.total_seconds()
        with (folder / "output.txt").open("wb") as output:
            popen = subprocess.Popen(  # noqa: S603  # this interpreter, this project's command
                command, stdout=output, stderr=output, env=environment, start_new_session=True
            )
        GUARD.watch(popen.pid)
        process = psutil.Process(popen.pid)
        try:
            received = poll_until(
                lambda: len(backend.chat_requests()) - before,
                lambda count: count >= after_requests or popen.poll() is not None,
                Deadline(limit_s),
            )
            if received < after_requests:
                said = (folder / "output.txt").read_text("utf-8", "replace")[-500:]
                raise AssertionError(f"{received} requests came, and {after_requests} were awaited; it said: {said}")
            popen.send_signal(getattr(signal, signal_name))
            rc = poll_until(popen.poll, lambda code: code is not None, Deadline(limit_s))
        finally:
            tree.end(process)
            popen.wait()
            GUARD.release(popen.pid)
        if rc is None:
            raise AssertionError(f"{signal_name} did not end the load run within {limit_s:g} s")
        with Store(store, LOAD_ROOM) as file:
            run = read_runs(file)[-1]
        logger.info(f"exit code {rc}; {received} requests came before {signal_name}; {_stored(store)} are stored")
        received = len(backend.chat_requests()) - before
        return KeptLoad(rc, store, run.id, received, run.ended is not None, run.interrupted)

    @keyword
    def get_unstored_requests(
        self,
        load: KeptLoad,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of requests that reached the backend and do not stand in the store.

        Those of the command's own check before the load never do; it sends one for each kind of request.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Unstored Requests    ${kept}    <=    50
        ```
        """
        stored = _stored(load.store)
        details = f"{load.received} reached the backend, {stored} are stored"
        label = "Number of requests that are not stored"
        return verify(load.received - stored, assertion_operator, assertion_expected, label, message, details)

    @keyword
    def load_should_be_kept_as_interrupted(self, load: KeptLoad) -> None:
        """Fail unless the run has its end in the store, says that it was interrupted, and has a CSV line per request.

        The exit code is 130, as of every program that Ctrl-C ended.

        Raises:
            AssertionError: it does not.

        ```robotframework
        Load Should Be Kept As Interrupted    ${kept}
        ```
        """
        if not (load.has_end and load.interrupted and load.rc == _INTERRUPTED):
            ended = "has its end" if load.has_end else "has no end"
            raise AssertionError(
                f"The run should end as interrupted, with the exit code {_INTERRUPTED}; it {ended}, interrupted: "
                f"{load.interrupted}, exit code {load.rc}"
            )
        file = load.store.with_name("samples.csv")
        export_csv(load.store, load.run, file)
        with file.open(newline="", encoding="utf-8") as lines:
            count = sum(1 for _ in csv.DictReader(lines))
        if count != (stored := _stored(load.store)):
            raise AssertionError(f"The CSV file should have {stored} lines, one for each stored request, got {count}")


def _stored(path: Path) -> int:
    """Number of stored requests that were sent; 0 as long as there is no file."""
    if not path.exists():
        return 0
    with Store(path, LOAD_ROOM) as store:
        ((count,),) = store.query("SELECT count(*) FROM samples WHERE t_sent IS NOT NULL")
    return int(count)
