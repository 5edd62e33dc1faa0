"""The referee's own reader: the least that a client can do, so that its error is that of the referee and the machine.

    python -m ops.bench.referee.reader http://127.0.0.1:9000 --users 100 --seconds 5 --to streams.jsonl

It searches the received bytes for the referee's words and parses nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from keywords.engine import clock
from ops.bench.referee import frames
from ops.bench.referee.streams import Stream, to_line

_WORD = re.compile(rb'" w\d{3}"')
_ID = re.compile(rb'"id":"([^"]+)"')
_END = b"0\r\n\r\n"
_KEPT = 32
"""Bytes kept for a word that two reads share."""


class Connection(asyncio.Protocol):
    """A connection that runs one stream after the other until a moment."""

    def __init__(self, host: str, until_s: float, streams: list[Stream]) -> None:
        body = json.dumps({"model": frames.MODEL, "stream": True, "messages": [{"role": "user", "content": "Count."}]})
        head = f"host: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        self._request = f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n\r\n{body}".encode()
        self._until_s, self._streams = until_s, streams
        self._rest = b""
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the first stream."""
        self._transport = cast("asyncio.Transport", transport)  # TCP gives one
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Note the time of each word, and the end."""
        read_s = clock.now()
        stream, data = self._stream, self._rest + data
        if not stream.id and (found := _ID.search(data)):
            stream.id = found[1].decode()
        parsed = 0
        for word in _WORD.finditer(data):
            stream.chunks_s.append(read_s)
            parsed = word.end()
        if not data.endswith(_END):
            self._rest = data[max(parsed, len(data) - _KEPT) :]
            return
        stream.whole = True
        self._streams.append(stream)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """End this connection."""
        self.closed.set_result(None)

    def _begin(self) -> None:
        if clock.now() >= self._until_s:
            self._transport.close()
            return
        self._rest, self._stream = b"", Stream("", clock.now(), [], whole=False)
        self._transport.write(self._request)


async def run(url: str, users: int, seconds: float) -> list[Stream]:
    """Run streams on `users` connections for some seconds; those under way are read to their end."""
    address = urlsplit(url)
    loop, streams = asyncio.get_running_loop(), list[Stream]()
    until_s = clock.now() + seconds
    connections = [
        await loop.create_connection(
            lambda: Connection(address.netloc, until_s, streams), address.hostname or "", address.port or 80
        )
        for _ in range(users)
    ]
    await asyncio.gather(*(connection.closed for _, connection in connections))
    return streams


def main() -> None:
    """Run the streams and write them."""
    import uvloop  # noqa: PLC0415  # not for Windows

    parser = argparse.ArgumentParser(prog="reader", description="The least client of the referee.")
    parser.add_argument("url")
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="no stream begins after it")
    parser.add_argument("--to", type=Path, required=True, help="file for one JSON line a stream")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        streams = runner.run(run(options.url, options.users, options.seconds))
    options.to.write_text("".join(to_line(stream) for stream in streams), "utf-8")


if __name__ == "__main__":
    main()
