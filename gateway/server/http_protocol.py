"""uvicorn's HTTP protocol with bounds on what a client without a key can hold; refusals in the endpoint's format."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.api.context import CONTEXT, RequestContext
from gateway.errors.base import GatewayError, InvalidRequest
from gateway.errors.http import HeadersTooLarge, RequestTimeout
from gateway.server.answer import Answer
from gateway.server.connections import HeldBytes
from gateway.server.ending import Ending
from gateway.server.flow import Flow
from gateway.server.parsing import TunnelRequestedError, parse
from gateway.server.pipelining import Pipeline, PipelineFullError
from gateway.server.refusal import refusal
from gateway.server.request_head import HEAD_BYTES, HEAD_FIELDS, RequestHead
from gateway.server.time_limit import TimeLimit

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from gateway.server.connections import Connections

# From a request's first byte, or from the connection's start, to the end of its headers.
HEAD_S = 30.0


class GatewayProtocol(HttpToolsProtocol):
    """One client's connection.

    Args:
        connections: all of this process.
    """

    flow: Flow
    pipeline: Pipeline

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        self._head = RequestHead()
        # The parser calls it at once, without a step between.
        self.on_header = self._head.add  # type: ignore[method-assign]  # see above
        super().__init__(*args, **kwargs)
        self.url = b""
        self.pipeline = Pipeline()
        self._connections = connections
        self._held_bytes = HeldBytes(connections, self)
        self._context: RequestContext | None = None
        self._answering: Answer | None = None
        # To be written after the answers to the requests before it.
        self._refusal: GatewayError | None = None
        # Whether what the client still writes is passed over.
        self._is_deaf = False
        self._head_limit = TimeLimit(self.loop)
        self._on_disconnect: set[Callable[[], object]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the time limit of the first head, or refuse the connection."""
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._ending = Ending(self.loop, transport, self._connections.unwanted_bytes_budget)
        if error := self._connections.admit(self, self.client[0] if self.client else ""):
            self._write_refusal(error)
        else:
            self._head_limit.start(HEAD_S, self._on_late_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers, report the disconnect, and let go of the requests that wait."""
        # uvicorn leaves its timer running after a reset, and with it all that belongs to the connection.
        self._unset_keepalive_if_required()
        self._head_limit.stop()
        self._ending.stop()
        self._connections.forget(self)
        self._held_bytes.forget()
        if self._answering is not None:
            # uvicorn tells the latest request only.
            self._answering.disconnect()
        super().connection_lost(exc)
        self.pipeline.drop()
        self._report_disconnect()

    def data_received(self, data: bytes) -> None:
        """Parse bytes of requests, within the limits."""
        if not self._ending.note(len(data)) or self._is_deaf or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        head = self._head
        head.pending += len(data)
        try:
            parse(self, data)
        except TunnelRequestedError:
            self._stop_reading()
        except httptools.HttpParserError as failure:
            if not self._is_deaf:
                error = head.error or InvalidRequest("This is no valid HTTP. Send a request of HTTP/1.1.")
                # The parser's reasons are fixed sentences, without a byte of the client's; a code needs none.
                reason = None if error.code else str(failure)
                client = self.client[0] if self.client else None
                self._connections.invalid_http.log(code=error.code, reason=reason, client=client)
                self._refuse(error)
        if self._is_deaf or self.transport.is_closing():
            return
        if head.pending > HEAD_BYTES:
            self._refuse(HeadersTooLarge(HEAD_BYTES, HEAD_FIELDS))
        elif head.is_open and head.pending and not self._head_limit.is_running:
            self._head_limit.start(HEAD_S, self._on_late_head)
        self._held_bytes.note_request(head.weight)
        if not head.is_open and self.cycle.message_event.is_set() and not self._ending.is_lingering:
            # Until the application asks for more; a loop that has much to read from one socket would not let it run.
            self.flow.pause_reading()

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._head.begin(self.headers)

    def on_headers_complete(self) -> None:
        """Check the head, cancel its time limit, and create the context of the request."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            return
        self._head.complete(self.url, self.parser.get_http_version())
        self.expect_100_continue = self._head.expects_continue
        if self.pipeline.is_full:
            # A client must be prepared for fewer answers (RFC 9112 §9.3.2).
            self._stop_reading()
            raise PipelineFullError
        context = RequestContext(on_disconnect=self._on_disconnect)
        self.scope[CONTEXT] = context  # type: ignore[literal-required]  # servers may add keys to the scope
        super().on_headers_complete()
        self._head_limit.stop()
        self._head.is_open = False
        self._head.pending = 0
        self._context = context
        # uvicorn makes the cycle and offers no way to choose its class; its task has not begun yet.
        self.cycle.__class__ = Answer
        answer = cast("Answer", self.cycle)
        context.write_now = answer.write_now
        if self.pipeline:
            self.flow.hold()
        else:
            self._answering = answer
            self._unset_keepalive_if_required()
            self._connections.begin(self)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._head.pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the time of the request's last byte; the next bytes are another head."""
        if self._context is None:
            # The head will be parsed once more, without its offer.
            return
        self._head.is_open = True
        self._head.pending = 0
        self._context.completed_at = perf_counter()
        self._context = None
        self.cycle.more_body = False
        super().on_message_complete()
        if self._ending.is_lingering:
            self._ending.stop_lingering()
            self._await_request()

    def on_response_complete(self) -> None:
        """Go on with the next request, write the refusal that waits, or wait for what comes."""
        self.server_state.total_requests += 1
        if self.transport.is_closing() or self._ending.is_lingering:
            return
        answered = cast("Answer", self._answering)
        answered.clear()
        self._held_bytes.note_answer(0)
        self._unset_keepalive_if_required()
        if answered.closes:
            if answered.more_body or self._is_deaf or self.pipeline:
                self._close_gently()
            else:
                self._ending.at_once()
        elif self.pipeline:
            cycle, app = self.pipeline.pop()
            self._answering = cast("Answer", cycle)
            self._start_asgi_task(cycle, app)
            if not (self.pipeline or self._is_deaf):
                self.flow.release()
        elif self._refusal is not None:
            self._write_refusal(self._refusal)
        else:
            self.flow.release()
            if answered.more_body:
                self._ending.linger()
                self._connections.wait(self)
            else:
                self._await_request()

    def shutdown(self) -> None:
        """End, after the answer that is under way."""
        if self._ending.is_lingering:
            self.transport.abort()
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection that has had no request for a while."""
        self._ending.at_once()

    def pause_writing(self) -> None:
        """Start the time limit of a client that does not read."""
        super().pause_writing()
        self._ending.unread.watch()
        if self._answering is not None and self._answering.is_without_key:
            self._held_bytes.note_answer(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Cancel the time limit: the client reads."""
        if not self.transport.is_closing():
            self._ending.unread.stop()
        self._held_bytes.note_answer(0)
        super().resume_writing()

    def evict(self) -> None:
        """End at once."""
        self.transport.abort()

    def give_back(self, error: GatewayError) -> None:
        """End, and let go of the bytes that it holds."""
        if self._held_bytes.of_answer or self._is_deaf:
            self.transport.abort()
        else:
            self._refuse(error)

    def _await_request(self) -> None:
        """Wait for the next request, for a while."""
        if self._head.is_open and not self._head.pending:
            self.headers = []
            self._head.clear()
            self.scope = None  # type: ignore[assignment]  # as uvicorn's own initial value
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        self._connections.wait(self)

    def _on_late_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # It is the next request's head; the answer to this one is still under way.
            self._head_limit.start(HEAD_S, self._on_late_head)
        elif self._head.pending:
            self._refuse(RequestTimeout("headers", HEAD_S))
        else:
            self._ending.at_once()

    def _stop_reading(self) -> None:
        """Pass over what follows the latest request; its answer is the last one."""
        self._is_deaf = True
        self.flow.hold()
        self.cycle.keep_alive = False

    def _refuse(self, error: GatewayError) -> None:
        """Refuse the request that is being read, below ASGI: it is not complete. Earlier ones get their answers."""
        self._is_deaf = True
        self.parser = None  # type: ignore[assignment]  # it may hold the longest part of the request
        self._head.pending = 0
        self._held_bytes.note_request(0)
        if self._head.is_open or self.pipeline:
            if not self._head.is_open:
                self.pipeline.popleft()
            if self._answering is not None and not self._answering.response_complete:
                self._refusal = error
                self.flow.hold()
                return
        else:
            cast("Answer", self.cycle).disconnect()
            self._report_disconnect()
            if self.cycle.response_started:
                # The error would stand in the middle of another answer, or be taken for the next one.
                self._ending.at_once()
                return
        self._write_refusal(error)

    def _report_disconnect(self) -> None:
        for callback in tuple(self._on_disconnect):
            callback()

    def _write_refusal(self, error: GatewayError) -> None:
        self.transport.write(refusal(error, self.url))
        self._close_gently()

    def _close_gently(self) -> None:
        """Read on for a while, so that the client comes to read what was written."""
        self._is_deaf = True
        self._unset_keepalive_if_required()
        self._head_limit.stop()
        self._ending.gently()
        self.flow.release()
        self._connections.wait(self)
