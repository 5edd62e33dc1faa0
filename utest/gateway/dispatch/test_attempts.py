"""What the record, the headers and the log tell about the attempts of a request."""

import queue

import pytest

from gateway.observability.request_log import line


@pytest.fixture
def ended(monkeypatch):
    """`ended()` is the record of the next request that ends; its client may have had its answer before."""
    records = queue.Queue()
    monkeypatch.setattr("gateway.observability.request_log.RequestLog.add", lambda _, record: records.put(record))
    return lambda: records.get(timeout=5)


def summary(record):
    return [(a.backend, a.model, a.status, a.reason, a.outcome) for a in record.attempts]


@pytest.mark.parametrize("stream", [False, True])
def test_a_good_attempt_is_recorded(client, backend, ended, stream):
    if stream:
        backend.streams(backend.chunk("a"), backend.chunk(None, "stop"))
    response = client.chat("org/renamed", stream=stream)
    assert response.headers["x-gateway-attempts"] == "1"
    record = ended()
    assert summary(record) == [("up", "inner", 200, None, "answered")]
    assert 0 < record.attempts[0].elapsed_s < 5
    assert record.started < record.attempts[0].started


@pytest.mark.parametrize("stream", [False, True])
def test_a_fallback_is_recorded_as_a_second_attempt(client, backend, ended, stream):
    if stream:
        backend.streams(backend.chunk("a"), backend.chunk(None, "stop"))
    response = client.chat("spare", stream=stream)
    assert response.headers["x-gateway-attempts"] == "2"
    assert summary(ended()) == [
        ("dead", "spare", None, "backend_refused", "failed"),
        ("up", "inner", 200, None, "answered"),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_the_status_of_the_backend_is_recorded(client, backend, ended, stream):
    backend.answers({"error": {"message": "no"}}, 500)
    assert client.chat(stream=stream).status_code == 502
    assert summary(ended()) == [("up", "m", 500, "backend_error", "failed")]


def test_a_death_in_mid_stream_is_recorded(client, backend, ended):
    backend.streams(backend.chunk("a"), cut=True)
    client.events()
    assert summary(ended()) == [("up", "m", 200, "backend_disconnected", "failed")]


def test_a_request_that_needs_no_backend_has_no_attempts(client, ended):
    assert "x-gateway-attempts" not in client.chat("nobody").headers
    record = ended()
    assert summary(record) == []
    assert b'"attempts":[]' in line(record)


def test_the_log_line_tells_each_attempt(client, ended):
    client.chat("spare")
    logged = line(ended())
    assert b'"backend":"dead"' in logged
    assert b'"reason":"backend_refused"' in logged


def test_what_a_backend_says_when_it_fails_is_not_in_the_log(backend, start_gateway, caplog):
    backend.answers({"error": {"message": "You said: secret words"}}, 500)
    with start_gateway(
        retries={"attempts": 2, "base_s": 0.01},
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        assert client.chat().status_code == 502
    (entry,) = [record.fields for record in caplog.records if record.fields["event"] == "attempt_failed"]
    assert (entry["reason"], entry["status"]) == ("backend_error", 500)
    assert "secret words" not in repr([entry.fields for entry in caplog.records])
