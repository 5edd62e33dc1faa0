"""Spans that are filled in: the same whether a request's shape is known or new, with the request's own values."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource

from gateway.observability import spans
from gateway.observability.spans import SpanEncoder
from gateway.operations import EMBEDDINGS
from gateway.request.attempt import Attempt
from gateway.request.record import RequestRecord
from gateway.request.usage import Usage

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
RESOURCE = Resource.create({"service.name": "spans"})


def record(number=0, *, attempts=("answered",), **fields):
    """A finished request; what one request has of its own depends on the number."""
    made = RequestRecord(
        f"request-{number}", "POST", "/v1/chat/completions", started=100.0 + number, time=1.7e9 + number
    )
    made.trace_id = f"{number + 1:032x}"
    made.status, made.model, made.backend, made.key_id = 200, "m", "up", "key"
    made.usage = Usage(10 + number, 20 + number, "backend")
    made.cost_usd, made.gateway_us, made.ended = 0.5 + number, 300 + number, made.started + 0.25
    for at, outcome in enumerate(attempts, 1):
        attempt = Attempt("up", "inner", made.started + at / 100, span_id=1000 * (number + 1) + at)
        attempt.elapsed_s, attempt.outcome = 0.01, outcome
        attempt.status, attempt.reason = (503, "overloaded") if outcome == "failed" else (200, None)
        made.attempts.append(attempt)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def encoded(records, encoder=None):
    """The spans of these requests, without the random ids of the requests' own spans."""
    request = ExportTraceServiceRequest.FromString((encoder or SpanEncoder(RESOURCE)).encode(records))
    found = [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    for span in found:
        if span.name.startswith("attempt"):
            assert len(span.parent_span_id) == 8
            span.parent_span_id = b""
        else:
            assert len(span.span_id) == 8
            span.span_id = b""
    return found


def attributes(span):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


SHAPES = {
    "answered": {},
    "a retry": {"attempts": ("failed", "answered")},
    "no attempt": {"attempts": ()},
    "a failure": {"attempts": ("failed",), "status": 503, "code": "overloaded", "usage": None, "cost_usd": None},
    "an error in mid-stream": {"streamed": True, "code": "backend_bad_answer"},
    "a client's trace": {"traceparent": f"00-{TRACE}-{SPAN}-01", "trace_id": TRACE},
    "no price": {"cost_usd": None},
    "no cost": {"cost_usd": 0.0},
    "an estimate": {"usage": Usage(1, 0, "estimate")},
    "embeddings": {"operation": EMBEDDINGS, "path": "/v1/embeddings"},
    "no key": {"key_id": None},
    "no model": {
        "model": None,
        "backend": None,
        "status": 404,
        "code": "model_not_found",
        "attempts": (),
        "usage": None,
    },
    "a long path": {"path": "/v1/" + "x" * 300},
    "another method": {"method": "GET", "path": "/v1/models", "model": None, "attempts": ()},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_later_request_has_the_spans_that_it_would_have_as_the_first(shape):
    later = record(7, **shape)
    encoder = SpanEncoder(RESOURCE)
    for at, other in enumerate(SHAPES.values()):
        encoder.encode([record(20 + at, **other)])
    both = encoded([record(3, **shape), later], encoder)
    assert both[len(both) // 2 :] == encoded([later])
    assert [span.name for span in both] == 2 * [span.name for span in encoded([later])]


def test_every_value_of_a_request_stands_in_its_span():
    span, attempt = sorted(encoded([record(1), record(5)])[2:], key=lambda span: span.name)
    assert attributes(span) == {
        "http.request.method": "POST",
        "url.path": "/v1/chat/completions",
        "http.response.status_code": 200,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 15,
        "gen_ai.usage.output_tokens": 25,
        "gateway.tokens_source": "backend",
        "gateway.cost_usd": 5.5,
        "gateway.time_us": 305,
        "gateway.request_id": "request-5",
        "gateway.key_id": "key",
        "gateway.backend": "up",
    }
    assert attributes(attempt) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "inner",
        "http.response.status_code": 200,
        "gateway.backend": "up",
        "gateway.attempt": 1,
        "gateway.outcome": "answered",
    }
    assert (span.trace_id.hex(), attempt.trace_id.hex()) == (f"{6:032x}", f"{6:032x}")
    assert attempt.span_id == (6001).to_bytes(8, "big")
    assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 == pytest.approx(0.25, abs=1e-6)
    assert (attempt.end_time_unix_nano - attempt.start_time_unix_nano) / 1e9 == pytest.approx(0.01, abs=1e-6)


def test_requests_of_several_clients_traces_stand_below_the_span_that_each_client_named():
    named = {f"{at:032x}": f"{at + 10:016x}" for at in (1, 2, 3)}
    records = [record(traceparent=f"00-{trace}-{span}-01", trace_id=trace) for trace, span in named.items()]
    found = [span for span in encoded(records) if not span.name.startswith("attempt")]
    assert {span.trace_id.hex(): span.parent_span_id.hex() for span in found} == named


def test_a_request_without_a_clients_trace_has_no_parent_after_one_with_it():
    traced = record(traceparent=f"00-{TRACE}-{SPAN}-01", trace_id=TRACE)
    found = [span for span in encoded([traced, record(1)]) if not span.name.startswith("attempt")]
    assert [span.parent_span_id.hex() for span in found] == [SPAN, ""]


def test_requests_of_one_batch_have_spans_of_their_own():
    request = ExportTraceServiceRequest.FromString(SpanEncoder(RESOURCE).encode(map(record, range(100))))
    (resource,) = request.resource_spans
    found = resource.scope_spans[0].spans
    assert len({span.span_id for span in found}) == len(found) == 200
    assert {child.parent_span_id for child in found[::2]} == {span.span_id for span in found[1::2]}
    assert "spans" in [pair.value.string_value for pair in resource.resource.attributes if pair.key == "service.name"]


@pytest.mark.parametrize(("sampler", "flags", "count"), [("", "01", 4), ("", "00", 2), ("always_off", "01", 0)])
def test_the_sampler_decides_for_each_request(monkeypatch, sampler, flags, count):
    if sampler:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    named = record(traceparent=f"00-{TRACE}-{SPAN}-{flags}", trace_id=TRACE)
    assert len(encoded([named, record(1)])) == count


def test_with_opentelemetry_switched_off_there_is_nothing_to_send(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert SpanEncoder(RESOURCE).encode([record(), record(1)]) == b""


def test_many_paths_keep_no_memory_and_lose_no_span(monkeypatch):
    monkeypatch.setattr(spans, "_SHAPES_LIMIT", 3)
    encoder = SpanEncoder(RESOURCE)
    names = [span.name for span in encoded([record(at, path=f"/v1/{at}", attempts=()) for at in range(10)], encoder)]
    assert names == [f"POST /v1/{at}" for at in range(10)]
    assert len(encoder._templates) <= 3
