"""The record of one request, which the log, the ledger, the metrics and the traces all read."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from gateway.operations import CHAT
from gateway.request.usage import Meter, Usage

if TYPE_CHECKING:
    from gateway.config.observability import Price
    from gateway.operations import Operation
    from gateway.request.attempt import Attempt
    from gateway.request.usage import TokenCounter

CLIENT_CLOSED_REQUEST = 499
_BAD = int(HTTPStatus.BAD_REQUEST)


@dataclass(slots=True)
class RequestRecord:
    """Filled while a request is answered; settled once, when the answer's head goes out, or the end of a stream.

    Attributes:
        id: `x-request-id`.
        method: HTTP method.
        path: without the query, which may hold anything.
        started: `time.perf_counter()` when its bytes were read from the socket.
        time: Unix time of that, in seconds.
        status: HTTP status; 499 if the client left first.
        model: the requested model, once it has a route.
        backend: the backend of the last attempt.
        streamed: whether the answer is a stream.
        operation: meaningful once there is a model.
        code: the error's code, also of an error in mid-stream.
        key_id: name of the client's key; never the key.
        traceparent: the trace that the client names (www.w3.org/TR/trace-context).
        tracestate: the header that accompanies it.
        trace_id: of the trace that the gateway adds spans to; None without tracing.
        answer_start: the first bytes of the answer, if the log has contents.
        attempts: in order.
        strict: whether the client prefers a refusal to a dropped parameter.
        dropped: parameters that the backend of the last attempt could not take.
        template: name of the prompt template that was filled in.
        neutralised: how many control tokens were broken in the request to the backend of the last attempt.
        meter: the waits for backends, and their token counts.
        request_fields: the parsed request, for an estimate; dropped when the record is settled.
        first_event_s: seconds until the head of a stream went out.
        ended: `time.perf_counter()` when it was settled.
        gateway_us: the gateway's own time in microseconds, from the request's last byte read from the socket to the
            answer's head (of a stream: to its end). Waits for the event loop count; waits for backends and for a client
            that does not read do not. Bytes still unread in the system's socket buffers are not seen.
        usage: the tokens, if a backend worked on the request.
        token_counter: can count them while `usage` is an estimate.
        cost_usd: their price in US dollars, if the model has one.
    """

    id: str
    method: str
    path: str
    started: float = field(default_factory=perf_counter)
    time: float = field(default_factory=time)
    status: int = 0
    model: str | None = None
    backend: str | None = None
    streamed: bool = False
    operation: Operation = CHAT
    code: str | None = None
    key_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    trace_id: str | None = None
    answer_start: bytearray | None = None
    attempts: list[Attempt] = field(default_factory=list)
    strict: bool = False
    dropped: dict[str, None] = field(default_factory=dict)
    template: str | None = None
    neutralised: int = 0
    meter: Meter = field(default_factory=Meter)
    request_fields: dict[str, Any] | None = None
    first_event_s: float | None = None
    ended: float = 0.0
    gateway_us: int = 0
    usage: Usage | None = None
    token_counter: TokenCounter | None = None
    cost_usd: float | None = None

    @property
    def is_api_request(self) -> bool:
        """Whether the request is for the API, not for a probe or a page."""
        return self.path.startswith("/v1")

    @property
    def duration_s(self) -> float:
        """The seconds from the request's arrival until it was settled."""
        return self.ended - self.started

    @property
    def gateway_ms(self) -> float:
        """The gateway's own time in milliseconds."""
        return self.gateway_us / 1000

    @property
    def spent(self) -> tuple[int, float]:
        """The tokens and their price in US dollars; 0 for what is not known."""
        usage = self.usage
        return usage.prompt_tokens + usage.completion_tokens if usage else 0, self.cost_usd or 0.0

    def settle(self, completed_at: float, price: Price | None) -> None:
        """Compute times, tokens and cost; only the first call has an effect.

        Args:
            completed_at: `time.perf_counter()` when the request's last byte was read from the socket; 0 if not known.
            price: of its model.
        """
        if self.ended:
            return
        self.ended = perf_counter()
        self.gateway_us = max(round((self.ended - max(self.started, completed_at) - self.meter.waited_s) * 1e6), 0)
        self.charge(self._usage(), price)
        # The pools of connections keep the meter for a while.
        self.meter.token_counter = None
        self.meter.drop_contents()
        if self.answer_start is None:
            self.request_fields = None

    def charge(self, usage: Usage | None, price: Price | None) -> None:
        """Set the tokens and their cost."""
        self.usage = usage
        if usage and price:
            self.cost_usd = price.of(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)

    def _usage(self) -> Usage | None:
        if self.request_fields is None or not self.attempts:
            return None
        cancelled = self.status == CLIENT_CLOSED_REQUEST
        # A backend that refused the request did no work; one whose client left did.
        if self.status >= _BAD and not cancelled:
            return None
        if cancelled and self.attempts[-1].outcome == "failed" and not self.meter.events:
            # The client left between two attempts.
            return None
        if usage := self.meter.usage():
            return usage
        self.token_counter = self.meter.token_counter
        return self.meter.estimate(self.request_fields, self.operation.question_field)
