"""Servers that lose, repeat, reorder, hold up or break the events of a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import DONE, event_object, has_text, is_chat, on_answer, on_events, texts, wait
from keywords.engine.defects.defect import Defect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from keywords.engine.defects.changes import Events
    from keywords.engine.defects.exchange import Answer, Request

_STALL_S: Final = 5.0
_KEPT_SHARE: Final = 0.6
_SPOILT_TEXT: Final = 2
"""Which of the events with text is spoilt, counted from 0: neither the first, nor the last of most streams."""


async def _chunk_lost(events: Events) -> Events:
    async for number, event in _numbered(events):
        if number != _SPOILT_TEXT:
            yield event


async def _chunk_twice(events: Events) -> Events:
    async for number, event in _numbered(events):
        yield event
        if number == _SPOILT_TEXT:
            yield event


async def _chunks_swapped(events: Events) -> Events:
    held = b""
    async for number, event in _numbered(events):
        if number == _SPOILT_TEXT:
            held = event
            continue
        yield event
        if held:
            yield held
            held = b""


async def _no_done(events: Events) -> Events:
    async for event in events:
        if event != DONE:
            yield event


async def _done_twice(events: Events) -> Events:
    async for event in events:
        yield event
        if event == DONE:
            yield event


async def _buffered(events: Events) -> Events:
    for event in [event async for event in events]:
        yield event


async def _first_late(events: Events) -> Events:
    await wait(_STALL_S)
    async for event in events:
        yield event


async def _stalled(events: Events) -> Events:
    async for number, event in _numbered(events):
        if number == _SPOILT_TEXT:
            await wait(_STALL_S)
        yield event


async def _lines_merged(events: Events) -> Events:
    """Two events without the empty line between them, which a reader takes for one."""
    async for number, event in _numbered(events):
        yield event.removesuffix(b"\n") if number == _SPOILT_TEXT else event


async def _characters_split(events: Events) -> Events:
    """Each character of several bytes as two events with half of its bytes each, as a careless decoder makes it."""
    async for event in events:
        halves = [
            (holder, name, half)
            for value in [event_object(event) or {}]
            for holder, name, text in texts(value)
            for half in (text.encode()[: len(text.encode()) // 2], text.encode()[len(text.encode()) // 2 :])
            if not text.isascii()
        ]
        if not halves:
            yield event
            continue
        value = event_object(event) or {}
        ((holder, name, _text), *_) = texts(value)
        for *_, half in halves[:2]:
            holder[name] = half.decode("utf-8", "replace")
            yield b"data: " + json.dumps(value).encode() + b"\n\n"


async def _ends_silently(events: Events) -> Events:
    kept = await _first_part(events)
    for event in kept:
        yield event


async def _ends_as_done(events: Events) -> Events:
    kept = await _first_part(events)
    for event in kept:
        yield event
    yield DONE


async def _ends_as_whole(events: Events) -> Events:
    """Three fifths of the text, then the last events, as if nothing were missing."""
    whole = [event async for event in events]
    spoken = [event for event in whole if has_text(event)]
    lost = spoken[int(len(spoken) * _KEPT_SHARE) :]
    for event in whole:
        if event not in lost:
            yield event


def _reset(request: Request, answer: Answer) -> None:
    if is_chat(request) and answer.is_stream:
        answer.parts, answer.breaks_off = _ends_silently(answer.parts), True


async def _first_part(events: Events) -> list[bytes]:
    whole = [event async for event in events]
    return whole[: int(len(whole) * _KEPT_SHARE)]


async def _numbered(events: Events) -> AsyncIterator[tuple[int, bytes]]:
    """The events, each with its number among those with text; -1 for one without."""
    count = 0
    async for event in events:
        if has_text(event):
            yield count, event
            count += 1
        else:
            yield -1, event


STREAMS: Final = (
    Defect(
        "a chunk lost",
        "A word is missing from the streamed answer.",
        ("ANSW-007", "STRM-002"),
        on_events(_chunk_lost),
        ("stream",),
    ),
    Defect(
        "a chunk sent twice",
        "A word is doubled in the streamed answer.",
        ("ANSW-007", "STRM-002"),
        on_events(_chunk_twice),
        ("stream",),
    ),
    Defect(
        "two chunks swapped",
        "Words of the streamed answer stand in the wrong order.",
        ("ANSW-007", "STRM-002"),
        on_events(_chunks_swapped),
        ("stream",),
    ),
    Defect(
        "closing mark missing",
        "Clients wait for a [DONE] that never comes.",
        ("STRM-001",),
        on_events(_no_done),
        ("stream.done",),
    ),
    Defect(
        "closing mark twice",
        "The second [DONE] is taken for the beginning of the next answer.",
        ("STRM-001",),
        on_events(_done_twice),
        ("stream.done",),
    ),
    Defect(
        "stream buffered",
        "The user looks at an empty page until the whole answer comes at once.",
        ("STRM-004", "PACE-003", "PACE-004"),
        on_events(_buffered),
        ("stream.order",),
    ),
    Defect(
        "first chunk late by 5 s",
        "The user believes that nothing happens.",
        ("PACE-003", "STRM-004"),
        on_events(_first_late),
        ("time",),
    ),
    Defect(
        "a stall of 5 s within each stream",
        "The answer stops in mid-sentence, and the user leaves.",
        ("PACE-004",),
        on_events(_stalled),
        ("time",),
    ),
    Defect(
        "two events without a line between them",
        "A client reads two events as one that is not JSON, and breaks.",
        ("ANSW-007", "STRM-001", "STRM-002"),
        on_events(_lines_merged),
        ("stream",),
    ),
    Defect(
        "characters split over two events",
        "Emoji and letters beyond ASCII are damaged.",
        ("ANSW-007", "STRM-005"),
        on_events(_characters_split),
        ("stream",),
    ),
    Defect(
        "streams end in silence after three fifths",
        "Half an answer is taken for a whole one.",
        ("STRM-001", "ANSW-007"),
        on_events(_ends_silently),
        ("stream",),
    ),
    Defect(
        "streams end with the closing mark after three fifths",
        "Half an answer ends like a whole one.",
        ("STRM-001", "ANSW-007"),
        on_events(_ends_as_done),
        ("stream",),
    ),
    Defect(
        "streams lose the last two fifths of their text",
        "Half an answer ends like a whole one, with a finish reason.",
        ("STRM-002", "ANSW-007"),
        on_events(_ends_as_whole),
        ("stream",),
    ),
    Defect(
        "streams are reset after three fifths",
        "The connection breaks in mid-answer.",
        ("STRM-001", "ANSW-007"),
        on_answer(_reset),
        ("stream",),
    ),
)
