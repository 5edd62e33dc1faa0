"""The request log: one JSON line on standard error for each request, without prompts and keys.

Lines are collected and handed every `FLUSH_S` seconds to the thread that writes standard error.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson

from gateway.logs.stderr import EXIT_FLUSH_S, STDERR
from gateway.request.attempt import milliseconds

if TYPE_CHECKING:
    from gateway.request.record import RequestRecord

FLUSH_S = 0.05
WAITING_LIMIT = 50_000
# Lines with contents may be as long as the prompt and the answer.
WAITING_BYTES = 64 << 20


class RequestLog:
    """Collects the lines of requests and writes them outside the event loop.

    Attributes:
        dropped: lines that did not fit into the queue.
        contents_bytes: how much of each prompt and answer a line holds; 0 for none.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self.contents_bytes = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._logged_drops = 0

    def add(self, record: RequestRecord) -> None:
        """Queue the record's line, to be written within `FLUSH_S`; drop it if the queue is full."""
        if len(self._waiting) >= WAITING_LIMIT or self._waiting_bytes >= WAITING_BYTES:
            self.dropped += 1
            record.request_fields = record.answer_start = None
            return
        written = line(record, self.contents_bytes)
        record.request_fields = record.answer_start = None
        self._waiting.append(written)
        self._waiting_bytes += len(written)
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_soon())

    async def close(self) -> None:
        """Write the remaining lines, unless standard error is not read."""
        if self._writer is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._writer, EXIT_FLUSH_S)

    async def _write_soon(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(FLUSH_S)
                if STDERR.is_behind:
                    continue
                lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
                if new_drops := self.dropped - self._logged_drops:
                    missing = {"level": "WARNING", "event": "log_dropped", "count": new_drops}
                    lines.append(orjson.dumps(missing, option=orjson.OPT_APPEND_NEWLINE))
                    self._logged_drops = self.dropped
                STDERR.put(b"".join(lines))
        finally:
            self._writer = None


def line(record: RequestRecord, contents_bytes: int = 0) -> bytes:
    """The record as one JSON line, times in milliseconds, with up to `contents_bytes` each of prompt and answer."""
    usage = record.usage
    entry = {
        "time": round(record.time * 1000) / 1000,
        "level": "INFO",
        "event": "request",
        "id": record.id,
        "method": record.method,
        "path": record.path[:200],
        "status": record.status,
        "model": record.model,
        "backend": record.backend,
        "duration_ms": milliseconds(record.duration_s),
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
        request = b"" if record.request_fields is None else orjson.dumps(record.request_fields)
        entry["asked"] = request[:contents_bytes].decode(errors="replace")
        entry["answered"] = (record.answer_start or b"")[:contents_bytes].decode(errors="replace")
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
