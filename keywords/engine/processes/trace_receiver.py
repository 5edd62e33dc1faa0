"""Receiver of OTLP/HTTP that keeps the spans and metrics that a gateway sends.

Wire format: github.com/open-telemetry/opentelemetry-proto, protobuf bodies to `/v1/traces` and `/v1/metrics`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from keywords.engine.machine import Deadline
from keywords.engine.waiting import POLL_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue


@dataclass(frozen=True, slots=True)
class Span:
    """One span.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_id: the parent's `span_id`; empty if there is none.
        name: the span's name.
        service: the resource's `service.name`.
        attributes: values by name.
        start_ns: Unix nanoseconds.
        end_ns: Unix nanoseconds.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    attributes: dict[str, Any]
    start_ns: int
    end_ns: int


class OtlpReceiver:
    """Listens on a free port of 127.0.0.1 in a thread.

    Attributes:
        url: the base address, for `[otel] endpoint`.
        bodies: all bodies received, undecoded.
        spans: all spans received, in order.
        metrics: names of all metrics received.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.spans: list[Span] = []
        self.metrics: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                self.send_response(200 if receiver.take(self.path, body) else 404)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="otlp-receiver", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, path: str, body: bytes) -> bool:
        """Decode one body; False if the path is not OTLP's.

        Raises:
            google.protobuf.message.DecodeError: the body does not fit its path.
        """
        self.bodies.append(body)
        match path:
            case "/v1/traces":
                self.spans += _spans(ExportTraceServiceRequest.FromString(body))
            case "/v1/metrics":
                sent = ExportMetricsServiceRequest.FromString(body)
                self.metrics |= {
                    metric.name
                    for resource in sent.resource_metrics
                    for scope in resource.scope_metrics
                    for metric in scope.metrics
                }
            case _:
                return False
        return True

    def wait_for_spans(self, request_id: str, within_s: float) -> list[Span]:
        """Wait for the span of a request; returns it and then the spans of its attempts.

        Args:
            request_id: the attribute `gateway.request_id`.
            within_s: longest wait, in seconds.

        Raises:
            TimeoutError: the span did not come.
        """
        return wait_until(
            lambda: self._spans_of(request_id),
            bool,
            Deadline(within_s),
            lambda _: TimeoutError(
                f"No span of request {request_id} came within {within_s:g} s; {len(self.spans)} others did."
            ),
        )

    def stop(self) -> None:
        """Release the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _spans_of(self, request_id: str) -> list[Span]:
        spans = list(self.spans)
        for span in spans:
            if span.attributes.get("gateway.request_id") == request_id:
                return [span, *(child for child in spans if child.parent_id == span.span_id)]
        return []


def _spans(sent: ExportTraceServiceRequest) -> list[Span]:
    return [
        Span(
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.name,
            str(_attributes(resource.resource.attributes).get("service.name", "")),
            _attributes(span.attributes),
            span.start_time_unix_nano,
            span.end_time_unix_nano,
        )
        for resource in sent.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}
