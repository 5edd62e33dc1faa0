import contextlib
import socket
import ssl
import threading
import time

import pytest

from keywords.engine.openai.client import AnswerBrokeOff, ChatClient, GatewayRefused, NotAnAnswer

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)


class Wire:
    """A socket that answers each connection with given bytes and pauses, and keeps the requests."""

    def __init__(self, *script: bytes | float | threading.Event) -> None:
        self.script = script
        self.sent: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.threads = [threading.Thread(target=self._serve)]
        self.threads[0].start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            # A client that leaves early is part of some tests.
            with connection, contextlib.suppress(ConnectionError):
                request = connection.recv(65536)
                head, _, body = request.partition(b"\r\n\r\n")
                if b"content-length: " in head.lower():
                    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                    while len(body) < length:
                        body += connection.recv(65536)
                self.sent.append(head + b"\r\n\r\n" + body)
                for step in self.script:
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    elif isinstance(step, float):
                        time.sleep(step)
                    else:
                        step.wait(5)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.threads[0].join(5)


@pytest.fixture
def wire():
    wires: list[Wire] = []

    def open_wire(*script):
        wires.append(Wire(*script))
        return wires[-1]

    yield open_wire
    for one in wires:
        one.close()


@pytest.fixture
def client():
    clients: list[ChatClient] = []

    def open_client(url, **options):
        clients.append(ChatClient(url, **{"api_key": "sk-canary", "model": "m", **options}))
        return clients[-1]

    yield open_client
    for one in clients:
        one.close()


def answer(status: str, body: bytes, kind: str = "application/json") -> bytes:
    # Each connection is closed after one answer, and says so: the client must not send its next request on it.
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_ask_sends_what_was_given_and_nothing_else(gateway):
    gateway.client.ask("Hello", system="Be brief", temperature=0, seed=None, max_tokens=5)
    assert gateway.bodies == [
        {
            "model": "model-a",
            "messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello"}],
            "temperature": 0,
            "max_tokens": 5,
        }
    ]
    request = gateway.asked[0]
    assert str(request.url) == "http://gateway.test/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer sk-canary"
    assert request.headers["accept-encoding"] == "identity"


def test_ask_takes_a_conversation_and_another_model(gateway):
    conversation = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    gateway.client.ask(conversation, model="model-b")
    assert gateway.bodies == [{"model": "model-b", "messages": conversation}]


def test_an_answer(gateway, make):
    gateway.answers(200, json=make.completion("One", "Two"), headers={"X-Gateway-Backend": "embedded"})
    got = gateway.client.ask("Hello")
    assert (got.texts, got.text, got.finish_reason, got.usage.total_tokens) == (["One", "Two"], "One", "stop", 5)
    assert (got.backend, got.model, got.status) == ("embedded", "model-a", 200)
    assert got.total_s == got.exchange.total_s > 0


def test_the_exchange_never_holds_the_key(gateway):
    gateway.client.ask("Hello")
    gateway.client.send(
        "GET", "/x", headers=[("API-Key", "sk-canary"), ("Cookie", "sk-canary"), ("X-Api-Key", "sk-canary")]
    )
    for exchange in gateway.observed:
        assert exchange.request_headers["authorization"] == "<secret>"
        assert "sk-canary" not in repr(exchange) + str(exchange.request_headers)
    assert "sk-canary" not in str(vars(gateway.client).get("base_url"))


def test_a_refusal_is_raised_with_its_error(gateway, make):
    gateway.answers(400, json=make.error)
    with pytest.raises(GatewayRefused) as refused:
        gateway.client.ask("Hello")
    assert refused.value.status == 400
    assert refused.value.error["message"] == "The backend is gone."
    assert refused.value.exchange is gateway.observed[0]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"{}", b'{"choices": []}', b'{"choices": [1]}', b'{"choices": NaN}']
)
def test_what_is_no_completion_is_raised(gateway, body):
    gateway.answers(200, content=body)
    with pytest.raises(NotAnAnswer, match="answered 200, but the body is not a chat completion"):
        gateway.client.ask("Hello")


def test_models(gateway):
    models = [{"id": "a", "object": "model", "created": 1, "owned_by": "us"}]
    gateway.answers(200, json={"object": "list", "data": models})
    assert gateway.client.models() == models
    gateway.answers(200, json={"object": "list", "data": [{"id": "a", "object": "model", "created": "1"}]})
    with pytest.raises(NotAnAnswer, match=r"data\[0\]: owned_by must be a text.*data\[0\]: created must be an integer"):
        gateway.client.models()


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_the_address_may_end_in_v1(client, url):
    assert client(url).base_url == "http://h:1"


def test_send_puts_the_bytes_on_the_wire_as_they_are(wire, client):
    server = wire(answer("400 Bad Request", b"{}"))
    exchange = client(server.url).send(
        "POST", "/v1/chat/completions", body=b'{"a":\xff', headers=[("X-Two", "1"), ("X-Two", "2")]
    )
    head, _, body = server.sent[0].partition(b"\r\n\r\n")
    assert body == b'{"a":\xff'
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert head.count(b"X-Two: ") == 2
    assert b"content-type" not in head.lower()
    assert b"authorization: Bearer sk-canary" in head
    assert (exchange.status, exchange.json(), exchange.failure) == (400, {}, None)
    assert exchange.request_headers["x-two"] == "1, 2"


def test_send_without_the_key_and_with_another(wire, client):
    server = wire(answer("401 Unauthorized", b"{}"))
    speaker = client(server.url)
    speaker.send("GET", "/v1/models", anonymous=True)
    speaker.send("GET", "/v1/models", headers={"Authorization": "Bearer wrong"})
    assert b"authorization" not in server.sent[0].lower()
    assert b"Bearer wrong" in server.sent[1]
    assert b"sk-canary" not in server.sent[1]


def test_the_environment_names_no_proxy(wire, client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server = wire(answer("200 OK", b"{}"))
    assert client(server.url).send("GET", "/").status == 200


@pytest.mark.quiet_machine
def test_times_are_those_of_the_reads(wire, client, make):
    role, first, *rest = make.good_stream
    server = wire(CHUNKED + chunked(make.sse(role)), 0.3, chunked(make.sse(first)), 0.3, chunked(make.sse(*rest), b""))
    stream = client(server.url).stream("Hello")
    assert stream.text == "Héllo"
    assert 0 < stream.exchange.headers_s <= stream.ttfb_s
    assert stream.ttft_s - stream.ttfb_s == pytest.approx(0.3, abs=0.2)
    assert stream.total_s - stream.ttft_s == pytest.approx(0.3, abs=0.2)
    assert b"connection: close" in server.sent[0].lower()


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ((), "RemoteProtocolError: Server disconnected"),
        ((answer("200 OK", b'{"a": 1}')[:-3],), "RemoteProtocolError: peer closed connection"),
        ((b"nonsense\r\n\r\n",), "RemoteProtocolError"),
        ((0.6, answer("200 OK", b"{}")), "ReadTimeout"),
    ],
)
def test_failures_of_send_are_recorded(wire, client, script, failure):
    observed = []
    speaker = client(wire(*script).url, timeout_s=0.3, observe=observed.append)
    exchange = speaker.send("GET", "/")
    assert exchange.failure.startswith(failure)
    assert observed == [exchange]
    with pytest.raises(AnswerBrokeOff, match=failure.partition(":")[0]):
        speaker.ask("Hello")


def test_a_stream_cut_inside_an_event_is_recorded(wire, client, make):
    whole = make.sse(*make.good_stream)
    stream = client(wire(CHUNKED + chunked(whole[:-30])).url).stream("Hello")
    assert stream.text == "Héllo"
    assert not stream.closed
    assert stream.failure.startswith("RemoteProtocolError")
    assert "ends inside an event" in stream.problems[0]


def test_an_answer_that_drips_for_ever_is_broken_off(wire, client):
    drip = [step for _ in range(400) for step in (chunked(b": wait\n\n"), 0.05)]
    stream = client(wire(CHUNKED, *drip).url, timeout_s=0.4).stream("Hello")
    assert stream.failure == (
        "ReadTimeout: no end of the answer within 0.4 s; the request leaves its length open; for a slower server, "
        "raise PATIENCE"
    )
    assert stream.total_s < 20


def test_a_stream_in_the_background_returns_at_the_first_content(wire, client, make):
    go_on = threading.Event()
    events = make.good_stream
    server = wire(CHUNKED + chunked(make.sse(*events[:2])), go_on, chunked(make.sse(*events[2:]), b""))
    running = client(server.url).start_stream("Hello")
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.1 s"):
        running.finish(0.1)
    go_on.set()
    assert running.finish(5).text == "Héllo"


def test_a_stream_in_the_background_raises_a_refusal_at_once(gateway, make):
    gateway.answers(503, json=make.error)
    with pytest.raises(GatewayRefused):
        gateway.client.start_stream("Hello")


def test_a_stream_in_the_background_without_content_ends_when_patience_does(wire, client):
    stop = threading.Event()
    server = wire(CHUNKED, stop)
    running = client(server.url, timeout_s=0.1).start_stream("Hello")
    assert "no end of the answer within 0.1 s" in running.finish(5).failure
    stop.set()


@pytest.mark.parametrize(
    ("url", "loads"), [("http://127.0.0.1:9", False), ("https://a.test", True), ("HTTPS://a.test", True)]
)
def test_certificates_are_loaded_for_encrypted_addresses_only(monkeypatch, url, loads):
    loaded = []
    load = ssl.SSLContext.load_verify_locations

    def note(context, *given, **named):
        loaded.append(context)
        return load(context, *given, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", note)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda context, *_: loaded.append(context))
    ChatClient(url, api_key=None, model="m").close()
    assert bool(loaded) is loads
