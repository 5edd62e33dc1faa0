"""The trace headers for backends, and the contents in the log."""

import asyncio
import json
import re

import pytest

from gateway.observability.request_log import RequestLog, line
from gateway.request.record import RequestRecord

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
def before(start_gateway, backend):
    def start(**settings):
        return start_gateway(
            backends={"up": {"kind": "openai", "base_url": backend.url}},
            models={"m": {"route": [{"backend": "up"}]}},
            **settings,
        )

    return start


def post(client, **headers):
    return client.post({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, **headers)


def test_without_tracing_the_clients_trace_goes_on_untouched(before, backend):
    with before() as client:
        post(client, traceparent=PARENT, tracestate="a=1,b=2")
        post(client)
    with_trace, without_trace = backend.headers
    assert (with_trace["traceparent"], with_trace["tracestate"]) == (PARENT, "a=1,b=2")
    assert "traceparent" not in without_trace
    assert "tracestate" not in without_trace


@pytest.mark.parametrize(
    "headers",
    [{"traceparent": f"00-{'0' * 32}-{'b' * 16}-01"}, {"tracestate": "a=1"}, {"traceparent": "ff" + PARENT[2:]}],
)
def test_what_is_no_trace_goes_no_further(before, backend, headers):
    with before() as client:
        post(client, **headers)
    assert "traceparent" not in backend.headers[0]
    assert "tracestate" not in backend.headers[0]


@pytest.mark.parametrize("flags", ["00", "01"])
def test_with_tracing_each_attempt_is_told_its_own_span(before, backend, flags):
    backend.answers({}, 500)
    with before(otel={"endpoint": "http://127.0.0.1:9"}, retries={"attempts": 2, "base_s": 0.01}) as client:
        post(client, traceparent=PARENT[:-2] + flags, tracestate="a=1")
    first, second = (headers["traceparent"] for headers in backend.headers)
    assert re.fullmatch(rf"00-{'a' * 32}-[0-9a-f]{{16}}-{flags}", first)
    assert first[:36] == second[:36]
    assert len({first[36:52], second[36:52], "b" * 16}) == 3
    assert backend.headers[0]["tracestate"] == "a=1"


def test_with_tracing_a_request_without_a_trace_begins_one(before, backend):
    with before(otel={"endpoint": "http://127.0.0.1:9"}) as client:
        post(client)
        post(client)
    one, other = (headers["traceparent"] for headers in backend.headers)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", one)
    assert one[3:35] != other[3:35]


class _Stuck:
    is_behind = True


@pytest.fixture
def lines(monkeypatch):
    """The lines of requests, parsed."""
    parsed = []

    def capture(record, *arguments):
        written = line(record, *arguments)
        parsed.append(json.loads(written))
        return written

    monkeypatch.setattr("gateway.observability.request_log.line", capture)
    return parsed


def test_the_log_has_no_contents_unless_asked(before, lines):
    with before() as client:
        client.chat()
    assert "asked" not in lines[0]
    assert "Hello" not in json.dumps(lines)


@pytest.mark.parametrize("stream", [False, True])
def test_the_log_has_contents_if_asked(before, backend, lines, stream):
    if stream:
        backend.streams(backend.chunk("Hello"), backend.chunk(None, "stop"))
    with before(log={"contents": True}) as client:
        client.chat(stream=stream)
    assert json.loads(lines[0]["asked"])["messages"] == [{"role": "user", "content": "hi"}]
    assert "Hello" in lines[0]["answered"]
    assert lines[0]["answered"].endswith("[DONE]\n\n") is stream


def test_at_most_so_much_of_each(before, lines):
    with before(log={"contents": True, "contents_bytes": 10}) as client:
        client.chat()
        client.post(b"{")
    assert (len(lines[0]["asked"]), len(lines[0]["answered"])) == (10, 10)
    assert (lines[1]["asked"], len(lines[1]["answered"])) == ("", 10)


def test_no_more_of_an_answer_is_kept_than_the_log_has(before, backend, monkeypatch):
    lengths = []
    monkeypatch.setattr(
        "gateway.observability.request_log.line", lambda record, _: lengths.append(len(record.answer_start)) or b""
    )
    backend.streams(*[backend.chunk("Hello")] * 9, backend.chunk(None, "stop"))
    with before(log={"contents": True, "contents_bytes": 10}) as client:
        client.chat(stream=True)
        client.chat()
    assert lengths == [10, 10]


def test_lines_that_nobody_reads_are_bounded_by_their_bytes(monkeypatch):
    monkeypatch.setattr("gateway.observability.request_log.STDERR", _Stuck())
    monkeypatch.setattr("gateway.observability.request_log.WAITING_BYTES", 2000)
    monkeypatch.setattr("gateway.observability.request_log.EXIT_FLUSH_S", 0.01)

    async def dropped():
        log = RequestLog()
        for _ in range(9):
            log.add(RequestRecord("x" * 1000, "POST", "/v1/chat/completions"))
        await log.close()
        return log.dropped

    assert asyncio.run(dropped()) == 7
