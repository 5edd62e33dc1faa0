"""The trace that a request belongs to (www.w3.org/TR/trace-context), and what its backends are told of it.

With tracing on, each attempt is a span of the gateway's own, and its backend is told that span. Without, the gateway
takes no part in the trace and passes on what the client sent, as it is.
"""

from __future__ import annotations

import re
from random import getrandbits
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.request.record import RequestRecord

_NOTHING: Mapping[str, str] = {}
_SAMPLED = "01"
# Version 00; all zeros are no ids.
TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# What the gateway would have to understand to judge more of it; 512 characters are the least that must be passed on.
TRACESTATE = re.compile(rb"[\x20-\x7e]{1,512}")


def join(record: RequestRecord, *, takes_part: bool) -> None:
    """Give a request its trace: the one that its client names, else a new one; none without tracing.

    Args:
        record: its `traceparent` and `tracestate` are what the client sent.
        takes_part: tracing is on.
    """
    if takes_part:
        record.trace_id = record.traceparent[3:35] if record.traceparent else f"{getrandbits(128) or 1:032x}"


def begin_attempt(record: RequestRecord) -> tuple[int, Mapping[str, str]]:
    """Begin the span of an attempt.

    Returns:
        Its id, 0 without tracing; and the headers that tell the backend of the trace.
    """
    if record.trace_id is None:
        return 0, _headers(record, record.traceparent) if record.traceparent else _NOTHING
    span_id = getrandbits(64) or 1
    flags = record.traceparent[-2:] if record.traceparent else _SAMPLED
    return span_id, _headers(record, f"00-{record.trace_id}-{span_id:016x}-{flags}")


def _headers(record: RequestRecord, parent: str) -> Mapping[str, str]:
    if record.tracestate is None or record.traceparent is None:
        return {"traceparent": parent}
    return {"traceparent": parent, "tracestate": record.tracestate}
