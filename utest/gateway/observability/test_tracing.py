"""What OpenTelemetry's receiver gets, and what happens where there is none."""

import json
import time

import pytest

from gateway.backends.kinds import GatewayConfig
from gateway.config.problems import ConfigError
from gateway.observability.observers import Observers
from keywords.engine.processes.trace_receiver import OtlpReceiver

TRACE = "0af7651916cd43dd8448eb211c80319c"
MODELS = {"m": {"route": [{"backend": "dead"}, {"backend": "up", "model": "inner"}]}}


@pytest.fixture
def receiver():
    with OtlpReceiver() as receiver:
        yield receiver


def settings(backend, endpoint):
    return {
        "otel": {"endpoint": endpoint, "metrics_interval_s": 0.2},
        "prices": {"m": {"input_per_million": 1, "output_per_million": 2}},
        "backends": {
            "dead": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"},
            "up": {"kind": "openai", "base_url": backend.url},
        },
        "models": MODELS,
    }


def test_a_request_is_a_span_of_the_clients_trace_with_its_attempts_below(backend, start_gateway, receiver):
    before_ns = time.time_ns()
    with start_gateway(**settings(backend, receiver.url)) as client:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        answer = client.post(body, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
        span, *attempts = receiver.wait_for_spans(answer.headers["x-request-id"], 5)
    assert (span.trace_id, span.parent_id, span.service) == (TRACE, "b7ad6b7169203331", "llm-gateway")
    assert span.attributes["gateway.time_us"] / 1000 == float(answer.headers["x-gateway-time-ms"])
    assert span.attributes["gateway.cost_usd"] == float(answer.headers["x-gateway-cost-usd"])
    assert span.attributes["gen_ai.usage.output_tokens"] == 1
    assert [(a.attributes["gateway.backend"], a.attributes["gateway.outcome"], a.trace_id) for a in attempts] == [
        ("dead", "failed", TRACE),
        ("up", "answered", TRACE),
    ]
    inner = attempts[1]
    assert before_ns <= span.start_ns <= attempts[0].start_ns <= inner.start_ns < inner.end_ns <= span.end_ns
    assert span.end_ns <= time.time_ns()
    assert {"gen_ai.server.request.duration", "gen_ai.client.token.usage"} <= receiver.metrics


def test_a_request_without_a_trace_begins_one(backend, start_gateway, receiver):
    with start_gateway(**settings(backend, receiver.url)) as client:
        answer = client.chat(stream=False)
        span, *_ = receiver.wait_for_spans(answer.headers["x-request-id"], 5)
    assert span.parent_id == ""
    assert len(span.trace_id) == 32


def test_a_client_that_does_not_sample_its_trace_gets_no_spans(backend, start_gateway, receiver):
    with start_gateway(**settings(backend, receiver.url)) as client:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        client.post(body, traceparent=f"00-{TRACE}-b7ad6b7169203331-00")
    assert receiver.spans == []


def test_without_a_receiver_requests_are_answered_and_the_loss_is_counted(backend, start_gateway, caplog):
    with start_gateway(**settings(backend, "http://127.0.0.1:9")) as client:
        assert client.chat().status_code == 200
        ended = time.monotonic() + 6
        while "gateway_otel_dropped_total 1.0" not in client.http.get("/metrics").text:
            assert time.monotonic() < ended
            time.sleep(0.1)
    assert "otel_failed" in [entry.fields["event"] for entry in caplog.records if hasattr(entry, "fields")]


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gateway.observability.tracing", None)
    config = GatewayConfig(
        otel={"endpoint": "http://127.0.0.1:9"},
        backends={"up": {"kind": "openai", "base_url": "http://x"}},
        models={"m": {"route": [{"backend": "up"}]}},
    )
    with pytest.raises(ConfigError, match=r"otel\.endpoint.*pip install 'llm-gateway-qa\[otel\]'"):
        Observers(config)


def test_prompts_and_answers_are_in_nothing_that_is_sent(backend, start_gateway, receiver):
    with start_gateway(**settings(backend, receiver.url)) as client:
        answer = client.chat(messages=[{"role": "user", "content": "canary-prompt"}], metadata={"x": "canary-field"})
        receiver.wait_for_spans(answer.headers["x-request-id"], 5)
    sent = b"".join(receiver.bodies)
    assert b"canary" not in sent
    assert json.loads(answer.text)["choices"][0]["message"]["content"].encode() not in sent
