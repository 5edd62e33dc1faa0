"""OpenTelemetry over OTLP/HTTP: a span for each API request, a child span for each attempt, and histograms.

Spans are made after the request, in the thread that sends them, so they delay no answer. Names follow the semantic
conventions for HTTP and for generative AI; the gateway's own begin with `gateway.`. Needs the extra `otel`. Headers for
the receiver come from OpenTelemetry's own variable OTEL_EXPORTER_OTLP_HEADERS.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.observability.background_writer import BackgroundWriter
from gateway.observability.request_metrics import FAMILIES, METRICS, Facts, facts_of, label_values

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from gateway.config.observability import OtelConfig
    from gateway.request.attempt import Attempt
    from gateway.request.record import RequestRecord

# How long a receiver that does not answer may delay the gateway's end.
EXPORT_S = 2.0
_SCOPE = "gateway"
_FAILED = int(HTTPStatus.INTERNAL_SERVER_ERROR)


class Tracing(BackgroundWriter["RequestRecord"]):
    """Sends spans with each batch, and metrics at their interval.

    Args:
        config: its endpoint must be set.
    """

    def __init__(self, config: OtelConfig) -> None:
        resource = Resource.create({"service.name": config.service_name, "service.version": version("llm-gateway-qa")})
        endpoint = (config.endpoint or "").rstrip("/")
        self._ended = _EndedSpans()
        self._ids = _PresetIds()
        spans = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=self._ids)
        spans.add_span_processor(self._ended)
        self._tracer = spans.get_tracer(_SCOPE)
        self._exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_S)
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=EXPORT_S),
            export_interval_millis=config.metrics_interval_s * 1000,
            export_timeout_millis=EXPORT_S * 1000,
        )
        self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        meter = self._metrics.get_meter(_SCOPE)
        self._histograms = {
            metric.otlp.name: meter.create_histogram(
                metric.otlp.name, metric.otlp.unit, explicit_bucket_boundaries_advisory=metric.bounds
            )
            for metric in FAMILIES
            if metric.otlp
        }
        super().__init__("otel", self._send, limit=config.queue)

    def add(self, record: RequestRecord) -> None:
        """Queue a request to the API."""
        if record.is_api_request:
            self.put(record)

    async def close(self) -> None:
        """Send the remaining spans and metrics, within `EXPORT_S` each."""
        await super().close()
        await asyncio.to_thread(self._metrics.shutdown, EXPORT_S * 1000)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # OpenTelemetry left it without a type

    def _send(self, records: list[RequestRecord]) -> None:
        for record in records:
            self._make_spans(record)
            self._measure(record)
        if self._exporter.export(self._ended.take()) is not SpanExportResult.SUCCESS:
            raise ConnectionError("the receiver of the spans did not take them; check otel.endpoint")

    def _make_spans(self, record: RequestRecord) -> None:
        parent = TraceContextTextMapPropagator().extract({"traceparent": record.traceparent or ""})
        self._ids.trace_id = int(record.trace_id or "0", 16)
        span = self._tracer.start_span(
            f"{record.method} {record.path[:200]}",
            parent,
            SpanKind.SERVER,
            _without_none(
                {
                    "http.request.method": record.method,
                    "url.path": record.path[:200],
                    "http.response.status_code": record.status,
                    "error.type": record.code,
                    "gen_ai.operation.name": record.operation.name if record.model else None,
                    "gen_ai.request.model": record.model,
                    "gen_ai.usage.input_tokens": record.usage and record.usage.prompt_tokens,
                    "gen_ai.usage.output_tokens": record.usage and record.usage.completion_tokens,
                    "gateway.tokens_source": record.usage and record.usage.source,
                    "gateway.cost_usd": record.cost_usd,
                    "gateway.time_us": record.gateway_us,
                    "gateway.request_id": record.id,
                    "gateway.key_id": record.key_id,
                    "gateway.backend": record.backend,
                }
            ),
            start_time=_unix_ns(record, record.started),
        )
        context = trace.set_span_in_context(span, parent)
        for number, attempt in enumerate(record.attempts, 1):
            self._make_child(record, attempt, number, context)
        if record.status >= _FAILED or (record.code and record.streamed):
            span.set_status(Status(StatusCode.ERROR, record.code))
        span.end(_unix_ns(record, record.ended))

    def _make_child(self, record: RequestRecord, attempt: Attempt, number: int, context: Context) -> None:
        self._ids.span_id = attempt.span_id
        span = self._tracer.start_span(
            f"attempt {attempt.backend}",
            context,
            SpanKind.CLIENT,
            _without_none(
                {
                    "gen_ai.operation.name": record.operation.name,
                    "gen_ai.request.model": attempt.model,
                    "http.response.status_code": attempt.status,
                    "error.type": attempt.reason,
                    "gateway.backend": attempt.backend,
                    "gateway.attempt": number,
                    "gateway.outcome": attempt.outcome,
                }
            ),
            start_time=_unix_ns(record, attempt.started),
        )
        if attempt.outcome == "failed":
            span.set_status(Status(StatusCode.ERROR, attempt.reason))
        span.end(_unix_ns(record, attempt.started + attempt.elapsed_s))

    def _measure(self, record: RequestRecord) -> None:
        facts = Facts(*facts_of(record))
        for metric in METRICS:
            if metric.otlp is None or metric.read is None:
                continue
            labels = metric.otlp.labels or metric.labels
            values, value = label_values(labels, facts), metric.read(record)
            if values is not None and value is not None:
                attributes = dict(zip((label.otlp_name for label in labels), values, strict=True))
                self._histograms[metric.otlp.name].record(value, attributes)


class _PresetIds(RandomIdGenerator):
    """The ids that backends have already received in their trace headers; random ids where there are none.

    Attributes:
        trace_id: of all further traces; 0 for a random one.
        span_id: of the next span; 0 for a random one.
    """

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id or super().generate_trace_id()

    def generate_span_id(self) -> int:
        span_id, self.span_id = self.span_id, 0
        return span_id or super().generate_span_id()


class _EndedSpans(SpanProcessor):
    """Collects ended spans; the thread that made them sends them itself and so knows whether they arrived."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._spans.append(span)

    def take(self) -> list[ReadableSpan]:
        spans, self._spans = self._spans, []
        return spans


def _without_none(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _unix_ns(record: RequestRecord, at: float) -> int:
    """Convert a reading of `time.perf_counter()` to Unix nanoseconds."""
    return int((record.time + at - record.started) * 1e9)
