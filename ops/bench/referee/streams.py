"""Streams as a client measured them, and the client's errors against the referee's log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ops.bench.referee.server import Record


@dataclass(slots=True)
class Stream:
    """One stream, all times in seconds of `clock.now()`.

    Attributes:
        id: the referee's id of the answer; empty if none was read.
        sent_s: when the client says that it sent the request.
        chunks_s: when the client says that it received each chunk of text.
        whole: whether the client read the answer to its end.
    """

    id: str
    sent_s: float
    chunks_s: list[float]
    whole: bool


@dataclass(frozen=True, slots=True)
class Errors:
    """The client's values less the referee's, of the streams that both saw whole.

    Attributes:
        ttft_s: signed error of each TTFT, those of the start left out.
        gaps_s: size of the error of each gap between two chunks.
        streams: whole streams.
        broken: streams that are not whole, or that the referee does not know, or with another number of chunks.
        chunks: chunks of the whole streams.
    """

    ttft_s: list[float]
    gaps_s: list[float]
    streams: int
    broken: int
    chunks: int


def to_line(stream: Stream) -> str:
    """A stream as one line of JSON; `from_line` reads it."""
    return json.dumps([stream.id, stream.sent_s, stream.chunks_s, stream.whole]) + "\n"


def from_line(line: str) -> Stream:
    """Read what `to_line` wrote."""
    request_id, sent_s, chunks_s, whole = json.loads(line)
    return Stream(request_id or "", sent_s, chunks_s, whole=whole)


def client_errors(streams: Iterable[Stream], records: Mapping[str, Record], *, start_s: float = 0.0) -> Errors:
    """Compare what a client measured with what the referee logged, stream by stream.

    Args:
        streams: of the client.
        records: of the referee, by id.
        start_s: seconds from the first request in which no TTFT is compared. Where all users begin at once, their
            requests wait in the referee's sockets, and it takes the time of each only when it reads it.
    """
    begun_s = min((record.received_s for record in records.values()), default=0.0) + start_s
    ttft_s: list[float] = []
    gaps_s: list[float] = []
    broken = chunks = compared = 0
    for stream in streams:
        record = records.get(stream.id)
        if record is None or not stream.whole or len(stream.chunks_s) != len(record.sent_s):
            broken += 1
            continue
        compared += 1
        if record.received_s >= begun_s:
            ttft_s.append((stream.chunks_s[0] - stream.sent_s) - (record.sent_s[0] - record.received_s))
        delays = [read - sent for read, sent in zip(stream.chunks_s, record.sent_s, strict=True)]
        gaps_s += [abs(later - earlier) for earlier, later in pairwise(delays)]
        chunks += len(stream.chunks_s)
    return Errors(ttft_s, gaps_s, compared, broken, chunks)
