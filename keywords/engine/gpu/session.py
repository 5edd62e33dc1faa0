"""A collector's process, from its start to what it collected."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from keywords.engine import clock
from keywords.engine.gpu.collector import HZ
from keywords.engine.gpu.telemetry import Telemetry, TelemetryError, Window, read_telemetry
from keywords.engine.machine import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BEGINS_WITHIN_S: Final = 30.0
"""The driver's start takes seconds where no client keeps it loaded; the first matrix asks 80 things."""
_ENDS_WITHIN_S: Final = 30.0
_SHOWS_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.02


class CollectorError(Exception):
    """The collector's process does not do its work; the message has its own reason."""


class TelemetrySession:
    """Telemetry while something else happens.

    Args:
        file: for what is collected; the errors of the process go beside it.
        hz: samples a second.
        devices: indexes from 0; all if left out.
        replay: a recording in place of a driver.
        record: a file for a recording of the driver's answers.
        serves_metrics: also serve `/metrics` for Prometheus, on a free port.

    Raises:
        CollectorError: nothing can be collected; the message has the reason.
    """

    def __init__(
        self,
        file: Path,
        *,
        hz: float = HZ,
        devices: Sequence[int] = (),
        replay: Path | None = None,
        record: Path | None = None,
        serves_metrics: bool = False,
    ) -> None:
        self.file = file
        self._errors = file.with_suffix(".stderr")
        self._windows: list[Window] = []
        command = [sys.executable, "-m", "keywords.engine.gpu.collector", str(file), "--hz", f"{hz:g}"]
        command += ["--devices", ",".join(map(str, devices))] if devices else []
        command += ["--replay", str(replay)] if replay else []
        command += ["--record", str(record)] if record else []
        command += ["--port", "0"] if serves_metrics else []
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=errors, stderr=errors)  # noqa: S603  # our own program
        self.pid = self._process.pid
        self._await_beginning()

    @contextmanager
    def window(self, name: str) -> Iterator[None]:
        """Name the time of what is within, such as `idle` or `run`."""
        started = clock.now()
        try:
            yield
        finally:
            self._windows.append(Window(name, started, clock.now()))

    def wait(self, seconds: float) -> None:
        """Let time pass while it collects; it ends early if the collector does."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def add_window(self, name: str, start_s: float, end_s: float) -> None:
        """Name a time that is known by its ends, in seconds on the suite's clock."""
        self._windows.append(Window(name, start_s, end_s))

    def metrics(self) -> str:
        """The page `/metrics`, once it has a sample.

        Raises:
            CollectorError: the session was not started with `serves_metrics`, or the page stays empty.
        """
        port = json.loads(self.file.read_text("utf-8").splitlines()[0])["metrics_port"]
        if port is None:
            raise CollectorError("This telemetry serves no metrics: start it with serves_metrics")
        deadline = Deadline(_SHOWS_WITHIN_S)
        while not deadline.is_over():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_SHOWS_WITHIN_S) as answer:
                if page := str(answer.read().decode()).strip():
                    return page
            time.sleep(_LOOK_EVERY_S)
        raise CollectorError(f"The page of metrics had no line within {deadline.limit_s:g} s")

    def finish(self) -> Telemetry:
        """End the collector and read what it collected; a collector that had died is told by `Telemetry.cost`.

        Raises:
            TelemetryError: it has collected nothing.
        """
        self.close()
        return read_telemetry(self.file, self._windows)

    def close(self) -> None:
        """End the collector's process."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _await_beginning(self) -> None:
        deadline = Deadline(_BEGINS_WITHIN_S)
        while True:
            if self.file.is_file() and b"\n" in self.file.read_bytes():
                return
            if self._process.poll() is not None or deadline.is_over():
                break
            time.sleep(_LOOK_EVERY_S)
        self.close()
        reason = self._errors.read_text("utf-8", "replace").strip()
        # It may have ended already, as a replay does.
        with suppress(TelemetryError):
            read_telemetry(self.file)
            return
        raise CollectorError(reason or f"The collector of GPU telemetry did not begin within {deadline.limit_s:g} s")
