"""Streams through a contender, judged against the scripted backend's own record of what it sent when.

Two runs, each with 64 streams of 64 chunks at once:

- **full speed**: the backend sends as fast as it is read. How many streams and chunks per second, at what cost.
- **paced**: a chunk every `PACE_S`, the streams' beginnings spread evenly. What the contender adds: to the first chunk,
  the time from the client's request to its first chunk, less the time from the request's arrival at the backend to that
  chunk's departure; to each gap, the difference between two chunks' distance at the client and at the backend.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from keywords.engine.scripted.backend import Script, words
from keywords.engine.statistics.percentiles import TooFewValuesError, percentile, values_needed
from ops.bench.race.stream_client import Order, Stream
from ops.bench.race.upstream import CHUNKS, PATH, QUESTION, STREAM_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keywords.engine.scripted.backend import RecordedRequest, ScriptedBackend

STREAMS = 64
PACE_S = 0.02
PACED_S = math.ceil(values_needed(99) / STREAMS) * CHUNKS * PACE_S
"""The paced run lasts as long at least, in seconds: so many streams follow each other that p99 has the values it needs.
Through a contender that is slower than the pace there are fewer, and it has no p99."""
_LATE_S = 60.0


class StreamsError(Exception):
    """The stream client failed, or not one stream came through whole."""


@dataclass(frozen=True, slots=True)
class FullSpeed:
    """What came through at full speed, in `seconds` from the first request to the last byte."""

    seconds: float
    streams: int
    chunks: int
    errors: int


@dataclass(frozen=True, slots=True)
class Paced:
    """What was added at an even pace, in milliseconds; None where too few values came for the percentile.

    Attributes:
        chunks: that came.
        errors: streams that did not come whole.
        ttft_p50_ms: added to the first chunk, median.
        ttft_p99_ms: 99th percentile.
        delay_p50_ms: from a chunk's departure at the backend to its arrival at the client, median.
        gap_p99_ms: added to the gap between two chunks, 99th percentile of its absolute value.
    """

    chunks: int
    errors: int
    ttft_p50_ms: float | None
    ttft_p99_ms: float | None
    delay_p50_ms: float | None
    gap_p99_ms: float | None


def full_speed(backend: ScriptedBackend, url: str, headers: Mapping[str, str], seconds: float) -> FullSpeed:
    """Load `url` with streams.

    Raises:
        StreamsError: not one came through.
    """
    backend.play(Script(chunks=words(CHUNKS)))
    streams = _run(_order(url, headers, seconds))
    backend.forget_requests()
    good = [stream for stream in streams if is_whole(stream)]
    took_s = max(stream.ended_s for stream in streams) - min(stream.asked_s for stream in streams)
    return FullSpeed(took_s, len(good), sum(stream.chunks for stream in streams), len(streams) - len(good))


def paced(backend: ScriptedBackend, url: str, headers: Mapping[str, str], seconds: float) -> Paced:
    """Send streams at an even pace through `url`, for `seconds` and at least `PACED_S`.

    Raises:
        StreamsError: not one came through.
    """
    backend.play(Script(chunks=words(CHUNKS), chunk_delay=PACE_S))
    backend.forget_requests()
    streams = _run(_order(url, headers, max(seconds, PACED_S), spread_s=PACE_S * CHUNKS, keep_times=True))
    records = [record for record in backend.chat_requests() if record.ended_at_s is not None]
    backend.forget_requests()
    return added(streams, records)


def added(streams: Sequence[Stream], records: Iterable[RecordedRequest]) -> Paced:
    """What lies between the client's times and the backend's.

    A stream and its record have the last message in common, and their order among those with the same one.

    Raises:
        StreamsError: not one stream came through whole.
    """
    by_name: dict[str, list[RecordedRequest]] = {}
    for record in records:
        by_name.setdefault(record.json()["messages"][-1]["content"], []).append(record)
    firsts, delays, gaps = [], [], []
    errors = chunks = 0
    for stream in streams:
        theirs = by_name.get(stream.name)
        if not theirs:
            errors += 1
            continue
        found = theirs.pop(0)
        if not is_whole(stream):
            errors += 1
            continue
        sent = {each.chunk: each.at_s for each in found.sent if each.chunk is not None}
        each_delay = [came_s - sent[number] for number, came_s in stream.times]
        firsts.append((stream.times[0][1] - stream.asked_s) - (sent[0] - found.at_s))
        delays += each_delay
        gaps += [abs(later - earlier) for earlier, later in pairwise(each_delay)]
        chunks += stream.chunks
    if not firsts:
        raise StreamsError(f"not one of {len(streams)} streams came whole")
    return Paced(
        chunks,
        errors,
        _percentile_ms(firsts, 50),
        _percentile_ms(firsts, 99),
        _percentile_ms(delays, 50),
        _percentile_ms(gaps, 99),
    )


def _percentile_ms(values_s: Sequence[float], p: int) -> float | None:
    try:
        return percentile(values_s, p) * 1e3
    except TooFewValuesError:
        return None


def is_whole(stream: Stream) -> bool:
    """Whether every chunk came, and then a proper end."""
    return stream.error is None and stream.chunks == CHUNKS


def _order(
    url: str, headers: Mapping[str, str], seconds: float, *, spread_s: float = 0.0, keep_times: bool = False
) -> Order:
    body = {**QUESTION, "model": STREAM_MODEL, "stream": True}
    return Order(url + PATH, dict(headers), body, STREAMS, seconds + spread_s, spread_s, keep_times)


def _run(order: Order) -> list[Stream]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ops.bench.race.stream_client"],
            input=json.dumps(asdict(order)).encode(),
            capture_output=True,
            timeout=order.seconds + _LATE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StreamsError(f"streams did not end within {_LATE_S:g} s after the last had begun") from None
    if done.returncode:
        raise StreamsError(f"the stream client failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    streams = [Stream(**each) for each in json.loads(done.stdout)]
    if not any(is_whole(stream) for stream in streams):
        why = next((stream.error for stream in streams if stream.error), "no stream ended")
        raise StreamsError(f"not one of {len(streams)} streams came whole: {why}")
    return streams
