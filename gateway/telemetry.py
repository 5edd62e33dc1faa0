"""What the gateway tells about itself: JSON lines on stderr, one per request, without prompts and keys.

The lines of requests are gathered and written a few times a second by a thread, so a slow reader of stderr never holds
up a request; rare lines (start, stop, failures) are written at once.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from gateway.attempts import Attempt

FLUSH_S = 0.05
WAITING_LIMIT = 50_000
log = logging.getLogger("gateway")


@dataclass(slots=True)
class RequestRecord:
    """What is known of one request; filled while it is answered, written as one line at its end.

    Attributes:
        id: `x-request-id`.
        method: HTTP method.
        path: without the query, which may hold anything.
        started: `time.perf_counter()` at its arrival.
        status: HTTP status; 499 if the client left first.
        model: the asked model, once it has a route.
        backend: the backend of the last attempt.
        streamed: whether the answer is a stream.
        code: the error's code, also of an error in mid-stream.
        key_id: name of the client's key; never the key.
        attempts: the requests to backends that were made for it, in order.
        strict: the client wants a refusal rather than a dropped parameter.
        dropped: parameters that the backend of the last attempt could not take.
    """

    id: str
    method: str
    path: str
    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    model: str | None = None
    backend: str | None = None
    streamed: bool = False
    code: str | None = None
    key_id: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    strict: bool = False
    dropped: list[str] = field(default_factory=list)

    def line(self) -> bytes:
        """The record as one JSON line; duration in milliseconds."""
        entry = {
            "time": round(time.time(), 3),
            "level": "INFO",
            "event": "request",
            "id": self.id,
            "method": self.method,
            "path": self.path[:200],
            "status": self.status,
            "model": self.model,
            "backend": self.backend,
            "duration_ms": round((time.perf_counter() - self.started) * 1000, 3),
            "streamed": self.streamed,
            "code": self.code,
            "key_id": self.key_id,
            "attempts": [attempt.entry(self.started) for attempt in self.attempts],
        }
        return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


class RequestLog:
    """Gathers the lines of requests and writes them off the event loop."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._writer: asyncio.Task[None] | None = None
        self._dropped = 0

    def add(self, record: RequestRecord) -> None:
        """Have the record written within `FLUSH_S`, or counted as dropped if stderr has long been stuck."""
        if len(self._waiting) >= WAITING_LIMIT:
            self._dropped += 1
            return
        self._waiting.append(record.line())
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_soon())

    async def close(self) -> None:
        """Write what still waits."""
        if self._writer is not None:
            await self._writer

    async def _write_soon(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(FLUSH_S)
                lines, self._waiting = self._waiting, []
                if self._dropped:
                    lines.append(orjson.dumps({"level": "WARNING", "event": "log_dropped", "count": self._dropped}))
                    lines.append(b"\n")
                    self._dropped = 0
                await asyncio.to_thread(_write, b"".join(lines))
        finally:
            self._writer = None


class JsonFormatter(logging.Formatter):
    """A log record as one JSON line; `extra={"fields": {…}}` adds keys."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, a traceback within it."""
        entry = {
            "time": round(record.created, 3),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(entry, default=str).decode()


def configure_logging() -> None:
    """Send every logger's lines to stderr as JSON: the gateway from INFO, everything else from WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    log.setLevel(logging.INFO)


def say(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one line about the gateway itself, such as `{"event": "listening", "url": …}`."""
    log.log(level, event, extra={"fields": {"event": event, **fields}})


def _write(lines: bytes) -> None:
    sys.stderr.buffer.write(lines)
    sys.stderr.buffer.flush()
