"""The endpoints that ask a model: bytes in, one parse, bytes out; an error before the first event is an HTTP status."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from gateway.api.body import ClientGone, parse, read_body
from gateway.api.context import CONTEXT
from gateway.api.disconnect import CancelOnDisconnect
from gateway.api.headers import asks_strict
from gateway.dispatch.attempts import LARGE_BODY, Attempts
from gateway.errors.base import BackendTimeout, GatewayError, InternalError, ShuttingDown
from gateway.errors.tracebacks import drop_tracebacks
from gateway.formats.openai.templates import FIELD, templates_unsupported
from gateway.logs.events import log
from gateway.text.numbers import exact_fields

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Receive, Scope, Send

    from gateway.api.context import RequestContext
    from gateway.config.server import Limits, Timeouts
    from gateway.formats.base import Format, Headers
    from gateway.formats.openai.templates import PromptTemplates
    from gateway.limits.admission import Admission
    from gateway.operations import Operation
    from gateway.request.record import RequestRecord
    from gateway.routing.routes import Routes

_STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
# How long a client that does not read may delay the error event of its stream.
_LAST_EVENT_S = 1.0


class Endpoint:
    """ASGI endpoint of one operation, outside FastAPI's parameter handling, which costs half the throughput.

    Args:
        operation: of this endpoint.
        client_format: of its requests and answers.
        routes: from models to backends.
        limits: of a request's body.
        timeouts: of an answer.
        prompts: templates that a request may name; None if this endpoint takes none.
        admission: reserves what a request takes of its key's limits.
    """

    def __init__(  # noqa: PLR0913  # it is where all of these meet
        self,
        operation: Operation,
        client_format: Format,
        routes: Routes,
        *,
        limits: Limits,
        timeouts: Timeouts,
        prompts: PromptTemplates | None,
        admission: Admission,
    ) -> None:
        self._operation = operation
        self._format = client_format
        self._routes = routes
        self._limits = limits
        self._timeouts = timeouts
        self._prompts = prompts
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        operation = self._operation
        context: RequestContext = scope[CONTEXT]
        record, headers = context.record, scope["headers"]
        body = await read_body(headers, receive, self._limits.body_bytes, is_complete=context.completed_at > 0)
        query = scope["query_string"]
        if len(body) > LARGE_BODY:
            fields, client_format = await asyncio.to_thread(self._parse, headers, body, query)
        else:
            fields, client_format = self._parse(headers, body, query)
        route = self._routes.to(fields["model"], operation)
        record.operation = operation
        record.model = fields["model"]
        record.strict = asks_strict(headers)
        record.streamed = operation.streams and bool(fields.get("stream"))
        record.meter.asks_usage = record.streamed and context.key.has_budget
        if FIELD in fields:
            if self._prompts is None:
                raise templates_unsupported()
            options = fields[FIELD] or {}
            body, fields = self._prompts.apply(exact_fields(body, fields))
            # Only after `apply`, which checks that it is a configured name.
            record.template = options.get("template")
        attempts = Attempts(route, record, body, fields, self._timeouts, client_format)
        async with CancelOnDisconnect(context.on_disconnect, receive) as client:
            context.reservation = await self._admission.reserve(context.key, operation, fields)
            await context.reservation.wait_for_slot()
            if record.streamed:
                await self._stream(attempts.stream(context.write_now), record, send, client, client_format)
            else:
                answer = await attempts.complete()
                head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
                await send({"type": "http.response.start", "status": 200, "headers": head})
                await send({"type": "http.response.body", "body": answer})

    def _parse(self, headers: Headers, body: bytes, query: bytes) -> tuple[dict[str, Any], Format]:
        """Parse and check the body; returns its fields, and the format for its answer."""
        fields = parse(body, self._limits.json_depth, question_field=self._operation.question_field)
        return fields, self._format.validate(headers, fields, query)

    async def _stream(
        self,
        stream: AsyncGenerator[bytes, None],
        record: RequestRecord,
        send: Send,
        client: CancelOnDisconnect,
        client_format: Format,
    ) -> None:
        """Answer with events; after the first one, any failure becomes an error event."""
        async with aclosing(stream) as events:
            first = await anext(events)
            await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
            error: GatewayError | None = None
            try:
                async with asyncio.timeout(self._timeouts.total_s):
                    await send({"type": "http.response.body", "body": first, "more_body": True})
                    async for block in events:
                        await send({"type": "http.response.body", "body": block, "more_body": True})
            except GatewayError as failure:
                drop_tracebacks(failure)
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
                end = client_format.failure(error, record.id) if error else client_format.end
                await send({"type": "http.response.body", "body": end})
        except TimeoutError:
            raise ClientGone from None

    def path_item(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The endpoint for the OpenAPI page: its path item, and the component schemas that it refers to."""
        return self._format.path_item(self._operation)
