"""The scripted backend: a real HTTP server that answers like OpenAI and like Ollama, exactly as its script says.

It speaks both wire formats at once, on their own paths: `/v1/models` and `/v1/chat/completions` (JSON and SSE),
`/api/version`, `/api/tags` and `/api/chat` (JSON and NDJSON). Whatever arrives is recorded byte for byte.
By hand: `python -m keywords.engine.scripted_backend --port 9000 --chunk-delay 0.1`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from keywords.engine import scripted_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.scripted_wire import Family

_HEAD_LIMIT = 1 << 20
_END = b"0\r\n\r\n"
_START_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Script:
    """What the backend does with every chat request until it gets another script.

    Attributes:
        chunks: the answer, piece by piece; a plain answer is all of them joined.
        first_delay_s: seconds of silence before the status line.
        chunk_delay_s: seconds before each chunk of a stream.
        finish_reason: how the answer ends: `stop` or `length`.
        cut_after: reset the connection after so many chunks; a plain answer is cut in the middle of its body.
        silent_after: send nothing more after so many chunks, and keep the connection open; a plain answer never comes.
        error_after: send an error in the stream after so many chunks, in the family's own shape.
        status: an answer other than 200 is `body` under this status, with `headers`.
        headers: further headers of an answer that is not 200, such as `retry-after`.
        body: body of an answer that is not 200; the family's own error object if left out.
    """

    chunks: tuple[str, ...] = ("One", " two", " three", " four", ".")
    first_delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    finish_reason: str = "stop"
    cut_after: int | None = None
    silent_after: int | None = None
    error_after: int | None = None
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse a script that could never happen.

        Raises:
            ValueError: a fault is placed after more chunks than there are.
        """
        for name in ("cut_after", "silent_after", "error_after"):
            after = getattr(self, name)
            if after is not None and not 0 <= after <= len(self.chunks):
                raise ValueError(
                    f"{name}={after} does not fit {len(self.chunks)} chunks: give 0 to {len(self.chunks)}."
                )


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it came over the wire.

    Attributes:
        method: HTTP method.
        path: path and query.
        head: request line and headers, byte for byte; not shown, it may hold a key.
        body: byte for byte.
        at_s: when it was complete, seconds on the monotonic clock.
    """

    method: str
    path: str
    head: bytes = field(repr=False)
    body: bytes
    at_s: float

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; of a repeated one the last."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        return {name.strip().lower(): value.strip() for name, value in pairs}

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)


class ScriptedBackend:
    """One scripted backend on a port of 127.0.0.1, in a thread of its own.

    Args:
        models: ids it lists.
        port: 0 takes a free one.

    Attributes:
        url: address without a path.
        script: what it plays; exchange it at any time, requests under way keep theirs.
        requests: everything that arrived, in order, probes included.
    """

    def __init__(self, *, models: tuple[str, ...] = ("scripted",), port: int = 0) -> None:
        self.models = models
        self.script = Script()
        self.requests: list[RecordedRequest] = []
        self.url = ""
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scripted-backend", daemon=True)

    def start(self) -> None:
        """Listen; `url` is known afterwards.

        Raises:
            OSError: the port is taken.
        """
        # Binding happens here, not in the thread, so that a taken port is the caller's error.
        listener = socket.create_server(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._listener = listener
        self._thread.start()
        self._listening.wait(_START_LIMIT_S)

    def stop(self) -> None:
        """Drop all connections and give the port back; calling it again does nothing."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(_START_LIMIT_S)

    def chat_requests(self) -> list[RecordedRequest]:
        """The recorded chat requests, without probes and model lists."""
        return [request for request in self.requests if request.path.split("?")[0] in scripted_wire.CHAT_PATHS]

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  (asyncio runs this callback as a task)
            connections.add(task)
            try:
                # The other side may leave at any time; that is its right, not a fault of this backend.
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    while await self._answer_one(reader, writer):
                        pass
            finally:
                connections.discard(task)
                writer.close()

        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(connected, sock=self._listener, limit=_HEAD_LIMIT)
        self._listening.set()
        await self._stopped.wait()
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and answer it; False when the connection is used up."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        request = RecordedRequest(method, path, head, b"", time.monotonic())
        if length := int(request.headers.get("content-length", "0")):
            body = await reader.readexactly(length)
            request = RecordedRequest(method, path, head, body, time.monotonic())
        self.requests.append(request)
        script, route = self.script, path.split("?")[0]
        family = scripted_wire.CHAT_PATHS.get(route)
        if family is None or method != "POST":
            status, answer = scripted_wire.lookup(method, route, self.models)
            writer.write(_plain(status, answer))
            await writer.drain()
            return True
        try:
            asked = request.json()
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            writer.write(_plain(HTTPStatus.BAD_REQUEST, family.error(HTTPStatus.BAD_REQUEST)))
            await writer.drain()
            return True
        return await _Player(script, family, asked, reader, writer).play()


@dataclass(frozen=True, slots=True)
class _Player:
    """Plays one script for one request; each method says whether the connection can be used again."""

    script: Script
    family: Family
    asked: dict[str, Any]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def play(self) -> bool:
        script = self.script
        await asyncio.sleep(script.first_delay_s)
        if script.status != HTTPStatus.OK:
            body = script.body if script.body is not None else self.family.error(script.status)
            return await self._send(_plain(script.status, body, script.headers))
        if self.family.streams(self.asked):
            return await self._stream()
        body = self.family.whole(self.asked, script.chunks, script.finish_reason)
        answer = _plain(HTTPStatus.OK, body)
        if script.silent_after is not None:
            return await self._be_silent()
        if script.cut_after is not None:
            await self._send(answer[: -len(body) // 2])
            return _reset(self.writer)
        return await self._send(answer)

    async def _stream(self) -> bool:
        script = self.script
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {self.family.stream_type}\r\ntransfer-encoding: chunked\r\n\r\n"
        await self._send(head.encode())
        for sent in range(len(script.chunks) + 1):
            if sent == script.silent_after:
                return await self._be_silent()
            if sent == script.cut_after:
                return _reset(self.writer)
            if sent == script.error_after:
                return await self._send(_chunk(self.family.stream_error()) + _END)
            if sent < len(script.chunks):
                await asyncio.sleep(script.chunk_delay_s)
                await self._send(_chunk(self.family.piece(self.asked, script.chunks[sent], first=sent == 0)))
        return await self._send(_chunk(self.family.last(self.asked, script.chunks, script.finish_reason)) + _END)

    async def _send(self, data: bytes) -> bool:
        self.writer.write(data)
        await self.writer.drain()
        return True

    async def _be_silent(self) -> bool:
        await self.reader.read(1)  # until the other side leaves
        return False


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Break the connection with a TCP reset, as a crashed process does, and not with a clean end."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


def _plain(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in {"content-type": "application/json", **(headers or {})}.items()]
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def main() -> None:
    """Serve until Ctrl-C; say where on standard output."""
    parser = argparse.ArgumentParser(prog="scripted_backend", description="Play a script as an LLM backend.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--chunk-delay", type=float, default=0.0, help="seconds before each chunk of a stream")
    options = parser.parse_args()
    backend = ScriptedBackend(port=options.port)
    backend.script = Script(chunk_delay_s=options.chunk_delay)
    backend.start()
    print(backend.url, flush=True)  # noqa: T201  (a command line's answer)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    backend.stop()


if __name__ == "__main__":
    main()
