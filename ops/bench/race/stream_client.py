"""The stream client, run as a separate process: many streams at once, read by a raw asyncio protocol on uvloop.

    python -m ops.bench.race.stream_client < order.json > streams.json

It parses only what it needs: it searches the received bytes for the scripted backend's words, whatever line breaks,
spaces and further fields a gateway adds. An answer ends with `[DONE]` and the end of its HTTP body. Times are seconds
on the monotonic clock, which the scripted backend uses as well.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import asdict, dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from keywords.engine import clock

_OK = b"HTTP/1.1 200"
WORD = re.compile(rb'" w(\d{3})"')
"""A word of the scripted backend as a JSON string."""
_END = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Order:
    """The streams to run.

    Attributes:
        url: full address for the requests.
        headers: headers of each request.
        body: body of each request; a last message is added, which identifies the stream.
        connections: number of concurrent streams.
        seconds: no stream begins after this time; open streams are read to their end.
        spread_s: time over which the first streams begin evenly; 0 begins them all at once.
        keep_times: whether to record the arrival time of each chunk.
    """

    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    connections: int
    seconds: float
    spread_s: float = 0.0
    keep_times: bool = False


@dataclass(slots=True)
class Stream:
    """One stream.

    Attributes:
        name: its last message; all streams of one connection have the same.
        sent_s: when its request was sent.
        ended_s: when its last byte was read.
        chunks: number of received words.
        times: number and arrival time of each word, in order of arrival.
        error: reason why the stream is incomplete, or None.
    """

    name: str
    sent_s: float
    ended_s: float = 0.0
    chunks: int = 0
    times: list[tuple[int, float]] = field(default_factory=list)
    error: str | None = None


class Reader(asyncio.Protocol):
    """One connection with sequential streams.

    Args:
        order: the streams to run.
        name: name of this connection's streams.
        until_s: time after which no stream begins.
        streams: receives every ended stream.
    """

    def __init__(self, order: Order, name: str, until_s: float, streams: list[Stream]) -> None:
        self._until_s = until_s
        self._name = name
        self._streams = streams
        self._keep_times = order.keep_times
        parts = urlsplit(order.url)
        messages = [*order.body["messages"], {"role": "user", "content": name}]
        body = json.dumps({**order.body, "messages": messages}).encode()
        head = {"host": parts.netloc, "content-type": "application/json", "content-length": len(body), **order.headers}
        lines = "".join(f"{header}: {value}\r\n" for header, value in head.items())
        self._request = f"POST {parts.path} HTTP/1.1\r\n{lines}\r\n".encode() + body
        self._stream: Stream | None = None
        self._rest, self._is_accepted = b"", False
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the first stream."""
        self._transport = cast("asyncio.Transport", transport)  # TCP gives one
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Count the words, and detect the end."""
        now, stream = clock.now(), self._stream
        if stream is None:
            return
        data = self._rest + data
        if not self._is_accepted:
            if len(data) < len(_OK):
                self._rest = data
                return
            if not data.startswith(_OK):
                stream.error = data[:200].decode("latin-1")
                self._transport.abort()
                return
            self._is_accepted = True
        parsed = 0
        for word in WORD.finditer(data):
            stream.chunks += 1
            parsed = word.end()
            if self._keep_times:
                stream.times.append((int(word[1]), now))
        if data.endswith(_END):
            self._end(now, None if b"[DONE]" in data else "ended without [DONE]")
        else:
            # `[DONE]` and the end of the body may arrive in different blocks.
            self._rest = data[max(parsed, len(data) - 64) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Note an interrupted stream."""
        if self._stream is not None:
            self._stream.error = self._stream.error or f"connection lost: {exc}"
            self._stream.ended_s = clock.now()
            self._streams.append(self._stream)
            self._stream = None
        self.closed.set_result(None)

    def _begin(self) -> None:
        if clock.now() >= self._until_s:
            self._transport.close()
            return
        self._rest, self._is_accepted = b"", False
        self._stream = Stream(self._name, clock.now())
        self._transport.write(self._request)

    def _end(self, now: float, error: str | None) -> None:
        assert self._stream is not None  # noqa: S101  # its end was just read
        self._stream.ended_s, self._stream.error = now, error
        self._streams.append(self._stream)
        self._stream = None
        self._begin()


async def run(order: Order) -> list[Stream]:
    """Run all streams; returns them in the order of their ends."""
    loop = asyncio.get_running_loop()
    streams: list[Stream] = []
    until_s = clock.now() + order.seconds

    parts = urlsplit(order.url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80

    async def read(number: int) -> None:
        await asyncio.sleep(order.spread_s * number / order.connections)
        name = f"stream-{number:03d}"
        # Reconnect if the gateway closed the connection after a stream.
        while clock.now() < until_s:
            began = len(streams)
            _, reader = await loop.create_connection(lambda: Reader(order, name, until_s, streams), host, port)
            await reader.closed
            if len(streams) > began and streams[-1].error:
                await asyncio.sleep(0.05)

    await asyncio.gather(*(read(number) for number in range(order.connections)))
    return streams


def main() -> None:
    """Read the order from standard input, and write the streams to standard output."""
    import uvloop  # noqa: PLC0415  # not for Windows; the race is not either

    order = Order(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        streams = runner.run(run(order))
    json.dump([asdict(stream) for stream in streams], sys.stdout)


if __name__ == "__main__":
    main()
