"""Log events about the gateway itself: JSON lines on standard error, without prompts and keys.

A thread writes all lines, so a slow reader of standard error never delays a request.
"""

from __future__ import annotations

import logging

import orjson

from gateway.logs.stderr import STDERR

log = logging.getLogger("gateway")


class StderrHandler(logging.Handler):
    """Hands each line to the thread that writes standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line; never waits."""
        try:
            STDERR.put(f"{self.format(record)}\n".encode())
        except Exception:  # noqa: BLE001  # logging's convention: a line that cannot be written breaks nothing else
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    """A log record as one JSON line; `extra={"fields": {…}}` adds keys."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, with its traceback."""
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
    handler = StderrHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    log.setLevel(logging.INFO)


def log_event(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one line about the gateway itself, such as `{"event": "listening", "url": …}`."""
    log.log(level, event, extra={"fields": {"event": event, **fields}})
