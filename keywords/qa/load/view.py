"""Live view of a load run: a table on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
from collections import Counter, deque
from typing import IO, TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.live import Live
from rich.table import Table

from keywords.engine import clock
from keywords.engine.statistics.percentiles import TooFewValuesError, percentile
from keywords.qa.progress import whole_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from keywords.engine.load.plan import Stage
    from keywords.engine.load.sample import Sample

PLAIN_EVERY_S = 5.0
WINDOW_S = 5.0
"""Rates and percentiles are those of the requests that ended within the last 5 s."""
_REFRESH_S = 0.25
_COLUMNS = ("left", "stage", "load", "requests", "req/s", "TTFT p50", "TTFT p95", "tokens/s", "errors")


class _Ended(NamedTuple):
    """What the view keeps of a request that ended."""

    at: float
    ttft_s: float | None
    tokens: int


class LiveView:
    """Shows a load run while it goes on; a sink of its samples. Any thread may use it.

    Args:
        stages: of the run, in order.
        warmup_s: seconds before the first stage.
        stream: the console; standard error if left out, so that standard output has the report alone.
        quiet: show nothing.
    """

    def __init__(
        self, stages: Sequence[Stage], *, warmup_s: float = 0.0, stream: IO[str] | None = None, quiet: bool = False
    ) -> None:
        self._stages = stages
        self._warmup_s = warmup_s
        self._quiet = quiet
        self._console = Console(file=stream or sys.stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._is_live = self._console.is_terminal and not quiet
        self._recent: deque[_Ended] = deque()
        self._errors: Counter[str] = Counter()
        self._requests = 0
        self._began = clock.now()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._refresh_until_over, name="live view", daemon=True)

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._is_live:
            self._live.start()
        if not self._quiet:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; nothing stays on a terminal."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._is_live:
            self._live.stop()

    def begin(self, started: float) -> None:
        """Learn when the first stage begins, by `clock.now()`."""
        self._began = started - self._warmup_s

    def add(self, samples: Sequence[Sample]) -> None:
        """Count samples that ended."""
        with self._lock:
            for sample in samples:
                if sample.cancelled:
                    continue
                self._requests += 1
                if sample.error is not None:
                    self._errors[sample.error] += 1
                self._recent.append(_ended(sample))

    def cells(self, now: float) -> tuple[str, ...]:
        """What the view says at a moment, by `clock.now()`, a text for each column."""
        with self._lock:
            while self._recent and self._recent[0].at < now - WINDOW_S:
                self._recent.popleft()
            elapsed = now - self._began
            window_s = max(min(WINDOW_S, elapsed), _REFRESH_S)
            ttfts = [ended.ttft_s for ended in self._recent if ended.ttft_s is not None]
            tokens = sum(ended.tokens for ended in self._recent)
            return (
                self._left(elapsed),
                *self._stage(elapsed),
                f"{self._requests:,}",
                f"{len(self._recent) / window_s:.1f}",
                _milliseconds(ttfts, 50),
                _milliseconds(ttfts, 95),
                f"{tokens / window_s:,.0f}",
                ", ".join(f"{count} {name}" for name, count in self._errors.most_common()) or "none",
            )

    def _left(self, elapsed: float) -> str:
        """The time left; a dash if a number of requests ends a stage."""
        durations = [stage.duration_s for stage in self._stages if stage.duration_s is not None]
        if len(durations) < len(self._stages):
            return "-"
        return whole_seconds(max(0.0, self._warmup_s + sum(durations) - elapsed))

    def _stage(self, elapsed: float) -> tuple[str, str]:
        """The stage at work, and its load."""
        if elapsed < 0:
            return "starting", "-"
        if elapsed < self._warmup_s:
            return "warm-up", _load(self._stages[0])
        end = self._warmup_s
        for number, stage in enumerate(self._stages, start=1):
            end += stage.duration_s if stage.duration_s is not None else float("inf")
            if elapsed < end:
                return f"{number} of {len(self._stages)}", _load(stage)
        return "draining", "-"

    def _refresh_until_over(self) -> None:
        said = self._began
        while not self._over.wait(_REFRESH_S):
            now = clock.now()
            if self._is_live:
                self._live.update(_table(self.cells(now)), refresh=True)
            elif now - said >= PLAIN_EVERY_S:
                said = now
                self._console.print(_line(self.cells(now)))


def _ended(sample: Sample) -> _Ended:
    at = clock.now() if sample.t_done is None else sample.t_done
    has_ttft = sample.streamed and sample.t_first_content is not None and sample.t_sent is not None
    ttft_s = sample.t_first_content - sample.t_sent if has_ttft else None  # type: ignore[operator]  # both were checked
    return _Ended(at, ttft_s, sample.output_tokens or 0)


def _load(stage: Stage) -> str:
    if stage.users is not None:
        return f"{stage.users} user{'' if stage.users == 1 else 's'}"
    return f"{stage.rate:g}/s"


def _milliseconds(values_s: Sequence[float], p: int) -> str:
    try:
        return f"{percentile(values_s, p) * 1e3:.0f} ms"
    except TooFewValuesError:
        return "-"


def _table(cells: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, no_wrap=name != _COLUMNS[-1])
    table.add_row(*cells)
    return table


def _line(cells: Sequence[str]) -> str:
    return ", ".join(f"{name} {cell}" for name, cell in zip(_COLUMNS, cells, strict=True))
