"""The middleware around every request: its id, the key check, the shape of errors, the headers, the record.

Pure ASGI: it never buffers and never hides a disconnect.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from random import getrandbits
from time import perf_counter
from typing import TYPE_CHECKING

from gateway.api.body import ClientGone
from gateway.api.context import CONTEXT, RequestContext
from gateway.api.headers import DROPPED_HEADER, dropped_header
from gateway.api.metrics import PATH as METRICS_PATH
from gateway.config.observability import COST_DECIMALS
from gateway.errors.base import GatewayError, InternalError, ShuttingDown
from gateway.errors.tracebacks import drop_tracebacks
from gateway.formats.endpoints import format_of
from gateway.limits.keyring import ANONYMOUS
from gateway.logs.events import log
from gateway.request.record import CLIENT_CLOSED_REQUEST, RequestRecord
from gateway.request.trace import TRACEPARENT, TRACESTATE, begin_trace

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from gateway.backends.base import WriteNow
    from gateway.limits.keyring import KeyRing
    from gateway.observability.observers import Observers
    from gateway.state import Shutdown

# Compared for each answer; a plain number is faster than the enum.
_OK = int(HTTPStatus.OK)
# A send that takes longer is waiting for the client to read.
_PUNCTUAL_SEND_S = 0.001
_SANE_ID = re.compile(rb"[\w.:-]{1,128}", re.ASCII)


class RequestMiddleware:
    """ASGI middleware around the whole application; gives each request its `RequestContext`."""

    def __init__(
        self, app: ASGIApp, *, keys: KeyRing, observers: Observers, shutdown: Shutdown, metrics_need_key: bool
    ) -> None:
        self.app = app
        self._keys = keys
        self._observers = observers
        self._shutdown = shutdown
        self._metrics_need_key = metrics_need_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context: RequestContext = scope.get(CONTEXT) or RequestContext()
        scope[CONTEXT] = context
        context.record = record = _record(scope, context.completed_at)
        context.format = format_of(record.path, scope["headers"])
        begin_trace(record, is_tracing=self._observers.is_tracing)
        self._observers.begin(record)

        watched_send = self._watched_send(send, context)
        if context.write_now is not None:
            context.write_now = self._watched_write(context.write_now, record)
        try:
            # Unknown paths too, so that a client without a key cannot learn which ones exist.
            if record.is_api_request or (self._metrics_need_key and record.path == METRICS_PATH):
                context.key = key = self._keys.anonymous or self._keys.check(context.format.secret(scope["headers"]))
                record.key_id = None if key.id == ANONYMOUS else key.id
                if self._shutdown.started:
                    raise ShuttingDown  # noqa: TRY301  # answered below, like every refusal
            await self.app(scope, receive, watched_send)
        except ClientGone as error:
            drop_tracebacks(error)
            record.status = CLIENT_CLOSED_REQUEST
        except GatewayError as error:
            drop_tracebacks(error)
            await _answer(error, context, watched_send)
        except asyncio.CancelledError as error:
            drop_tracebacks(error)
            # Only the server cancels a request: when the time limit of the shutdown is over.
            await _answer(ShuttingDown(), context, watched_send)
        except Exception as error:  # noqa: BLE001  # any defect: the client gets an error object, the log the traceback
            log.exception("request failed", extra={"fields": {"event": "request_failed", "id": record.id}})
            drop_tracebacks(error)
            await _answer(InternalError(), context, watched_send)
        finally:
            # Break the reference cycle with the server's request cycle; garbage collection would cost time.
            context.write_now = None
            try:
                self._observers.end(record, context.completed_at, context.reservation)
            finally:
                # The slot must be released even if a sink fails.
                if context.reservation is not None:
                    context.reservation.release(*record.spent)

    def _watched_write(self, write_now: WriteNow, record: RequestRecord) -> WriteNow:
        """Wrap `write_now` so that the record notes each block of a stream."""

        def write_noted(block: bytes) -> bool:
            if not write_now(block):
                return False
            record.meter.note_block(block)
            if record.answer_start is not None:
                self._observers.capture(record, block)
            return True

        return write_noted

    def _watched_send(self, send: Send, context: RequestContext) -> Send:
        """Wrap `send`: add the gateway's headers, and note the status and each block of a stream."""
        record = context.record

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                if record.streamed and record.status == _OK:
                    record.first_event_s = perf_counter() - record.started
                else:
                    self._observers.settle(record, context.completed_at)
                message["headers"] = [*message["headers"], *_headers(context)]
            elif record.first_event_s is not None:
                if message.get("more_body"):
                    record.meter.note_block(message["body"])
                if record.answer_start is not None:
                    self._observers.capture(record, message.get("body", b""))
                began = perf_counter()
                try:
                    await send(message)
                finally:
                    ended = perf_counter()
                    if ended - began > _PUNCTUAL_SEND_S:
                        record.meter.add_wait(began, ended)
                return
            elif record.answer_start is not None:
                self._observers.capture(record, message.get("body", b""))
            await send(message)

        return send_noted


def _headers(context: RequestContext) -> list[tuple[bytes, bytes]]:
    """The gateway's headers of an answer; a stream's lack time and cost, which are known only after its head."""
    record = context.record
    headers = context.format.headers(record.id.encode())
    if context.reservation is not None:
        headers += context.reservation.headers
    if record.model is not None:
        headers.append((b"x-gateway-model", record.model.encode()))
    if record.backend is not None:
        headers.append((b"x-gateway-backend", record.backend.encode()))
        headers.append((b"x-gateway-attempts", b"%d" % len(record.attempts)))
    if record.dropped:
        headers.append((DROPPED_HEADER, dropped_header(record.dropped)))
    if record.neutralised:
        headers.append((b"x-gateway-neutralised", b"%d" % record.neutralised))
    if record.ended:
        headers.append((b"x-gateway-time-ms", b"%.3f" % record.gateway_ms))
    if record.cost_usd is not None:
        headers.append((b"x-gateway-cost-usd", b"%.*f" % (COST_DECIMALS, record.cost_usd)))
    return headers


def _record(scope: Scope, completed_at: float) -> RequestRecord:
    """Make the record, with the client's `x-request-id` if that is safe in a log and a header, else with a new one."""
    request_id = traceparent = tracestate = None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            request_id = str(value, "ascii")
        elif name == b"traceparent" and TRACEPARENT.fullmatch(value):
            traceparent = str(value, "ascii")
        elif name == b"tracestate" and TRACESTATE.fullmatch(value):
            tracestate = str(value, "ascii")
    record = RequestRecord(
        request_id or f"{getrandbits(128):032x}",
        scope["method"],
        scope["path"],
        traceparent=traceparent,
        tracestate=tracestate,
    )
    if completed_at:
        record.time -= record.started - completed_at
        record.started = completed_at
    return record


async def _answer(error: GatewayError, context: RequestContext, send: Send) -> None:
    record = context.record
    if record.status:
        # The answer has begun: only a broken connection can tell the client that it is not whole.
        raise error
    record.code = error.code
    status, body = context.format.error(error, record.id)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    if "x-should-retry" not in error.headers:
        # OpenAI's clients obey this header; without it they repeat every 409 and 5xx twice.
        headers.append((b"x-should-retry", b"true" if "retry-after" in error.headers else b"false"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
