"""The processes of Robot that share a run: started, watched to their ends, and never left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from functools import partial
from time import sleep
from typing import IO, TYPE_CHECKING, Any

import psutil

from keywords.run.output_lock import FolderInUseError, process_in
from keywords.run.shared_run import Part, Plan, read_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from keywords.qa.progress import Progress
    from keywords.qa.signals import SignalHandler

POLL_S = 0.1
MOST_FAILED = 250
"""Highest exit code of Robot for failed rows; more of them count as these."""
MOST_PROCESSES = 8
"""On a machine of many cores, too: in a container, more than it may use are seen."""
BYTES_PER_PROCESS = 1 << 30
"""Memory that a process of Robot with a gateway, its model and the gateways of its rows may take."""


@dataclass(slots=True)
class PartProcess:
    """A process of Robot and its part of the run.

    Attributes:
        part: its part.
        process: the process.
        bytes_read: how much of its events was read.
    """

    part: Part
    process: subprocess.Popen[str]
    bytes_read: int = 0

    @property
    def end(self) -> str:
        """How it ended, as words for a row that it did not reach; empty if as Robot ends."""
        code = self.process.returncode
        if code is None or (0 <= code <= MOST_FAILED and self.part.output.is_file()):
            return ""
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def processes_by_machine() -> int:
    """How many processes this machine bears: one more than it has CPUs, since rows wait, and as memory allows."""
    own = psutil.Process()
    # macOS pins no process.
    cpus = len(own.cpu_affinity()) if hasattr(own, "cpu_affinity") else psutil.cpu_count() or 1
    return max(1, min(cpus + 1, MOST_PROCESSES, psutil.virtual_memory().available // BYTES_PER_PROCESS))


class RobotProcesses:
    """Runs the suites in several processes of Robot.

    Args:
        first: the part of the first process; the others differ by their numbers.
        options: of Robot, by their long names.
        sources: the paths of the suites.
        progress: is told of each row that ends and each line that a process prints.
        handler: knows of signals, and passes them on.
    """

    def __init__(
        self,
        first: Part,
        options: Mapping[str, Any],
        sources: Sequence[str],
        progress: Progress,
        handler: SignalHandler,
    ) -> None:
        self._first = first
        self._options = options
        self._sources = sources
        self._progress = progress
        self._handler = handler
        self._all: list[PartProcess] = []
        self._readers: list[threading.Thread] = []

    def run(self, most: int | None) -> tuple[list[PartProcess], Plan | None]:
        """Run all suites; those that need a quiet machine last, one at a time.

        Args:
            most: how many processes run side by side at most; if None, as many as the machine bears, and one for a
                server that the run did not start, since nobody knows what that bears.

        Returns:
            The processes, which have ended, and the plan; None if the first one ended before it had made any.
        """
        try:
            self._start(self._first)
            plan = self._wait_for_plan()
            if plan is not None:
                self._progress.begin(plan)
                if not self._first.is_alone:
                    most = most or (1 if plan.is_attached else processes_by_machine())
                    for number in range(2, min(most, plan.shareable) + 1):
                        self._start(replace(self._first, number=number))
            self._wait()
            if plan is not None and plan.has_quiet_rest and not self._first.is_alone:
                self._start(replace(self._first, number=len(self._all) + 1, runs_quiet=True))
                self._wait()
        except BaseException:
            self._end()
            raise
        return self._all, plan

    def _end(self) -> None:
        """Let all processes end, with their teardowns, after an error here."""
        for one in self._all:
            one.process.terminate()
        for one in self._all:
            one.process.wait()

    def _start(self, part: Part) -> None:
        """Start a process; none after a signal, which that process would not have heard."""
        if self._handler.by_signal:
            return
        options = {**self._options, "output": str(part.output.resolve())}
        process = self._handler.start(
            [sys.executable, "-m", "keywords.qa.part"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._all.append(PartProcess(part, process))
        if self._handler.by_signal:
            process.terminate()
        # By a pipe, not by a file or arguments: variables may hold keys.
        try:
            with process.stdin as stream:  # type: ignore[union-attr]
                json.dump({"part": part.to_json(), "options": options, "sources": list(self._sources)}, stream)
        except BrokenPipeError:  # it has ended; its exit code tells why
            pass
        warn = partial(self._progress.warn, part.number)
        for stream, show in ((process.stdout, self._progress.print_line), (process.stderr, warn)):
            reader = threading.Thread(target=_read, args=(stream, show), daemon=True)
            reader.start()
            self._readers.append(reader)

    def _wait_for_plan(self) -> Plan | None:
        if not self._all:  # a signal came first
            return None
        process = self._all[0].process
        while process.poll() is None and read_plan(self._first.folder) is None:
            sleep(POLL_S)
            self._progress.refresh()
        return read_plan(self._first.folder)

    def _wait(self) -> None:
        while any(one.process.poll() is None for one in self._all):
            self._tell()
            sleep(POLL_S)
        for reader in self._readers:
            reader.join(timeout=1)  # a process that a row left behind may hold the pipe open
        self._tell()

    def _tell(self) -> None:
        for one in self._all:
            try:
                with one.part.events.open("rb") as stream:
                    stream.seek(one.bytes_read)
                    lines = stream.read()
            except FileNotFoundError:
                continue
            whole = lines[: lines.rfind(b"\n") + 1]
            one.bytes_read += len(whole)
            for line in whole.splitlines():
                self._progress.add(json.loads(line))
        self._progress.refresh()


def _read(stream: IO[str], show: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            show(line.rstrip("\n"))


def refuse_if_abandoned_parts_run(folder: Path) -> None:
    """Refuse to begin while a process of an earlier run, whose `qa run` was killed, still ends its row.

    Raises:
        FolderInUseError: one does; the message names its process id.
    """
    for own in sorted(folder.glob("*/")):
        if (pid := process_in(own)) is not None:
            raise FolderInUseError(f"process {pid} of a run that was killed still ends its row: wait for its end")
