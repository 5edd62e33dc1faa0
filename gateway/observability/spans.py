"""The spans of finished requests, encoded for OTLP: one for the request, and one below it for each attempt.

OpenTelemetry's SDK makes and encodes the spans of the first request of each shape. Requests of one shape differ in ids,
times, counts and cost only; these are put into a copy, which takes a twelfth of the CPU.
"""

from __future__ import annotations

from random import getrandbits
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.proto.trace.v1.trace_pb2 import Span
    from opentelemetry.sdk.resources import Resource

    from gateway.request.attempt import Attempt
    from gateway.request.record import RequestRecord

SCOPE = "gateway"
"""The instrumentation scope of spans and metrics."""
# Clients choose the path, so there may be any number of shapes. Each takes some 5 kB.
_SHAPES_LIMIT = 512
_FAILED = 500
_NO_PARENT = Context()
_PROPAGATOR = TraceContextTextMapPropagator()
# The attributes that make the shape, in the order of `_shape`.
_OF_REQUEST = (
    "http.request.method",
    "url.path",
    "http.response.status_code",
    "error.type",
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gateway.tokens_source",
    "gateway.key_id",
    "gateway.backend",
)
_OF_ATTEMPT = (
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "http.response.status_code",
    "error.type",
    "gateway.backend",
    "gateway.outcome",
)
# The attributes that each request has its own values of, and the field of OTLP's `AnyValue` for their type.
_OWN: tuple[tuple[str, str, Callable[[RequestRecord], Any]], ...] = (
    ("gen_ai.usage.input_tokens", "int_value", lambda record: record.usage and record.usage.prompt_tokens),
    ("gen_ai.usage.output_tokens", "int_value", lambda record: record.usage and record.usage.completion_tokens),
    ("gateway.cost_usd", "double_value", lambda record: record.cost_usd),
    ("gateway.time_us", "int_value", lambda record: record.gateway_us),
    ("gateway.request_id", "string_value", lambda record: record.id),
)


class SpanEncoder:
    """Encodes the spans of requests whose trace is sampled.

    Args:
        resource: that the spans belong to.
    """

    def __init__(self, resource: Resource) -> None:
        # OpenTelemetry's own variables name it, such as OTEL_TRACES_SAMPLER.
        self._sampler = TracerProvider(resource=resource, shutdown_on_exit=False).sampler
        provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
        self._ended = _EndedSpans()
        provider.add_span_processor(self._ended)
        self._tracer = provider.get_tracer(SCOPE)
        self._templates: dict[_Shape, _Template] = {}

    def encode(self, records: Iterable[RequestRecord]) -> bytes:
        """The body of an export request; empty if there is no span to export."""
        request = ExportTraceServiceRequest()
        # A message never frees the values that it had, so copies of templates serve one batch only.
        copies: dict[_Shape, _Copy] = {}
        for record in records:
            if record.trace_id is None:
                continue
            shape = _shape(record)
            template = self._templates.get(shape) or self._new_template(shape, record)
            if not template.request.resource_spans or not self._is_sampled(record, template):
                continue
            copy = copies.get(shape)
            if copy is None:
                copy = copies[shape] = _Copy(template)
                if not request.resource_spans:
                    request.CopyFrom(template.request)
                    spans = request.resource_spans[0].scope_spans[0].spans
                    del spans[:]
            spans.extend(copy.filled_in(record))
        body: bytes = request.SerializeToString()
        return body

    def _is_sampled(self, record: RequestRecord, template: _Template) -> bool:
        trace_id = int(record.trace_id or "", 16)
        result = self._sampler.should_sample(
            _parent(record), trace_id, template.name, SpanKind.SERVER, template.attributes
        )
        return result.decision is Decision.RECORD_AND_SAMPLE

    def _new_template(self, shape: _Shape, record: RequestRecord) -> _Template:
        """Have the SDK make and encode the spans of a request."""
        parent = _parent(record)
        attributes = dict(zip(_OF_REQUEST, shape.request, strict=True))
        own = {name: read(record) for name, _, read in _OWN}
        name = f"{record.method} {shape.request[1]}"
        span = self._tracer.start_span(name, parent, SpanKind.SERVER, _without_none(attributes | own))
        context = set_span_in_context(span, parent)
        for number, values in enumerate(shape.attempts, 1):
            self._make_child(dict(zip(_OF_ATTEMPT, values, strict=True)), number, context)
        if shape.is_failed:
            span.set_status(Status(StatusCode.ERROR, record.code))
        span.end()
        if len(self._templates) >= _SHAPES_LIMIT:
            self._templates.clear()
        template = _Template(encode_spans(self._ended.take()), name, _without_none(attributes))
        self._templates[shape] = template
        return template

    def _make_child(self, attributes: dict[str, Any], number: int, context: Context) -> None:
        span = self._tracer.start_span(
            f"attempt {attributes['gateway.backend']}",
            context,
            SpanKind.CLIENT,
            _without_none({**attributes, "gateway.attempt": number}),
        )
        if attributes["gateway.outcome"] == "failed":
            span.set_status(Status(StatusCode.ERROR, attributes["error.type"]))
        span.end()


class _Shape(NamedTuple):
    """All that one request's spans have in common with another's.

    Attributes:
        request: values of `_OF_REQUEST`.
        attempts: of each the values of `_OF_ATTEMPT`.
        has_parent: whether the client named a span.
        has_cost: whether the model has a price.
        is_failed: whether the span has the status of an error.
    """

    request: tuple[Any, ...]
    attempts: tuple[tuple[Any, ...], ...]
    has_parent: bool
    has_cost: bool
    is_failed: bool


def _shape(record: RequestRecord) -> _Shape:
    operation, code = record.operation.name, record.code
    return _Shape(
        (
            record.method,
            record.path[:200],
            record.status,
            code,
            operation if record.model else None,
            record.model,
            record.usage and record.usage.source,
            record.key_id,
            record.backend,
        ),
        tuple(
            (operation, attempt.model, attempt.status, attempt.reason, attempt.backend, attempt.outcome)
            for attempt in record.attempts
        ),
        record.traceparent is not None,
        record.cost_usd is not None,
        record.status >= _FAILED or bool(code and record.streamed),
    )


class _Template(NamedTuple):
    """The encoded spans of one shape.

    Attributes:
        request: with the spans of the attempts in order, then that of the request; without any if OpenTelemetry's own
            variables say so.
        name: of the request's span.
        attributes: of the request's span, those of the shape only.
    """

    request: ExportTraceServiceRequest
    name: str
    attributes: dict[str, Any]


class _Copy:
    """A copy of a template's spans, filled in for one request after the other."""

    def __init__(self, template: _Template) -> None:
        scope = ScopeSpans()
        scope.CopyFrom(template.request.resource_spans[0].scope_spans[0])
        self._spans = list(scope.spans)
        *self._attempts, self._request = self._spans
        values = {attribute.key: attribute.value for attribute in self._request.attributes}
        self._own = [(values[name], field, read) for name, field, read in _OWN if name in values]

    def filled_in(self, record: RequestRecord) -> list[Span]:
        """The spans of this request, until the next call."""
        span, trace_id = self._request, bytes.fromhex(record.trace_id or "")
        span.trace_id = trace_id
        span.span_id = span_id = (getrandbits(64) or 1).to_bytes(8, "big")
        if record.traceparent:
            span.parent_span_id = bytes.fromhex(record.traceparent[36:52])
        # From readings of `time.perf_counter()` to Unix seconds.
        offset_s = record.time - record.started
        span.start_time_unix_nano = int((record.started + offset_s) * 1e9)
        span.end_time_unix_nano = int((record.ended + offset_s) * 1e9)
        for value, field, read in self._own:
            setattr(value, field, read(record))
        for child, attempt in zip(self._attempts, record.attempts, strict=True):
            _fill_in_child(child, attempt, trace_id, span_id, offset_s)
        return self._spans


def _fill_in_child(span: Span, attempt: Attempt, trace_id: bytes, parent_id: bytes, offset_s: float) -> None:
    span.trace_id = trace_id
    # The backend has received it in its trace header.
    span.span_id = attempt.span_id.to_bytes(8, "big")
    span.parent_span_id = parent_id
    span.start_time_unix_nano = int((attempt.started + offset_s) * 1e9)
    span.end_time_unix_nano = int((attempt.started + attempt.elapsed_s + offset_s) * 1e9)


class _EndedSpans(SpanProcessor):
    """Collects ended spans."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self._spans.append(span)

    def take(self) -> list[ReadableSpan]:
        spans, self._spans = self._spans, []
        return spans


def _parent(record: RequestRecord) -> Context:
    """The client's span."""
    if record.traceparent is None:
        return _NO_PARENT
    return _PROPAGATOR.extract({"traceparent": record.traceparent}, _NO_PARENT)


def _without_none(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
