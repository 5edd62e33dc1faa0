"""Collects what went over the wire, so that a row can leave it behind as evidence."""

from __future__ import annotations

import threading

from keywords.engine.exchange import Exchange

REDACTED = b"<secret>"


class Collector:
    """Gathers the exchanges of one row; any thread may add to it.

    Memory is bounded: of a flood of requests the first and the last ones are kept, and all are counted.

    Args:
        keep_first: how many exchanges from the start of a row are kept.
        keep_last: how many from its end.
    """

    def __init__(self, keep_first: int = 20, keep_last: int = 20) -> None:
        self._lock = threading.Lock()
        self._keep_first = keep_first
        self._keep_last = keep_last
        self._first: list[Exchange] = []
        self._last: list[Exchange] = []
        self._count = 0
        self._secrets: set[bytes] = set()

    @property
    def count(self) -> int:
        """How many exchanges were added since the last start, kept or not."""
        return self._count

    @property
    def secrets(self) -> frozenset[bytes]:
        """The protected values."""
        return frozenset(self._secrets)

    def start(self) -> None:
        """Forget what came before: a new row begins."""
        with self._lock:
            self._first, self._last, self._count = [], [], 0

    def add(self, exchange: Exchange) -> None:
        """Take one finished exchange; fits `ChatClient(observe=...)`."""
        with self._lock:
            self._count += 1
            if len(self._first) < self._keep_first:
                self._first.append(exchange)
                return
            self._last.append(exchange)
            if len(self._last) > self._keep_last:
                del self._last[0]

    def drain(self) -> list[Exchange]:
        """Hand out the kept exchanges in the order they came, and forget them; `count` stays until the next start."""
        with self._lock:
            kept = self._first + self._last
            self._first, self._last = [], []
            return kept

    def protect(self, secret: str) -> None:
        """Never let this value into a file: it is replaced by `<secret>` wherever evidence is written."""
        if secret:
            self._secrets.add(secret.encode())

    def redact(self, data: bytes) -> bytes:
        """The same bytes without any protected value."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            data = data.replace(secret, REDACTED)
        return data


COLLECTOR = Collector()
"""The collector of this process: clients add to it, the listener drains it after each row."""
