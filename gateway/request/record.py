"""What is known of one request, for the log, the ledger, the metrics and the traces: all of them tell the same."""

from __future__ import annotations

from dataclasses import dataclass, field
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
_BAD = 400


@dataclass(slots=True)
class RequestRecord:
    """Filled while one request is answered, and settled once when its last byte, or its answer's head, goes out.

    Attributes:
        id: `x-request-id`.
        method: HTTP method.
        path: without the query, which may hold anything.
        started: `time.perf_counter()` when its bytes were read from the socket.
        time: Unix time of that, in seconds.
        status: HTTP status; 499 if the client left first.
        model: the asked model, once it has a route.
        backend: the backend of the last attempt.
        streamed: whether the answer is a stream.
        operation: what is asked for; it counts once there is a model.
        code: the error's code, also of an error in mid-stream.
        key_id: name of the client's key; never the key.
        traceparent: the trace that the client says it belongs to (www.w3.org/TR/trace-context).
        tracestate: what goes with that.
        trace_id: of the trace that the gateway adds spans to; None without tracing.
        answered: the first bytes of the answer, if the log is to have them.
        attempts: the requests to backends that were made for it, in order.
        strict: the client wants a refusal rather than a dropped parameter.
        dropped: parameters that the backend of the last attempt could not take.
        template: name of the prompt template that was filled in for it.
        neutralised: how many control tokens were broken in what the backend of the last attempt got.
        meter: what its backends took and counted.
        asked: the request's fields, for an estimate; forgotten when it is settled.
        first_event_s: seconds until the head of a stream went out.
        ended: `time.perf_counter()` when it was settled.
        gateway_us: microseconds that the gateway itself took: from the request's last byte read from the socket to the
            answer's head (of a stream: to its end), waiting for the event loop included, waiting for backends and for a
            client that does not read left out. What waits unread in the system's socket buffers is not seen.
        usage: its tokens, if a backend worked on it.
        token_counter: can count them, while `usage` is an estimate.
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
    answered: bytearray | None = None
    attempts: list[Attempt] = field(default_factory=list)
    strict: bool = False
    dropped: dict[str, None] = field(default_factory=dict)
    template: str | None = None
    neutralised: int = 0
    meter: Meter = field(default_factory=Meter)
    asked: dict[str, Any] | None = None
    first_event_s: float | None = None
    ended: float = 0.0
    gateway_us: int = 0
    usage: Usage | None = None
    token_counter: TokenCounter | None = None
    cost_usd: float | None = None

    @property
    def to_api(self) -> bool:
        """Whether it is no probe, no page and nothing else beside the API."""
        return self.path.startswith("/v1")

    @property
    def duration_s(self) -> float:
        """Seconds from its arrival until it was settled."""
        return self.ended - self.started

    @property
    def gateway_ms(self) -> float:
        """`gateway_us` in milliseconds."""
        return self.gateway_us / 1000

    @property
    def spent(self) -> tuple[int, float]:
        """Its tokens and their price in US dollars, as far as both are known."""
        usage = self.usage
        return usage.prompt_tokens + usage.completion_tokens if usage else 0, self.cost_usd or 0.0

    def settle(self, completed_at: float, price: Price | None) -> None:
        """Work out what it took and cost; the first call counts.

        Args:
            completed_at: `time.perf_counter()` when its last byte was read from the socket; 0 if that is not known.
            price: of its model.
        """
        if self.ended:
            return
        self.ended = perf_counter()
        self.gateway_us = max(round((self.ended - max(self.started, completed_at) - self.meter.waited_s) * 1e6), 0)
        self.charge(self._counted(), price)
        self.meter.answer = self.meter.token_counter = None
        if self.answered is None:
            self.asked = None

    def charge(self, usage: Usage | None, price: Price | None) -> None:
        """Note its tokens, and what they cost."""
        self.usage = usage
        if usage and price:
            self.cost_usd = price.of(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)

    def _counted(self) -> Usage | None:
        if self.asked is None or not self.attempts:
            return None
        cancelled = self.status == CLIENT_CLOSED_REQUEST
        # A backend that refused has worked on nothing; one that was cut off or left alone has.
        if self.status >= _BAD and not cancelled:
            return None
        if cancelled and self.attempts[-1].outcome == "failed" and not self.meter.events:
            # The client left between two attempts.
            return None
        if counted := self.meter.usage():
            return counted
        self.token_counter = self.meter.token_counter
        return self.meter.estimate(self.asked.get(self.operation.asks))
