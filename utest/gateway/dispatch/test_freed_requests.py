"""A request that fails leaves nothing behind: its body and its backend's answer are freed without the collector."""

import gc
import json
import logging
import socket
import time
from types import TracebackType
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from utest.gateway.http_gateway import NEVER_OPENS

MARK = "kept-in-memory"
REQUESTS = 2
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
ERROR = {"message": "no", "code": 429}
LIMIT = {"message": "maximum context length is 10 tokens, resulted in 20 tokens"}
ERROR_EVENT = b"data: " + json.dumps({"error": ERROR}).encode() + b"\n\n"


@pytest.fixture(scope="module")
def gateway(start_gateway, _backend):
    """A gateway with a model before each kind of backend, `gone` before none, and `spare` whose first one is gone."""
    kinds = {
        kind: {"kind": kind, "base_url": _backend.url} for kind in ("openai", "azure", "nim", "ollama", "anthropic")
    }
    dead = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
    with start_gateway(
        breaker=NEVER_OPENS,
        timeouts={"first_byte_s": 0.1, "idle_s": 0.1, "attempt_s": 0.1, "total_s": 1},
        retries={"attempts": 2, "base_s": 0.001},
        backends={**kinds, "dead": dead},
        models={
            **{kind: {"route": [{"backend": kind}]} for kind in kinds},
            "gone": {"route": [{"backend": "dead"}]},
            "spare": {"route": [{"backend": "dead"}, {"backend": "openai"}]},
        },
    ) as client:
        yield client


@pytest.fixture
def _without_collector():
    gc.disable()
    # What is there already is not listed any more.
    gc.freeze()
    yield
    gc.enable()


def kept():
    """The requests of these tests that are still in memory, and the tracebacks with frames of the gateway."""
    return [
        thing
        for thing in gc.get_objects()
        if (type(thing) is dict and thing.get("user") == MARK) or (type(thing) is TracebackType and _in_gateway(thing))
    ]


def _in_gateway(traceback):
    return traceback.tb_frame.f_globals.get("__name__", "").startswith("gateway.")


def assert_freed():
    until = time.monotonic() + 2
    while (left := len(kept())) and time.monotonic() < until:
        # The answer arrives before the request's task has ended.
        time.sleep(0.01)
    assert left == 0


def ask(client, model, path=CHAT, **fields):
    """Send requests; return the last one's status."""
    status = 0
    for _ in range(REQUESTS):
        request = {"model": model, "max_tokens": 9, "user": MARK, "messages": [{"role": "user", "content": "hi"}]}
        status = client.post(request | fields, path=path).status_code
    return status


async def _cut(request):
    response = web.StreamResponse(headers={"content-type": "application/json"})
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b"{")
    request.transport.abort()
    return response


FAILURES = {
    "400": lambda backend: backend.answers({"error": {"message": "no"}}, status=400),
    "401": lambda backend: backend.answers({"error": {"message": "no"}}, status=401),
    "429": lambda backend: backend.answers({"error": {"message": "no"}}, status=429),
    "500": lambda backend: backend.answers({"error": {"message": "no"}}, status=500),
    "503 not JSON": lambda backend: backend.answers(raw=b"busy", status=503),
    "context": lambda backend: backend.answers({"error": LIMIT}, status=400),
    "error under 200": lambda backend: backend.answers({"error": ERROR}),
    "not JSON": lambda backend: backend.answers(raw=b"x" * 1000),
    "null": lambda backend: backend.answers(raw=b"null"),
    "silence": lambda backend: backend.is_silent(),
    "cut answer": lambda backend: setattr(backend, "script", _cut),
    "error event first": lambda backend: backend.streams(ERROR_EVENT),
    "error event later": lambda backend: backend.streams(backend.chunk("x"), ERROR_EVENT),
    "cut stream": lambda backend: backend.streams(backend.chunk("x"), cut=True),
    "silence later": lambda backend: backend.streams(backend.chunk("x"), pause_s=0.3),
    "an event too long": lambda backend: backend.streams(b"data: " + b"x" * 5_000_000),
}


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failure", FAILURES)
def test_failure_of_a_backend(gateway, backend, failure, stream):
    FAILURES[failure](backend)
    assert ask(gateway, "openai", stream=stream) >= (200 if stream else 400)
    assert_freed()


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("model", ["azure", "nim", "ollama", "anthropic"])
def test_each_kind_of_backend_and_each_format(gateway, backend, model, path, stream):
    for failure in ("500", "not JSON", "cut answer", "error event later"):
        FAILURES[failure](backend)
        ask(gateway, model, path, stream=stream)
    assert_freed()


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize(
    ("model", "fields", "status"),
    [
        ("gone", {}, 502),
        ("spare", {}, 200),
        ("openai", {}, 200),
        ("unknown", {}, 404),
        ("openai", {"temperature": "hot"}, 400),
        ("ollama", {"n": 2}, 400),
        ("anthropic", {"n": 2, "stream": True}, 400),
        ("openai", {"gateway": {"template": "none"}}, 400),
    ],
)
def test_refusal_and_retry(gateway, backend, model, fields, status):
    assert backend.script is None
    assert ask(gateway, model, **fields) == status
    assert_freed()


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/embeddings", "/v1/messages/count_tokens"])
def test_other_operations(gateway, backend, path):
    FAILURES["500"](backend)
    model = "anthropic" if path.endswith("count_tokens") else "openai"
    assert ask(gateway, model, path, prompt="hi", input="hi") in {400, 502, 529}
    assert_freed()


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("stream", [False, True])
def test_client_that_leaves(gateway, backend, stream):
    backend.is_silent()
    address = urlsplit(str(gateway.http.base_url))
    message = {"role": "user", "content": "hi"}
    body = json.dumps({"model": "openai", "user": MARK, "messages": [message], "stream": stream}).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    for _ in range(REQUESTS):
        backend.called.clear()
        with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
            connection.sendall(head.encode() + body)
            assert backend.called.wait(5)
    assert_freed()


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("when", ["first", "later"])
def test_defect(gateway, backend, monkeypatch, stream, when):
    def fail(*_):
        raise RuntimeError("a defect")

    # pytest keeps what is logged.
    monkeypatch.setattr(logging.getLogger("gateway"), "propagate", False)
    place = "gateway.dispatch.attempts.Attempts._call" if when == "first" else "gateway.text.sse.EventFramer.feed"
    monkeypatch.setattr(place, fail)
    backend.streams(backend.chunk("x"))
    assert ask(gateway, "openai", stream=stream) >= 500
    monkeypatch.undo()
    assert_freed()
