"""A gateway in memory for the keyword libraries, and plain sockets to a scripted backend."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import httpx2
import pytest

from keywords.engine.machine import Machine
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import Script, ScriptedBackend
from keywords.run import inconclusive, target

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.http.exchange import Exchange

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


@pytest.fixture(autouse=True)
def idle_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts on times do not depend on what else runs on this machine."""
    monkeypatch.setattr(inconclusive, "measure_machine", lambda: Machine(load=0, cores=1, wait_ratio=1))


class MemoryGateway:
    """Answers with what the test puts into `answer`, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []
        self.observed: list[Exchange] = []
        self.answer: Callable[[httpx2.Request], httpx2.Response] = lambda _: httpx2.Response(200, json=completion("OK"))
        self.client = ChatClient(
            "http://gateway.test",
            api_key="sk-canary",
            model="model-a",
            observe=self.observed.append,
            transport=httpx2.MockTransport(self._handle),
        )

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(request.content) for request in self.asked]

    def answers(self, status: int, **response) -> None:
        self.answer = lambda _: httpx2.Response(status, **response)

    def streams(self, *events: dict | str, content_type: str = "text/event-stream") -> None:
        self.answers(200, content=sse(*events), headers={"content-type": content_type})

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self.answer(request)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> MemoryGateway:
    memory = MemoryGateway()
    monkeypatch.setattr(target, "client", lambda: memory.client)
    monkeypatch.setattr(target, "api_key", lambda: "sk-canary")
    return memory


def completion(*texts: str, **changes) -> dict:
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for index, text in enumerate(texts)
    ]
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "model-a", "choices": choices}
    return {**body, "usage": USAGE, **changes}


def chunk(delta: dict | None = None, finish: str | None = None, index: int = 0, **changes) -> dict:
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish}]
    body = {"id": "s1", "object": "chat.completion.chunk", "created": 1, "model": "model-a", "choices": choices}
    return {**body, **changes}


def sse(*events: dict | str) -> bytes:
    lines = [event if isinstance(event, str) else json.dumps(event, ensure_ascii=False) for event in events]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


GOOD_STREAM = (
    chunk({"role": "assistant", "content": None}),
    chunk({"content": "Hé"}),
    chunk({"content": "llo"}),
    chunk({}, "stop"),
    "[DONE]",
)
ERROR = {"error": {"message": "The backend is gone.", "type": "server_error", "param": None, "code": "backend_gone"}}


@pytest.fixture
def make():
    """The builders above, for tests that cannot import a conftest."""

    class Make:
        completion = staticmethod(completion)
        chunk = staticmethod(chunk)
        sse = staticmethod(sse)
        good_stream = GOOD_STREAM
        error = ERROR
        usage = USAGE

    return Make


class Wire:
    """One connection to a scripted backend."""

    def __init__(self, backend):
        self.socket = socket.create_connection(("127.0.0.1", int(backend.url.rpartition(":")[2])), timeout=5)
        self._surplus = b""  # the beginning of the next answer

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, path="/v1/chat/completions", **fields):
        body = json.dumps({"model": "one", "messages": [{"role": "user", "content": "Hello"}]} | fields).encode()
        self.send(b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body)

    def answer(self):
        """One whole answer: head and body, taken out of its framing."""
        data = self.until(b"\r\n\r\n")
        head, _, rest = data.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"transfer-encoding: chunked" not in lower:
            length = int(lower.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            while len(rest) < length:
                rest += self.socket.recv(65536)
            self._surplus = rest[length:]
            return head, rest[:length]
        while not (b"\r\n" + rest).endswith(b"\r\n0\r\n\r\n"):
            rest += self.socket.recv(65536)
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        return head, body

    def until(self, end):
        data, self._surplus = self._surplus, b""
        while end not in data:
            piece = self.socket.recv(65536)
            assert piece, data
            data += piece
        return data

    def body(self, **asked):
        """The body of the answer to one request."""
        self.ask(**asked)
        return self.answer()[1]

    def rest(self):
        """Everything until the other side closes the connection."""
        data = b""
        while piece := self.socket.recv(65536):
            data += piece
        return data

    def rest_before_reset(self):
        data = b""
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return data
            assert piece, "closed without a reset"
            data += piece


@pytest.fixture(scope="session")
def shared_backend():
    backend = ScriptedBackend(models=("one", "two"))
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def scripted(shared_backend):
    """A scripted backend as if it were new."""
    shared_backend.script = Script()
    shared_backend.forget_requests()
    return shared_backend


@pytest.fixture
def connect(scripted):
    made = []

    def connect():
        made.append(Wire(scripted))
        return made[-1]

    yield connect
    for wire in made:
        wire.socket.close()


@pytest.fixture
def wire(connect):
    return connect()
