"""`POST /v1/chat/completions`: bytes in, one parse, bytes out; errors before the first event are real HTTP statuses."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import cache
from typing import TYPE_CHECKING, Any

from gateway.attempts import Attempts
from gateway.backends.capabilities import asks_strict
from gateway.body import ClientGone, parse, read_body
from gateway.errors import BackendTimeout, GatewayError, InternalError, ShuttingDown
from gateway.frame import KEY, RECORD
from gateway.presence import Presence
from gateway.schema import ChatRequest, check
from gateway.sse import DONE
from gateway.telemetry import log

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from gateway.admission import Admission
    from gateway.config_sections import Limits, Timeouts
    from gateway.record import RequestRecord
    from gateway.routing import Routes

PATH = "/v1/chat/completions"
_STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
# How long a client that does not read may hold up the end of its stream.
_LAST_EVENT_S = 1.0


class ChatEndpoint:
    """The ASGI endpoint; it stands outside FastAPI's own parameter handling, which costs half the throughput."""

    def __init__(self, routes: Routes, limits: Limits, timeouts: Timeouts, admission: Admission) -> None:
        self._routes = routes
        self._limits = limits
        self._timeouts = timeouts
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one chat request."""
        record: RequestRecord = scope[RECORD]
        body = await read_body(scope, receive, self._limits.body_bytes)
        fields = parse(body, self._limits.json_depth)
        check(fields)
        route = self._routes.to(fields["model"])
        record.model = fields["model"]
        record.strict = asks_strict(scope["headers"])
        record.streamed = bool(fields.get("stream"))
        attempts = Attempts(route, record, body, fields, self._timeouts)
        async with Presence(receive) as client:
            await self._admission.enter(scope[KEY], record, fields)
            if record.streamed:
                await self._stream(attempts, record, send, client)
            else:
                answer = await attempts.complete()
                headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": answer})

    async def _stream(self, attempts: Attempts, record: RequestRecord, send: Send, client: Presence) -> None:
        """Answer with events; from the first one on, whatever goes wrong becomes an error event before `[DONE]`."""
        async with aclosing(attempts.stream()) as events:
            first = await anext(events)
            await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
            error: GatewayError | None = None
            try:
                async with asyncio.timeout(self._timeouts.total_s):
                    await send({"type": "http.response.body", "body": first, "more_body": True})
                    async for block in events:
                        await send({"type": "http.response.body", "body": block, "more_body": True})
            except GatewayError as failure:
                error = failure
            except TimeoutError:
                error = BackendTimeout(f"The stream took over {self._timeouts.total_s:g} s. Read it faster.")
            except asyncio.CancelledError:
                if client.gone:
                    raise
                error = ShuttingDown()
            except Exception:  # noqa: BLE001  # a stream that has begun must still end with an error event
                log.exception("stream failed", extra={"fields": {"event": "stream_failed", "id": record.id}})
                error = InternalError()
        record.code = error.code if error else None
        try:
            async with asyncio.timeout(_LAST_EVENT_S if error else None):
                end = error.event() + DONE if error else DONE
                await send({"type": "http.response.body", "body": end})
        except TimeoutError:
            raise ClientGone from None


@cache
def operation() -> tuple[dict[str, Any], dict[str, Any]]:
    """The endpoint for the OpenAPI page: its path item, and the component schemas that it refers to."""
    schema = ChatRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    components: dict[str, Any] = schema.pop("$defs", {})
    components["ChatRequest"] = schema
    answers = {
        "200": {
            "description": "A chat.completion object; with `stream: true`, chat.completion.chunk events and [DONE].",
            "content": {"application/json": {}, "text/event-stream": {}},
        },
        "default": {"description": 'An error: `{"error": {"message", "type", "param", "code"}}`.'},
    }
    request = {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ChatRequest"}}},
    }
    return {
        "post": {"summary": "Chat completion", "tags": ["chat"], "requestBody": request, "responses": answers}
    }, components
