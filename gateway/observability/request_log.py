"""One JSON line on standard error for each request, without prompts and keys.

Lines are gathered and handed a few times a second to the thread that writes standard error.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson

from gateway.logs.stderr import LAST_WORDS_S, STDERR

if TYPE_CHECKING:
    from gateway.request.record import RequestRecord

FLUSH_S = 0.05
WAITING_LIMIT = 50_000
# Lines with prompts and answers are as long as these.
WAITING_BYTES = 64 << 20


class RequestLog:
    """Gathers the lines of requests and writes them off the event loop.

    Attributes:
        dropped: lines that did not fit.
        contents_bytes: so much of each prompt and answer stands in its line; 0 is nothing.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self.contents_bytes = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._told = 0

    def add(self, record: RequestRecord) -> None:
        """Have the record written within `FLUSH_S`, or counted as dropped if stderr has long been stuck."""
        if len(self._waiting) >= WAITING_LIMIT or self._waiting_bytes >= WAITING_BYTES:
            self.dropped += 1
            record.asked = record.answered = None
            return
        written = line(record, self.contents_bytes)
        record.asked = record.answered = None
        self._waiting.append(written)
        self._waiting_bytes += len(written)
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_soon())

    async def close(self) -> None:
        """Write what still waits, unless nobody reads it."""
        if self._writer is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._writer, LAST_WORDS_S)

    async def _write_soon(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(FLUSH_S)
                if STDERR.is_behind:
                    continue
                lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
                if self.dropped > self._told:
                    missing = {"level": "WARNING", "event": "log_dropped", "count": self.dropped - self._told}
                    lines.append(orjson.dumps(missing, option=orjson.OPT_APPEND_NEWLINE))
                    self._told = self.dropped
                STDERR.put(b"".join(lines))
        finally:
            self._writer = None


def line(record: RequestRecord, contents_bytes: int = 0) -> bytes:
    """The record as one JSON line, times in milliseconds; with so many bytes of prompt and answer."""
    usage = record.usage
    entry = {
        "time": round(record.time, 3),
        "level": "INFO",
        "event": "request",
        "id": record.id,
        "method": record.method,
        "path": record.path[:200],
        "status": record.status,
        "model": record.model,
        "backend": record.backend,
        "duration_ms": round(record.duration_s * 1000, 3),
        "gateway_ms": record.gateway_ms,
        "streamed": record.streamed,
        "code": record.code,
        "key_id": record.key_id,
        "prompt_tokens": usage and usage.prompt_tokens,
        "completion_tokens": usage and usage.completion_tokens,
        "tokens_source": usage and usage.source,
        "cost_usd": record.cost_usd,
        "template": record.template,
        "neutralised": record.neutralised,
        "traceparent": record.traceparent,
        "attempts": [attempt.entry(record.started) for attempt in record.attempts],
    }
    if contents_bytes:
        asked = b"" if record.asked is None else orjson.dumps(record.asked)
        entry["asked"] = asked[:contents_bytes].decode(errors="replace")
        entry["answered"] = (record.answered or b"")[:contents_bytes].decode(errors="replace")
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
