"""What frames every request: its id, the key check, the shape of every error, the headers, the log line.

Pure ASGI: it never buffers and never hides that the client went away.
"""

from __future__ import annotations

import asyncio
import re
from random import getrandbits
from time import perf_counter
from typing import TYPE_CHECKING

from gateway.api.body import COMPLETE, ClientGone
from gateway.api.headers import DROPPED_HEADER, dropped_header
from gateway.api.metrics import PATH as METRICS_PATH
from gateway.config.observability import COST_DECIMALS
from gateway.errors.base import GatewayError, InternalError, ShuttingDown
from gateway.formats.anthropic.errors import body_of, speaks_anthropic, status_of
from gateway.limits.keyring import ANONYMOUS
from gateway.logs.events import log
from gateway.request import trace
from gateway.request.record import CLIENT_CLOSED_REQUEST, RequestRecord
from gateway.request.trace import TRACEPARENT, TRACESTATE
from gateway.request.usage import METER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from gateway.backends.base import Outlet
    from gateway.limits.keyring import KeyRing
    from gateway.observability.observers import Observers
    from gateway.state import Shutdown

RECORD = "gateway.record"
KEY = "gateway.key"
SEND_PART = "gateway.send_part"
"""Where the server may put into the scope what sends a part of a body at once: an `Outlet` that knows no request."""
OUTLET = "gateway.outlet"
"""Where the request's own `Outlet` is then."""
# A send that takes longer waits for the client to read.
_PROMPT_SEND_S = 0.001
_SANE_ID = re.compile(rb"[\w.:-]{1,128}", re.ASCII)


class RequestMiddleware:
    """ASGI middleware around the whole application.

    Puts the request's `RequestRecord` into `scope[RECORD]`, and its `Key`, where one is needed, into `scope[KEY]`.
    """

    def __init__(
        self, app: ASGIApp, *, keys: KeyRing, observers: Observers, drain: Shutdown, metrics_need_key: bool
    ) -> None:
        self.app = app
        self._keys = keys
        self._observers = observers
        self._drain = drain
        self._metrics_need_key = metrics_need_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        record = _record(scope)
        scope[RECORD] = record
        METER.set(record.meter)
        trace.enter(record, takes_part=self._observers.are_tracing)
        self._observers.begin(record)

        framed = self._framed(send, record, scope)
        if send_part := scope.pop(SEND_PART, None):
            scope[OUTLET] = self._outlet(send_part, record)
        try:
            # Every path under it, so that nobody without a key learns which of them exist.
            if record.to_api or (self._metrics_need_key and record.path == METRICS_PATH):
                scope[KEY] = key = self._keys.check(scope)
                record.key_id = None if key.id == ANONYMOUS else key.id
                if self._drain.begun:
                    raise ShuttingDown  # noqa: TRY301  # answered below, like every refusal
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
            # It leads to the server's own part of the request, which leads back here: a ring that only costs time.
            scope.pop(OUTLET, None)
            try:
                self._observers.end(record, scope.get(COMPLETE, 0.0))
            finally:
                # Whatever goes wrong with an account, its place must not stay taken for ever.
                if record.admitted is not None:
                    record.admitted.leave(record)

    def _outlet(self, send_part: Outlet, record: RequestRecord) -> Outlet:
        """`send_part`, with what a stream sends watched."""

        def put(block: bytes) -> bool:
            if not send_part(block):
                return False
            record.meter.see(block)
            if record.answered is not None:
                self._observers.hear(record, block)
            return True

        return put

    def _framed(self, send: Send, record: RequestRecord, scope: Scope) -> Send:
        """`send`, with our headers on every answer and the status noted; what a stream sends is watched."""

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                if record.streamed and record.status == 200:  # noqa: PLR2004  # HTTP's own number
                    record.first_event_s = perf_counter() - record.started
                else:
                    self._observers.settle(record, scope.get(COMPLETE, 0.0))
                message["headers"] = [*message["headers"], *_headers(record)]
            elif record.first_event_s is not None:
                if message.get("more_body"):
                    record.meter.see(message["body"])
                if record.answered is not None:
                    self._observers.hear(record, message.get("body", b""))
                began = perf_counter()
                try:
                    await send(message)
                finally:
                    # The client may as well have left.
                    ended = perf_counter()
                    if ended - began > _PROMPT_SEND_S:
                        record.meter.wait(began, ended)
                return
            elif record.answered is not None:
                self._observers.hear(record, message.get("body", b""))
            await send(message)

        return send_framed


def _headers(record: RequestRecord) -> list[tuple[bytes, bytes]]:
    """What the gateway tells with every answer; times and costs of a stream are known only after its head."""
    request_id = record.id.encode()
    headers = [*record.limit_headers, (b"x-request-id", request_id)]
    if record.anthropic:
        headers.append((b"request-id", request_id))
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


def _record(scope: Scope) -> RequestRecord:
    """A record with the client's `x-request-id`, if that is harmless in a log and a header, else with a new one."""
    found = parent = state = None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            found = str(value, "ascii")
        elif name == b"traceparent" and TRACEPARENT.fullmatch(value):
            parent = str(value, "ascii")
        elif name == b"tracestate" and TRACESTATE.fullmatch(value):
            state = str(value, "ascii")
    record = RequestRecord(
        found or f"{getrandbits(128):032x}", scope["method"], scope["path"], traceparent=parent, tracestate=state
    )
    record.anthropic = speaks_anthropic(record.path)
    complete = scope.get(COMPLETE, record.started)
    record.time -= record.started - complete
    record.started = complete
    return record


async def _answer(error: GatewayError, record: RequestRecord, send: Send) -> None:
    if record.status:
        # The answer has begun; breaking it off is the only honest end.
        raise error
    record.code = error.code
    status, body = error.status, error.body()
    if record.anthropic:
        status, body = status_of(error), body_of(error, record.id)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    if "x-should-retry" not in error.headers:
        # OpenAI's clients obey it; without it they repeat every 409 and 5xx twice.
        headers.append((b"x-should-retry", b"true" if "retry-after" in error.headers else b"false"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
