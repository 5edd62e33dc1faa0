"""Collector of a row's exchanges for its evidence."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from keywords.engine import clock
from keywords.engine.redaction.secrets import SECRETS, Secrets

if TYPE_CHECKING:
    from keywords.engine.http.exchange import Exchange

UNDER_WAY = "it had not ended when the row did"
"""Failure of an exchange that goes on while its row's evidence is written."""


class Collector:
    """Collects the exchanges of one row; any thread may add to it.

    Memory is bounded: the first and the last exchanges are kept, and all are counted.

    Args:
        keep_first: how many exchanges from the start of a row are kept.
        keep_last: how many from its end.
        secrets: what no evidence may contain.
    """

    def __init__(self, keep_first: int = 20, keep_last: int = 20, secrets: Secrets | None = None) -> None:
        self.secrets = secrets or Secrets()
        self._lock = threading.Lock()
        self._keep_first = keep_first
        self._keep_last = keep_last
        self._first: list[tuple[int, Exchange]] = []
        self._last: list[tuple[int, Exchange]] = []
        self._count = 0

    @property
    def count(self) -> int:
        """The number of exchanges added since the last start, kept or not."""
        return self._count

    def start(self) -> None:
        """Forget all exchanges at the start of a row."""
        with self._lock:
            self._first, self._last, self._count = [], [], 0

    def add(self, exchange: Exchange) -> None:
        """Add an exchange as it begins, so that the row has it however it ends; fits `ChatClient(observe=...)`."""
        with self._lock:
            self._count += 1
            if len(self._first) < self._keep_first:
                self._first.append((self._count, exchange))
                return
            self._last.append((self._count, exchange))
            if len(self._last) > self._keep_last:
                del self._last[0]

    def numbered(self) -> list[tuple[int, Exchange]]:
        """The kept exchanges in order, each with its number within the row, counted from 1.

        One that is still under way, in a thread or a client that the row left behind, is given as it stands.
        """
        with self._lock:
            return [(number, _as_it_stands(exchange)) for number, exchange in self._first + self._last]


def _as_it_stands(exchange: Exchange) -> Exchange:
    if not exchange.under_way:
        return exchange
    total_s = clock.now() - exchange.sent_at
    return replace(exchange, chunks=list(exchange.chunks), total_s=total_s, failure=UNDER_WAY, under_way=False)


COLLECTOR = Collector(secrets=SECRETS)
"""The collector of this process: clients add to it, the listener empties it before each row."""
