"""The trace that a request belongs to (www.w3.org/TR/trace-context), and the trace headers for its backends.

With tracing on, each attempt is a span of the gateway, and its backend gets that span as its parent. Without tracing,
the gateway takes no part in the trace and passes on the client's headers unchanged.
"""

from __future__ import annotations

import re
from random import getrandbits
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.request.record import RequestRecord

_NO_HEADERS: Mapping[str, str] = {}
_SAMPLED = "01"
# Version 00; ids of zeros only are invalid.
TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# Only its characters are checked, not its list of vendors; 512 characters are the least that must be passed on.
TRACESTATE = re.compile(rb"[\x20-\x7e]{1,512}")


def begin_trace(record: RequestRecord, *, is_tracing: bool) -> None:
    """With tracing, set the trace id of a request: the client's, else a new one."""
    if is_tracing:
        record.trace_id = record.traceparent[3:35] if record.traceparent else f"{getrandbits(128) or 1:032x}"


def begin_attempt(record: RequestRecord) -> tuple[int, Mapping[str, str]]:
    """Begin the span of an attempt.

    Returns:
        The span's id, 0 without tracing, and the trace headers for the backend.
    """
    if record.trace_id is None:
        return 0, _headers(record, record.traceparent) if record.traceparent else _NO_HEADERS
    span_id = getrandbits(64) or 1
    flags = record.traceparent[-2:] if record.traceparent else _SAMPLED
    return span_id, _headers(record, f"00-{record.trace_id}-{span_id:016x}-{flags}")


def _headers(record: RequestRecord, parent: str) -> Mapping[str, str]:
    if record.tracestate is None or record.traceparent is None:
        return {"traceparent": parent}
    return {"traceparent": parent, "tracestate": record.tracestate}
