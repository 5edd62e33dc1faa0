"""Sampler: reads a server's `/metrics` again and again while load runs."""

from __future__ import annotations

import http.client
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from keywords.engine import clock
from keywords.engine.load.failures import describe
from keywords.engine.load.server_metrics.own_times import own_times
from keywords.engine.load.server_metrics.page import read_page
from keywords.engine.load.server_metrics.signals import lines_with_signals, read_signals

if TYPE_CHECKING:
    from types import TracebackType

    from keywords.engine.load.server_metrics.histogram import Histogram
    from keywords.engine.load.server_metrics.signals import Signal, SignalValue

EVERY_S = 0.25
"""Period of the samples; a page takes a gateway some 2 ms."""


class ServerSampler:
    """Reads the page in a thread of its own, and parses it only after the run, so that it does not delay the client.

    Args:
        url: address of the server without a path.
        api_key: sent as bearer token; None sends none.
        path: of the page.
        every_s: period.

    Attributes:
        problem: why there is no page, or one is not as it should be, as a sentence; None if all is well.
        missed: pages that could not be read after the first one.
    """

    def __init__(
        self, url: str, *, api_key: str | None = None, path: str = "/metrics", every_s: float = EVERY_S
    ) -> None:
        self._parts = urlsplit(url)
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._path = path
        self._every_s = every_s
        self._pages: list[tuple[float, bytes]] = []
        self._ends: list[bytes] = []
        self._values: list[SignalValue] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="server-metrics", daemon=True)
        self.problem: str | None = f"{path} was not asked for"
        self.missed = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Read the page once, and go on in the background if there is one."""
        self._read()
        if self.problem is None:
            self._thread.start()

    def stop(self) -> None:
        """Read the page a last time, and end."""
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
            self._read()

    @property
    def pages_at(self) -> tuple[float, ...]:
        """When each page that came was asked for, by `clock.now()`."""
        return tuple(at_s for at_s, _ in self._pages)

    def values(self, signal: Signal | None = None) -> list[SignalValue]:
        """The values in the order of time; of one signal, or of all. A page in another format has none."""
        if self._values is None or not self._stop.is_set():
            self._values = [value for at_s, page in self._pages for value in self._values_of(page, at_s)]
        return [value for value in self._values if signal in {None, value.signal}]

    def times(self) -> dict[str, Histogram]:
        """What the server's own histograms grew by from the first page to the last one, by their names."""
        if not self._ends:
            return {}
        try:
            return own_times(self._ends[0], self._ends[-1])
        except (ValueError, LookupError) as error:  # the parser's own checks have gaps
            self.problem = f"{self._path} is not in Prometheus' format: {describe(error)}"
            return {}

    def _values_of(self, page: bytes, at_s: float) -> list[SignalValue]:
        try:
            return list(read_signals(page, at_s))
        except (ValueError, LookupError) as error:  # the parser's own checks have gaps
            self.problem = f"{self._path} is not in Prometheus' format: {describe(error)}"
            return []

    def _sample(self) -> None:
        next_at = clock.now() + self._every_s
        while not self._stop.wait(max(0.0, next_at - clock.now())):
            self._read()
            next_at = max(next_at + self._every_s, clock.now())

    def _read(self) -> None:
        at_s = clock.now()
        try:
            status, page = read_page(self._parts, self._path, self._headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._note(f"{self._path} could not be read: {type(error).__name__}")
            return
        if status != HTTPStatus.OK:
            self._note(f"{self._path} answered {status}")
            return
        self.problem = None
        self._pages.append((at_s, lines_with_signals(page)))
        # Of histograms, which are long, only the growth is read.
        self._ends[1:] = [page]

    def _note(self, problem: str) -> None:
        if self._pages:
            self.missed += 1
        else:
            self.problem = problem
