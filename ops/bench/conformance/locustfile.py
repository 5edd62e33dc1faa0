"""Locust's side of the conformance cases: a FastHttpUser as people write it for streams of chat completions.

It runs in Locust's own environment, so it imports nothing of this project. Beside Locust's own entry of the request it
fires four events: the time to the first token (the first event with content), the times between events with content,
the time to the end with the tokens in the place of the length, and the time per token. Tokens are those of the usage,
without it the number of chunks.

`CONFORMANCE` has, as JSON: requests, rate of each user (or null), prompts (or null).
"""

import itertools
import json
import os
import time
from typing import Any

import gevent
from locust import FastHttpUser, constant, constant_throughput, task

_ASKED = json.loads(os.environ["CONFORMANCE"])
_NUMBERS = itertools.count()
_DONE = itertools.count(1)
_WRITTEN_S = 2.5
"""Locust writes its CSV files every second, and not at its end."""
_LONG_S = 3600
"""How long a user without a further request waits for the end of the run."""


class ChatUser(FastHttpUser):  # type: ignore[misc]  # Locust is not installed where types are checked
    """Sends one streamed chat completion after the other."""

    wait_time = constant(0) if _ASKED["rate"] is None else constant_throughput(_ASKED["rate"])

    @task  # type: ignore[untyped-decorator]
    def chat(self) -> None:
        """Read one streamed answer."""
        number = next(_NUMBERS)
        if number >= _ASKED["requests"]:
            gevent.sleep(_LONG_S)
        shown = number % (_ASKED["prompts"] or _ASKED["requests"])
        body = {
            "model": "scripted",
            "messages": [{"role": "user", "content": f"Count up from {shown}."}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 64,
        }
        began = time.perf_counter()
        with self.client.post("/v1/chat/completions", json=body, stream=True, catch_response=True) as response:
            try:
                response.raise_for_status()
                self._read(response.stream, began)
            except Exception as error:  # noqa: BLE001  # as a failure of this request
                response.failure(error)
        if next(_DONE) == _ASKED["requests"]:
            gevent.spawn_later(_WRITTEN_S, self.environment.runner.quit)

    def _read(self, stream: Any, began: float) -> None:
        read_at: list[float] = []
        tokens = None
        while line := stream.readline(b"\n"):
            data = line.removeprefix(b"data:").strip()
            if not line.startswith(b"data:") or data == b"[DONE]":
                continue
            event = json.loads(data)
            if event.get("usage"):
                tokens = event["usage"]["completion_tokens"]
            if event.get("choices") and event["choices"][0]["delta"].get("content"):
                read_at.append(time.perf_counter())
        ended = time.perf_counter()
        count = tokens or len(read_at)
        self._fire("end to end", ended - began, count)
        if read_at:
            self._fire("time to first token", read_at[0] - began)
        if read_at and count > 1:
            self._fire("time per output token", (ended - read_at[0]) / (count - 1))
        for earlier, later in itertools.pairwise(read_at):
            self._fire("time between chunks", later - earlier)

    def _fire(self, name: str, seconds: float, length: int = 0) -> None:
        self.environment.events.request.fire(
            request_type="LLM", name=name, response_time=1000 * seconds, response_length=length, exception=None
        )
