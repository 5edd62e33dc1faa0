"""What frames every request: its id, the key check, the OpenAI shape of every error, the headers, the log line.

Pure ASGI: it never buffers and never hides that the client went away.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING

from gateway.backends.capabilities import DROPPED_HEADER, dropped_header
from gateway.body import ClientGone
from gateway.errors import GatewayError, InternalError, ShuttingDown
from gateway.telemetry import RequestLog, RequestRecord, log

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from gateway.auth import KeyRing

RECORD = "gateway.record"
CLIENT_CLOSED_REQUEST = 499
_SANE_ID = re.compile(rb"[\w.:-]{1,128}", re.ASCII)


class RequestFrame:
    """ASGI middleware around the whole application; puts the request's `RequestRecord` into `scope[RECORD]`."""

    def __init__(self, app: ASGIApp, *, keys: KeyRing, request_log: RequestLog) -> None:
        self.app = app
        self._keys = keys
        self._log = request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        record = RequestRecord(request_id(scope), scope["method"], scope["path"])
        scope[RECORD] = record

        framed = _framed(send, record)
        try:
            # Every path under it, so that nobody without a key learns which of them exist.
            if record.path.startswith("/v1"):
                self._keys.check(scope)
            await self.app(scope, receive, framed)
        except ClientGone:
            record.status = CLIENT_CLOSED_REQUEST
        except GatewayError as error:
            await _answer(error, record, framed)
        except asyncio.CancelledError:
            # Only the server cancels a request: its time to finish after the stop signal is over.
            await _answer(ShuttingDown(), record, framed)
        except Exception:  # noqa: BLE001  # whatever it is, the client gets an error object and the log its traceback
            log.exception("request failed", extra={"fields": {"event": "request_failed", "id": record.id}})
            await _answer(InternalError(), record, framed)
        finally:
            self._log.add(record)


def _framed(send: Send, record: RequestRecord) -> Send:
    """`send`, with our headers on every answer and the status noted."""

    async def send_framed(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
            headers = [*message["headers"], (b"x-request-id", record.id.encode())]
            if record.model is not None:
                headers.append((b"x-gateway-model", record.model.encode()))
            if record.backend is not None:
                headers.append((b"x-gateway-backend", record.backend.encode()))
                headers.append((b"x-gateway-attempts", b"%d" % len(record.attempts)))
            if record.dropped:
                headers.append((DROPPED_HEADER, dropped_header(record.dropped)))
            message["headers"] = headers
        await send(message)

    return send_framed


def request_id(scope: Scope) -> str:
    """The client's `x-request-id` if it is harmless in a log and a header, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid.uuid4().hex


async def _answer(error: GatewayError, record: RequestRecord, send: Send) -> None:
    if record.status:
        # The answer has begun; breaking it off is the only honest end.
        raise error
    record.code = error.code
    body = error.body()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
