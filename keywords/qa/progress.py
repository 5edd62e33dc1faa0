"""Progress of a run: a live line on a terminal, a plain one now and then elsewhere, and failures as they come."""

from __future__ import annotations

import sys
import threading
from typing import IO, TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.live import Live
from rich.text import Text

from keywords.engine import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from keywords.run.shared_run import Plan

Kind = Literal["verbose", "progress", "quiet", "none"]
PLAIN_EVERY_S = 15.0
_ENOUGH_TO_ESTIMATE = 0.03
"""Share of the work after which the rest is estimated: before it, starts count for too much."""
_MINUTE_S = 60
_INDENT = "      "


class Progress:
    """Shows how far a run is. Any thread may use it.

    Args:
        seconds: how long suites took in an earlier run, by their full names.
        kind: what is shown: each row, progress with failures, failures alone, or nothing.
        stream: the console.
    """

    def __init__(
        self,
        seconds: Mapping[str, float],
        kind: Kind = "progress",
        *,
        stream: IO[str] | None = None,
    ) -> None:
        self._kind = kind
        self._console = Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._is_live = kind == "progress" and self._console.is_terminal
        self._live = Live(console=self._console, auto_refresh=False, transient=True) if self._is_live else None
        self._lock = threading.Lock()
        self._seconds = seconds
        self._weights: dict[str, float] = {}
        self._work = self._done = 0.0
        self._rows = self._ended = self._failed = self._skipped = 0
        self._began = self._said = clock.now()
        self._shown: set[str] = set()
        self._warned: dict[str, int] = {}
        self._again: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Begin the live line."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the live line, and say how many more rows failed for a reason that was shown."""
        if self._live:
            self._live.update(Text())
            self._live.stop()
        for message, count in self._again.items():
            rows = "1 more row" if count == 1 else f"{count} more rows"
            self._print(f"FAIL  {rows}: {message.partition(chr(10))[0]}")
        if self._rows and self._kind in {"progress", "verbose"}:
            self._print(f"{self._counts()} in {whole_seconds(clock.now() - self._began)}")

    def begin(self, plan: Plan) -> None:
        """Learn how many rows there are."""
        with self._lock:
            self._rows, self._began = plan.rows, clock.now()
            known = [self._seconds[suite.name] for suite in plan.suites if suite.rows and suite.name in self._seconds]
            rows = sum(len(suite.rows) for suite in plan.suites if suite.name in self._seconds)
            usual = sum(known) / rows if rows else 1.0
            for suite in plan.suites:
                if suite.rows:
                    whole = self._seconds.get(suite.name, usual * len(suite.rows))
                    self._weights[suite.name] = whole / len(suite.rows)
                    self._work += whole

    def add(self, event: Mapping[str, Any]) -> None:
        """Count a row that ended, and show it if it failed."""
        with self._lock:
            self._ended += 1
            self._done += self._weights.get(event["suite"], 0.0)
            self._failed += event["status"] == "FAIL"
            self._skipped += event["status"] == "SKIP"
            if event["status"] == "FAIL" and self._kind != "none":
                self._show_failure(event)
            elif self._kind == "verbose":
                self._print(f"{event['status']}  {event['suite']} :: {event['row']} ({event['seconds']:.1f} s)")

    def print_line(self, line: str) -> None:
        """Print a line of a row above the live line."""
        with self._lock:
            self._print(line)

    def warn(self, process: int, line: str) -> None:
        """Print a line of a process's standard error there; what several processes print alike, once."""
        with self._lock:
            if self._warned.setdefault(line, process) == process:
                # A live line moves below what is written here.
                sys.stderr.write(f"{line}\n")

    def refresh(self) -> None:
        """Show the line if it is time."""
        with self._lock:
            if self._live:
                self._live.update(Text(self._line(), no_wrap=True, overflow="ellipsis"), refresh=True)
            elif self._kind == "progress" and self._rows and clock.now() - self._said >= PLAIN_EVERY_S:
                self._said = clock.now()
                self._print(self._line())

    def _show_failure(self, event: Mapping[str, Any]) -> None:
        message = str(event["message"])
        if message and message in self._shown:
            self._again[message] = self._again.get(message, 0) + 1
            return
        self._shown.add(message)
        self._print(f"FAIL  {event['suite']} :: {event['row']}")
        for line in message.splitlines():
            self._print(f"{_INDENT}{line}")
        if page := str(event["evidence"]).strip("[]").partition("|")[0]:
            self._print(f"{_INDENT}Evidence: {page}")

    def _line(self) -> str:
        if not self._rows:
            return "Reading the suites …"
        rest = self._rest_s()
        return f"{self._counts()}{f', about {whole_seconds(rest)} left' if rest is not None else ''}"

    def _counts(self) -> str:
        skipped = f", {self._skipped} skipped" if self._skipped else ""
        return f"{self._ended} of {self._rows} rows, {self._failed} failed{skipped}"

    def _rest_s(self) -> float | None:
        """The seconds that the rest will take, if the rows go on taking what they took relative to the earlier run."""
        if not self._done or self._done < self._work * _ENOUGH_TO_ESTIMATE:
            return None
        return max(0.0, self._work - self._done) * (clock.now() - self._began) / self._done

    def _print(self, text: str) -> None:
        self._console.print(text)


def whole_seconds(seconds: float) -> str:
    """Whole seconds; from a minute on, minutes and seconds."""
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
