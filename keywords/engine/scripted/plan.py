"""Plan of an answer: the bytes of a script in one wire format, their split into writes, and the ending.

The plan contains the faults that change bytes, so that playing it only waits and writes.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from keywords.engine.scripted.head import CHUNK_END, LAST_CHUNK, answer_head, http_chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.scripted.family import Family, ModelRequest
    from keywords.engine.scripted.script import Fault, Script

Ending = Literal["complete", "cut", "close", "silence"]
_COMMENT = b": scripted\n\n"
_REPLACEMENT = "\ufffd"
_INVALID_UTF8 = b"\xff\xfe"


@dataclass(frozen=True, slots=True)
class Write:
    """One TCP write.

    Attributes:
        wire: the bytes, framing included.
        marks: for each event, the index of its chunk in the script (None: no chunk), and the offset in the answer's
            body at which it ends.
        waits: which of the script's delays comes before it.
        framing: bytes at its end that are HTTP's and no event's.
    """

    wire: bytes
    marks: tuple[tuple[int | None, int], ...] = ()
    waits: Literal["no", "chunk", "finish"] = "no"
    framing: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to one request.

    Attributes:
        writes: in order.
        ending: what happens to the connection afterwards; `complete` after a whole HTTP answer.
        immediate: the only write of a plan without any delay; None for all others.
    """

    writes: tuple[Write, ...]
    ending: Ending
    immediate: Write | None = None


@dataclass(frozen=True, slots=True)
class _Frame:
    data: bytes
    chunk: int | None = None


def plan_answer(script: Script, family: Family, request: ModelRequest) -> Plan:
    """Plan the scripted answer to a request in the family's format."""
    fault = script.fault
    if fault is not None and fault.after is None and fault.at_byte is None:
        return Plan((), _ending(fault))
    if script.status != HTTPStatus.OK:
        return _whole(script, script.body if script.body is not None else family.error(script.status))
    if script.stream and family.streams(request):
        return _stream(script, family, request)
    if fault is not None and fault.kind == "no_end":
        return _whole(replace(script, fault=None), family.whole(request, script))
    if fault is not None and fault.kind == "error":
        return _whole(replace(script, fault=None), family.error(HTTPStatus.INTERNAL_SERVER_ERROR))
    return _whole(script, family.whole(request, script))


def plan_probe(script: Script, body: bytes) -> Plan:
    """Plan the scripted answer to a probe; `body` stands in where the script has none."""
    return _whole(script, script.body if script.body is not None else body)


def is_cacheable(script: Script) -> bool:
    """Whether the script's plan does not depend on the current time."""
    return script.retry_after_s is None or script.retry_after_form != "date"


def _whole(script: Script, body: bytes) -> Plan:
    fault, whole_length = script.fault, len(body)
    if fault is not None:
        body = _spoil_whole(fault, body)
    length = len(body) if fault is None or fault.kind in {"end", "bad_json", "bad_utf8"} else whole_length
    headers = {"content-type": "application/json", "content-length": str(length)}
    wire = answer_head(script.status, {**headers, **_extra_headers(script)}) + body
    write = Write(wire, ((None, len(body)),))
    ending = _ending(fault)
    later = (script.repeated_first_delay, script.stall, script.hold_after, script.slots)
    waits = script.first_delay or any(each is not None for each in later)
    instant = ending == "complete" and not waits and script.split_bytes is None
    return Plan((write,), ending, write if instant else None)


def _spoil_whole(fault: Fault, body: bytes) -> bytes:
    match fault.kind:
        case "bad_json":
            return body[:-1]
        case "bad_utf8":
            # Inside the first string, which every answer has near its start.
            at = body.index(b'"') + 1
            return body[:at] + _INVALID_UTF8 + body[at:]
        case _:
            return body[: len(body) // 2 if fault.at_byte is None else fault.at_byte]


def _stream(script: Script, family: Family, request: ModelRequest) -> Plan:
    fault = script.fault
    head = answer_head(
        HTTPStatus.OK,
        {"content-type": family.stream_type, "transfer-encoding": "chunked", **_extra_headers(script)},
    )
    frames = _frames(script, family, request)
    if fault is not None and fault.kind == "no_end":
        frames.pop()
    elif fault is not None and fault.at_byte is not None:
        frames = _up_to_byte(frames, fault.at_byte)
    elif fault is not None and fault.after is not None and fault.kind not in {"bad_json", "bad_utf8"}:
        frames = _up_to_chunk(frames, fault.after)
    if fault is not None and fault.kind == "error":
        frames.append(_Frame(_decorate(script, family, family.stream_error())))
    ending = _ending(fault)
    writes = [Write(head), *_join(frames, script.join)]
    if ending == "complete":
        last = writes[-1]
        writes[-1] = replace(last, wire=last.wire + LAST_CHUNK, framing=last.framing + len(LAST_CHUNK))
    return Plan(tuple(writes), ending)


def _frames(script: Script, family: Family, request: ModelRequest) -> list[_Frame]:
    """All events of the stream, spoilt ones included."""
    fault = script.fault
    if fault is not None and fault.kind == "bad_utf8" and fault.after is not None and fault.after < len(script.chunks):
        chunks = list(script.chunks)
        chunks[fault.after] = _REPLACEMENT + chunks[fault.after]
        script = replace(script, chunks=tuple(chunks))
    if script.raw_events:
        return [_Frame(event.encode(), number) for number, event in enumerate(script.raw_events)]
    frames = family.frames(request, script)
    pieces = list(frames.pieces)
    if fault is not None and fault.after is not None and fault.after < len(pieces):
        piece = pieces[fault.after]
        if fault.kind == "bad_json":
            at = piece.rindex(b"}")
            pieces[fault.after] = piece[:at] + piece[at + 1 :]
        elif fault.kind == "bad_utf8":
            pieces[fault.after] = piece.replace(_REPLACEMENT.encode(), _INVALID_UTF8)
    return [
        *(_Frame(_decorate(script, family, data)) for data in frames.early),
        *(_Frame(_decorate(script, family, data), number) for number, data in enumerate(pieces)),
        *(_Frame(_decorate(script, family, data)) for data in frames.last),
    ]


def _decorate(script: Script, family: Family, data: bytes) -> bytes:
    if script.comments and family.stream_type.startswith("text/event-stream"):
        data = _COMMENT + data
    return data.replace(b"\n", b"\r\n") if script.crlf else data


def _up_to_byte(frames: Sequence[_Frame], at_byte: int) -> list[_Frame]:
    kept, rest = [], at_byte
    for frame in frames:
        if rest <= 0:
            break
        kept.append(replace(frame, data=frame.data[:rest]))
        rest -= len(frame.data)
    return kept


def _up_to_chunk(frames: Sequence[_Frame], after: int) -> list[_Frame]:
    """The events before chunk number `after`; without such a chunk, all up to the last chunk."""
    chunks = [frame.chunk for frame in frames]
    if after in chunks:
        return list(frames[: chunks.index(after)])
    last = max((index for index, chunk in enumerate(chunks) if chunk is not None), default=-1)
    return list(frames[: last + 1])


def _join(frames: Sequence[_Frame], join: int) -> list[Write]:
    """Writes of one HTTP chunk each; adjacent events of the script's chunks are joined, `join` at a time."""
    writes: list[Write] = []
    group: list[_Frame] = []
    end = 0

    def close_group() -> None:
        nonlocal end
        if not group:
            return
        marks = []
        for frame in group:
            end += len(frame.data)
            marks.append((frame.chunk, end))
        wire = http_chunk(b"".join(frame.data for frame in group))
        is_chunk, after_chunks = group[0].chunk is not None, bool(writes) and writes[-1].waits == "chunk"
        waits: Literal["no", "chunk", "finish"] = "chunk" if is_chunk else "finish" if after_chunks else "no"
        writes.append(Write(wire, tuple(marks), waits, CHUNK_END))
        group.clear()

    for frame in frames:
        if group and (len(group) == join or (frame.chunk is None) != (group[0].chunk is None)):
            close_group()
        group.append(frame)
    close_group()
    return writes


def _ending(fault: Fault | None) -> Ending:
    if fault is not None and fault.kind in {"cut", "close", "silence"}:
        return fault.kind
    if fault is not None and fault.kind == "no_end":
        return "silence"
    return "complete"


def _extra_headers(script: Script) -> dict[str, str]:
    headers = dict(script.headers)
    if script.keep_alive == "announced":
        headers["connection"] = "close"
    if script.retry_after_s is not None:
        match script.retry_after_form:
            case "seconds":
                headers["retry-after"] = str(math.ceil(script.retry_after_s))
            case "milliseconds":
                headers["retry-after-ms"] = str(round(script.retry_after_s * 1000))
            case "date":
                headers["retry-after"] = formatdate(time.time() + script.retry_after_s, usegmt=True)
    return headers
