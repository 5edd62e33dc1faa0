"""A gateway in memory for the keyword libraries: no socket, no Robot run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import pytest

from keywords import target
from keywords.engine.client import ChatClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.exchange import Exchange

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


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
