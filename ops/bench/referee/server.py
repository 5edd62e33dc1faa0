"""The referee's server: it streams OpenAI's chunks at an even pace and logs its own time of each.

    python -m ops.bench.referee.server --port 9000 --core 0

Each sending time is taken right before the bytes go to the socket. asyncio's own event loop hands them over at once,
whereas uvloop collects them until the end of its turn, so this server does not run on uvloop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, cast

import httptools

from keywords.engine import clock, cores
from ops.bench.referee import frames

_GOLDEN = 0.6180339887498949
"""Multiples of it, without their whole part, spread streams evenly over the pause, however many there are."""


@dataclass(slots=True)
class Pace:
    """How the server answers.

    Attributes:
        chunks: chunks of text in an answer.
        pause_s: seconds between two chunks; 0 sends the whole answer in one write.
    """

    chunks: int = 50
    pause_s: float = 0.02


@dataclass(slots=True)
class Record:
    """One answered request.

    Attributes:
        id: the `id` of each chunk, and the header `x-request-id`.
        received_s: when the last byte of the request was read.
        sent_s: when each chunk of text was sent.
        whole: whether the answer was sent to its end.
    """

    id: str
    received_s: float
    sent_s: list[float] = field(default_factory=list)
    whole: bool = False


class Referee:
    """What all connections share: the pace and the log."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.records: list[Record] = []
        self._number = 0

    def record(self, received_s: float) -> tuple[Record, float]:
        """Begin a record; also the share of a pause by which its stream is shifted, so that no two chunks coincide."""
        self._number += 1
        record = Record(f"chatcmpl-{self._number:07d}", received_s)
        self.records.append(record)
        return record, self._number * _GOLDEN % 1

    def control(self, path: str, body: bytes) -> Any:
        """Answer a request of the bench: set the pace, or hand over the log and begin a new one."""
        if path == "/pace":
            self.pace = Pace(**json.loads(body))
            return {}
        if path == "/records":
            records, self.records = self.records, []
            return [[each.id, each.received_s, each.sent_s, each.whole] for each in records]
        if path == "/v1/models":
            return {"object": "list", "data": [{"id": frames.MODEL, "object": "model", "owned_by": "referee"}]}
        return {"status": "ok"}


class Connection(asyncio.Protocol):
    """One connection; its requests are answered one after the other."""

    def __init__(self, referee: Referee) -> None:
        self._referee = referee
        self._parser = httptools.HttpRequestParser(self)
        self._body = bytearray()
        self._url = b""
        self._received_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # TCP gives one

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """End the stream under way."""
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer the requests that the bytes complete."""
        self._received_s = clock.now()
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Collect the path."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer the request."""
        path, body = self._url.decode().partition("?")[0], bytes(self._body)
        self._url = b""
        self._body.clear()
        if path.endswith("/chat/completions"):
            self._stream()
        else:
            answer = json.dumps(self._referee.control(path, body)).encode()
            self._transport.write(frames.whole_answer(answer))

    def _stream(self) -> None:
        record, shift = self._referee.record(self._received_s)
        pace = self._referee.pace
        if pace.pause_s == 0:
            record.sent_s = [clock.now()] * pace.chunks
            self._transport.write(
                frames.head(record.id)
                + b"".join(frames.chunk(record.id, number) for number in range(pace.chunks))
                + frames.last(record.id, pace.chunks)
            )
            record.whole = True
            return
        first_at = clock.now() + shift * pace.pause_s
        self._schedule(record, pace, first_at, 0)

    def _schedule(self, record: Record, pace: Pace, first_at: float, number: int) -> None:
        # Each chunk has its moment on an absolute schedule, so that a late one does not delay those after it.
        wait_s = first_at + number * pace.pause_s - clock.now()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, wait_s), self._send, record, pace, first_at, number)

    def _send(self, record: Record, pace: Pace, first_at: float, number: int) -> None:
        data = frames.chunk(record.id, number)
        if number == 0:
            data = frames.head(record.id) + data
        is_last = number == pace.chunks - 1
        if is_last:
            data += frames.last(record.id, pace.chunks)
        record.sent_s.append(clock.now())
        self._transport.write(data)
        if is_last:
            record.whole, self._timer = True, None
        else:
            self._schedule(record, pace, first_at, number + 1)


async def serve(port: int) -> None:
    """Serve until the process ends; one line on standard output says that it listens."""
    referee = Referee()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(referee), "127.0.0.1", port, backlog=1024
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)  # noqa: T201  # for the bench
    await server.serve_forever()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="referee", description="Streams at an even pace and logs its sending times.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--core", type=int, default=None, help="the core to stay on")
    options = parser.parse_args()
    if options.core is not None:
        cores.pin(options.core)
    asyncio.run(serve(options.port))


if __name__ == "__main__":
    main()
