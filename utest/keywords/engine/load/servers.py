"""Servers that send any bytes, and requests of the load client."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager, suppress

from keywords.engine import clock
from keywords.engine.load.client import LoadClient
from keywords.engine.load.event_loop import new_event_loop
from keywords.engine.load.plan import Target
from keywords.engine.load.sample import Sample

BODY = json.dumps(
    {
        "model": "scripted",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
).encode()
PLAIN = json.dumps({"model": "scripted", "messages": [{"role": "user", "content": "Hi"}]}).encode()


def run(coroutine):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(coroutine)


def ask(url, *bodies, timeout_s=5.0, api_key=None, path="/v1/chat/completions"):
    """Send requests one after another with one client; their samples."""

    async def send():
        client = LoadClient(Target(url, "scripted", api_key, path), timeout_s=timeout_s)
        samples = []
        for body in bodies or (BODY,):
            sample = Sample(0, t_intended=clock.now(), t_queued=clock.now())
            await client.send(body, sample)
            samples.append(sample)
        client.close()
        return samples

    return run(send())


@contextmanager
def raw_server(*answers):
    """A server whose n-th connection reads each request and writes the pieces of its answer, then closes.

    Yields its address and the list of the requests' heads.
    """
    heads = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve():
            for pieces in answers:
                # The client may leave before it has read all, or never come.
                with suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        heads.append(read_request(connection))
                        for piece in pieces:
                            piece(connection) if callable(piece) else connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
        finally:
            listener.close()
            thread.join()


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return head


def event(delta=None, finish=None, **fields):
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: %b\n\n" % json.dumps({"choices": choices, **fields}).encode()


DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
STREAM = event({"content": "a"}) + event({"content": "b"}, "stop") + event(usage=USAGE) + DONE
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


def chunked(body):
    return SSE_HEAD + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def sized(body, head=SSE_HEAD):
    return head + b"content-length: %d\r\n\r\n%b" % (len(body), body)
