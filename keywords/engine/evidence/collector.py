"""Collector of a row's exchanges for its evidence."""

from __future__ import annotations

import hashlib
import html
import json
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.http.exchange import Exchange

REDACTED = b"<secret>"
EVIDENCE_FOLDER = "evidence"
SLUG_CHARACTERS = 60


class Collector:
    """Collects the exchanges of one row; any thread may add to it.

    Memory is bounded: the first and the last exchanges are kept, and all are counted.

    Args:
        keep_first: how many exchanges from the start of a row are kept.
        keep_last: how many from its end.
    """

    def __init__(self, keep_first: int = 20, keep_last: int = 20) -> None:
        self._lock = threading.Lock()
        self._keep_first = keep_first
        self._keep_last = keep_last
        self._first: list[tuple[int, Exchange]] = []
        self._last: list[tuple[int, Exchange]] = []
        self._count = 0
        self._secrets: set[bytes] = set()

    @property
    def count(self) -> int:
        """The number of exchanges added since the last start, kept or not."""
        return self._count

    def start(self) -> None:
        """Forget all exchanges at the start of a row."""
        with self._lock:
            self._first, self._last, self._count = [], [], 0

    def add(self, exchange: Exchange) -> None:
        """Add a finished exchange; fits `ChatClient(observe=...)`."""
        with self._lock:
            self._count += 1
            if len(self._first) < self._keep_first:
                self._first.append((self._count, exchange))
                return
            self._last.append((self._count, exchange))
            if len(self._last) > self._keep_last:
                del self._last[0]

    def numbered(self) -> list[tuple[int, Exchange]]:
        """The kept exchanges in order, each with its number within the row, counted from 1."""
        with self._lock:
            return self._first + self._last

    def protect(self, secret: str) -> None:
        """Keep a value out of all files, as plain text and as JSON, HTML or a URL writes it."""
        if secret:
            forms = {secret, json.dumps(secret)[1:-1], html.escape(secret), quote(secret, safe="")}
            self._secrets |= {form.encode() for form in forms}

    def redact(self, data: bytes, mark: bytes = REDACTED) -> bytes:
        """Replace every protected value by a mark."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            data = data.replace(secret, mark)
        return data


COLLECTOR = Collector()
"""The collector of this process: clients add to it, the listener empties it before each row."""


def folder_of_row(output_dir: Path, suite: str, row: str) -> Path:
    """The folder of a row's evidence: readable, unique within a run, and valid on every file system.

    Args:
        output_dir: Robot's `${OUTPUT DIR}`.
        suite: the full name of the row's suite.
        row: the name of the row.
    """
    words = re.sub(r"[^a-z0-9]+", "-", row.lower()).strip("-")[:SLUG_CHARACTERS].strip("-")
    mark = hashlib.sha256(f"{suite}.{row}".encode()).hexdigest()[:6]
    return output_dir / EVIDENCE_FOLDER / (f"{words}-{mark}" if words else mark)
