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
        first, last, chunks, tokens = None, None, 0, None
        began = time.perf_counter()
        with self.client.post("/v1/chat/completions", json=body, stream=True, catch_response=True) as response:
            try:
                response.raise_for_status()
                while line := response.stream.readline(b"\n"):
                    data = line.removeprefix(b"data:").strip()
                    if not line.startswith(b"data:") or data == b"[DONE]":
                        continue
                    event = json.loads(data)
                    if event.get("usage"):
                        tokens = event["usage"]["completion_tokens"]
                    if event.get("choices") and event["choices"][0]["delta"].get("content"):
                        chunks += 1
                        now = time.perf_counter()
                        if last:
                            self._fire("time between chunks", now - last)
                        first, last = first or now, now
                ended = time.perf_counter()
                self._fire("end to end", ended - began, tokens or chunks)
                if first:
                    self._fire("time to first token", first - began)
                    if (tokens or chunks) > 1:
                        self._fire("time per output token", (ended - first) / ((tokens or chunks) - 1))
            except Exception as error:  # noqa: BLE001  # as a failure of this request
                response.failure(error)
        if next(_DONE) == _ASKED["requests"]:
            gevent.spawn_later(_WRITTEN_S, self.environment.runner.quit)

    def _fire(self, name: str, seconds: float, length: int = 0) -> None:
        self.environment.events.request.fire(
            request_type="LLM", name=name, response_time=1000 * seconds, response_length=length, exception=None
        )
