"""Locust's side of the comparison: a streaming user of the kind that Locust's FastHttpUser offers.

It runs in Locust's own environment, so it imports nothing of this project. If `REFEREE_STREAMS` names a file, it writes
one JSON line for each stream to it at the end: the stream's id, when its request was sent, when each chunk of text was
read, and whether it came whole. Times are seconds of `time.perf_counter`, as all processes of the machine read it.
"""

import json
import os
import time
from pathlib import Path

from locust import FastHttpUser, constant, events, task

_FILE = os.environ.get("REFEREE_STREAMS")
_STREAMS: list[list[object]] = []
_BODY = {"model": "referee", "stream": True, "messages": [{"role": "user", "content": "Count up."}]}


class StreamingUser(FastHttpUser):  # type: ignore[misc]  # Locust is not installed where types are checked
    """Sends one stream after the other."""

    wait_time = constant(0)

    @task  # type: ignore[untyped-decorator]
    def stream(self) -> None:
        """Read one streamed answer."""
        chunks: list[float] = []
        request_id, whole = None, False
        sent_s = time.perf_counter()
        with self.client.post(
            "/v1/chat/completions", json=_BODY, stream=True, catch_response=True, name="stream"
        ) as response:
            lines = response.stream
            while line := lines.readline(b"\n"):
                read_s = time.perf_counter()
                if not line.startswith(b"data: "):
                    continue
                data = line[6:].strip()
                if data == b"[DONE]":
                    whole = True
                    continue
                event = json.loads(data)
                request_id = event["id"]
                if event["choices"] and event["choices"][0]["delta"].get("content"):
                    chunks.append(read_s)
            response.success()
        if _FILE is not None:
            _STREAMS.append([request_id, sent_s, chunks, whole])


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def write_streams(**_: object) -> None:
    """Write what was measured."""
    if _FILE is not None:
        Path(_FILE).write_text("".join(json.dumps(stream) + "\n" for stream in _STREAMS), "utf-8")
