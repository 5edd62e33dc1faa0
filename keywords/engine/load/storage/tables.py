"""Tables of load runs: a row for each request, and a row for each stage."""

from __future__ import annotations

from array import array
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from keywords.engine.store.schema import RUN, Column, Room, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keywords.engine.load.sample import Sample

_MICROSECONDS = 1e6
_MOST = 2.0**32 - 1
_FEW = 16

SAMPLES = Table(
    "samples",
    (
        RUN,
        Column("item", "INTEGER", "number of the workload's item, from 0", required=True),
        Column("turn", "INTEGER", "number of the request within its conversation, from 0", required=True),
        Column("kind", "TEXT", "the workload's entry that the item was drawn from", required=True),
        Column("stage", "INTEGER", "that the request was intended for, from 0; -1 is the warm-up", required=True),
        Column("user", "INTEGER", "simulated user in a closed loop"),
        Column("process", "INTEGER", "client process, from 0", required=True),
        Column("t_intended", "REAL", "when it was to be sent; monotonic seconds, as all that follow", required=True),
        Column("t_queued", "REAL", "when the client took it up"),
        Column("t_connected", "REAL", "when the connection was ready"),
        Column("t_sent", "REAL", "when its last byte was handed to the socket"),
        Column("t_first_byte", "REAL", "first byte of the answer's body"),
        Column("t_first_content", "REAL", "first generated text"),
        Column("t_last_content", "REAL", "last generated text"),
        Column("t_done", "REAL", "end of the answer, or the moment of the failure"),
        Column(
            "chunk_gaps_us", "UINT32", "microseconds: from t_sent to the first chunk with text, then between chunks"
        ),
        Column("streamed", "INTEGER", "1 for server-sent events", required=True),
        Column("status", "INTEGER", "of HTTP; null if no answer came"),
        Column("error", "TEXT", "class of the failure; null for a whole answer and for a cancelled request"),
        Column("error_message", "TEXT", "what the server or the connection said"),
        Column("cancelled", "INTEGER", "1 if the run ended before the answer did", required=True),
        Column("reused_connection", "INTEGER", "1 if the connection had served a request before", required=True),
        Column("resent", "INTEGER", "1 if it was sent again because the pool's connection was closed", required=True),
        Column("prompt_tokens", "INTEGER", "by the server's usage"),
        Column("output_tokens", "INTEGER", "by tokens_source"),
        Column("tokens_source", "TEXT", "usage, or chunks: an estimate"),
        Column("text_chunks", "INTEGER", "chunks with generated text", required=True),
        Column("text_length", "INTEGER", "characters of generated text", required=True),
        Column("text_sha256", "TEXT", "first 16 hex digits"),
        Column("finish_reason", "TEXT", "the first one"),
        Column("request_id", "TEXT", "the answer's x-request-id"),
        Column("backend", "TEXT", "the answer's x-gateway-backend"),
    ),
)
STAGES = Table(
    "stages",
    (
        RUN,
        Column("stage", "INTEGER", "from 0", required=True),
        Column("began", "REAL", "monotonic seconds", required=True),
        Column("ended", "REAL", "monotonic seconds; before the drain", required=True),
        Column("users", "INTEGER", "of a closed loop"),
        Column("rate", "REAL", "mean arrivals per second of an open loop"),
    ),
    key=("run", "stage"),
)
LOAD_ROOM = Room("load", version=1, tables=(SAMPLES, STAGES))


_CHUNKS = "chunk_gaps_us"
_NAMES = [column.name for column in SAMPLES.columns[1:]]
_BEFORE_CHUNKS = attrgetter(*_NAMES[: _NAMES.index(_CHUNKS)])
_AFTER_CHUNKS = attrgetter(*_NAMES[_NAMES.index(_CHUNKS) + 1 :])


def sample_row(run: int, sample: Sample) -> tuple[Any, ...]:
    """The row of `samples` for a sample; the names of its columns are the sample's, but for the chunks."""
    return (run, *_BEFORE_CHUNKS(sample), chunk_gaps_us(sample), *_AFTER_CHUNKS(sample))


def chunk_gaps_us(sample: Sample) -> NDArray[np.uint32] | array[int] | None:
    """Times between a sample's chunks in whole microseconds; the first is from `t_sent` to the first chunk.

    Each chunk's own offset is rounded, so sums of gaps are off by half a microsecond at most. A gap of more than 71
    minutes, which no answer should have, is cut to that.
    """
    if not sample.chunk_times or sample.t_sent is None:
        return None
    if len(sample.chunk_times) <= _FEW:
        return _few_gaps_us(sample.chunk_times, sample.t_sent)
    offsets = np.frombuffer(sample.chunk_times, dtype=np.float64) - sample.t_sent
    offsets *= _MICROSECONDS
    np.rint(offsets, out=offsets)
    gaps = offsets.copy()
    gaps[1:] -= offsets[:-1]
    np.maximum(gaps, 0.0, out=gaps)
    np.minimum(gaps, _MOST, out=gaps)
    return gaps.astype(np.uint32)


def _few_gaps_us(chunk_times: array[float], t_sent: float) -> array[int]:
    """The same for a few chunks, for which numpy's calls take longer than the numbers do."""
    gaps, before = array("I"), 0
    for at in chunk_times:
        offset = round((at - t_sent) * _MICROSECONDS)
        gaps.append(min(max(offset - before, 0), int(_MOST)))
        before = offset
    return gaps
