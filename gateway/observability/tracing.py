"""OpenTelemetry over OTLP/HTTP: a span for each API request, a child span for each attempt, and histograms.

Spans are made after the request, in the thread that sends them, so they delay no answer. Names follow the semantic
conventions for HTTP and for generative AI; the gateway's own begin with `gateway.`. Needs the extra `otel`. Headers for
the receiver come from OpenTelemetry's own variable OTEL_EXPORTER_OTLP_HEADERS.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource

from gateway.observability.background_writer import BackgroundWriter
from gateway.observability.otlp_metrics import OtlpMetrics
from gateway.observability.spans import SpanEncoder

if TYPE_CHECKING:
    from gateway.config.observability import OtelConfig
    from gateway.request.record import RequestRecord

# How long a receiver that does not answer may delay the gateway's end.
EXPORT_S = 2.0


class Tracing(BackgroundWriter["RequestRecord"]):
    """Sends spans with each batch, and metrics at their interval.

    Args:
        config: its endpoint must be set.
    """

    def __init__(self, config: OtelConfig) -> None:
        resource = Resource.create({"service.name": config.service_name, "service.version": version("llm-gateway-qa")})
        endpoint = (config.endpoint or "").rstrip("/")
        self._spans = SpanEncoder(resource)
        self._exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_S)
        self._metrics = OtlpMetrics(
            OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=EXPORT_S), resource, config.metrics_interval_s
        )
        super().__init__("otel", self._send, limit=config.queue)

    def add(self, record: RequestRecord) -> None:
        """Queue a request to the API."""
        if record.is_api_request:
            self.put(record)

    async def close(self) -> None:
        """Send the remaining spans and metrics, within `EXPORT_S` each."""
        await super().close()
        await asyncio.to_thread(self._metrics.close, EXPORT_S)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # OpenTelemetry left it without a type

    def _send(self, records: list[RequestRecord]) -> None:
        self._metrics.add(records)
        body = self._spans.encode(records)
        # The exporter has no public way to send spans that are encoded.
        if body and not self._exporter._client.export(body).success:  # noqa: SLF001  # see above
            raise ConnectionError("the receiver of the spans did not take them; check otel.endpoint")
