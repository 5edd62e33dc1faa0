"""Measures streams through a contender against the scripted backend's own record of its sending times.

Two runs, each with 64 streams of 64 chunks at once:

- **full speed**: the backend sends as fast as it is read. Measures streams and chunks per second, and their cost.
- **paced**: a chunk every `PACE_S`, with evenly spread starts. Measures what the contender adds. To the TTFT: the
  client's time from request to first chunk, less the backend's from the request's arrival to that chunk's departure. To
  each gap: the difference between two chunks' distance at the client and at the backend.
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
"""Minimum duration of the paced run, in seconds: enough consecutive streams for a p99.
A contender slower than the pace completes fewer streams, and has no p99."""
_LATE_S = 60.0


class StreamsError(Exception):
    """The stream client failed, or not one stream was complete."""


@dataclass(frozen=True, slots=True)
class FullSpeed:
    """The result at full speed; `seconds` lasts from the first request to the last byte."""

    seconds: float
    streams: int
    chunks: int
    errors: int


@dataclass(frozen=True, slots=True)
class Paced:
    """The added delays of the paced run, in milliseconds; None if a percentile has too few values.

    Attributes:
        chunks: number of received chunks.
        errors: number of incomplete streams.
        ttft_p50_ms: added TTFT, median.
        ttft_p99_ms: added TTFT, 99th percentile.
        delay_p50_ms: from a chunk's departure at the backend to its arrival at the client, median.
        gap_p99_ms: added gap between two chunks, 99th percentile of its absolute value.
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
        StreamsError: not one stream was complete.
    """
    backend.play(Script(chunks=words(CHUNKS)))
    streams = _run(_order(url, headers, seconds))
    backend.forget_requests()
    good = [stream for stream in streams if is_complete(stream)]
    duration_s = max(stream.ended_s for stream in streams) - min(stream.sent_s for stream in streams)
    return FullSpeed(duration_s, len(good), sum(stream.chunks for stream in streams), len(streams) - len(good))


def paced(backend: ScriptedBackend, url: str, headers: Mapping[str, str], seconds: float) -> Paced:
    """Send streams at an even pace through `url`, for `seconds` and at least `PACED_S`.

    Raises:
        StreamsError: not one stream was complete.
    """
    backend.play(Script(chunks=words(CHUNKS), chunk_delay=PACE_S))
    backend.forget_requests()
    streams = _run(_order(url, headers, max(seconds, PACED_S), spread_s=PACE_S * CHUNKS, keep_times=True))
    records = [record for record in backend.chat_requests() if record.ended_at_s is not None]
    backend.forget_requests()
    return added_delays(streams, records)


def added_delays(streams: Sequence[Stream], records: Iterable[RecordedRequest]) -> Paced:
    """The differences between the client's times and the backend's.

    A stream and its record have the same last message, and the same position among those with this message.

    Raises:
        StreamsError: not one stream was complete.
    """
    by_name: dict[str, list[RecordedRequest]] = {}
    for record in records:
        by_name.setdefault(record.json()["messages"][-1]["content"], []).append(record)
    firsts, delays, gaps = [], [], []
    errors = chunks = 0
    for stream in streams:
        same_name = by_name.get(stream.name)
        if not same_name:
            errors += 1
            continue
        record = same_name.pop(0)
        if not is_complete(stream):
            errors += 1
            continue
        sent_s = {sent.chunk: sent.at_s for sent in record.sent if sent.chunk is not None}
        stream_delays = [arrived_s - sent_s[number] for number, arrived_s in stream.times]
        firsts.append((stream.times[0][1] - stream.sent_s) - (sent_s[0] - record.at_s))
        delays += stream_delays
        gaps += [abs(later - earlier) for earlier, later in pairwise(stream_delays)]
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


def is_complete(stream: Stream) -> bool:
    """Whether every chunk arrived, and then a proper end."""
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
    streams = [Stream(**fields) for fields in json.loads(done.stdout)]
    if not any(is_complete(stream) for stream in streams):
        why = next((stream.error for stream in streams if stream.error), "no stream ended")
        raise StreamsError(f"not one of {len(streams)} streams came whole: {why}")
    return streams
