"""Write finished requests to a slow sink in batches, in a background thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.logs.events import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FLUSH_S = 0.1
CLOSE_S = 3.0


class TryAgainError(Exception):
    """`write` could not write the batch now, but may later."""


class BackgroundWriter(Generic[T]):
    """Bounded queue in front of `write`; records that do not fit or cannot be written are counted and logged.

    Args:
        name: of the sink, for its thread and for log events such as `ledger_dropped`.
        write: takes a batch, the records of the last `FLUSH_S` seconds; an exception loses only this batch, and
            `TryAgainError` keeps it for another try.
        limit: how many records may wait.

    Attributes:
        written: records that `write` took.
        dropped: records that did not fit, or that `write` failed on.
    """

    def __init__(self, name: str, write: Callable[[list[T]], None], *, limit: int) -> None:
        self.written = 0
        self.dropped = 0
        self._name = name
        self._write = write
        self._limit = limit
        self._logged_drops = 0
        self._waiting: deque[T] = deque()
        self._again: list[T] = []
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_writing(self) -> bool:
        """Whether the thread still runs; after `close`, this means that `write` was too slow."""
        return self._thread.is_alive()

    def put(self, record: T) -> None:
        """Queue the record, or drop it if the queue is full; never waits."""
        if len(self._waiting) + len(self._again) >= self._limit:
            self.dropped += 1
            return
        self._waiting.append(record)
        if not self._wake.is_set():
            self._wake.set()

    async def close(self) -> None:
        """Write the remaining records, waiting for no longer than `CLOSE_S`."""
        self._closing.set()
        self._wake.set()
        await asyncio.to_thread(self._thread.join, CLOSE_S)
        if self.is_writing:
            log_event(f"{self._name}_unfinished", level=logging.ERROR, records=len(self._waiting) + len(self._again))

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(FLUSH_S)
            self._wake.clear()
            self._flush()
        self._flush()

    def _flush(self) -> None:
        batch = [*self._again, *(self._waiting.popleft() for _ in range(len(self._waiting)))]
        if batch:
            try:
                self._write(batch)
            except TryAgainError as error:
                log_event(f"{self._name}_waits", level=logging.WARNING, reason=str(error), records=len(batch))
                if not self._closing.is_set():
                    self._again = batch
                    self._wake.set()
                    return
                self.dropped += len(batch)
            except Exception as error:  # noqa: BLE001  # a full disk must end neither the thread nor the gateway
                self.dropped += len(batch)
                log_event(f"{self._name}_failed", level=logging.ERROR, reason=repr(error), records=len(batch))
            else:
                self.written += len(batch)
            self._again = []
        if new_drops := self.dropped - self._logged_drops:
            log_event(f"{self._name}_dropped", level=logging.WARNING, count=new_drops, total=self.dropped)
            self._logged_drops += new_drops
