"""Texts that a stream spreads over its events, and an answer over the items of a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Span = tuple[int, int]
_ITEMS = (b"},{", b"}, {", b"},\n")
_FIELD = re.compile(rb'"([A-Za-z_]+)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_PLAIN = re.compile(rb"data: ?([^{\[\r\n][^\r\n]*)")
"""An event whose data is a text, not JSON."""
_INDEX = re.compile(rb'"index"\s*:\s*(\d+)')


def has_events(data: bytes) -> bool:
    """Whether a text may lie spread over data: it has several events, lines of JSON, or objects in a list."""
    return any(data.count(between) > 1 for between in (b"data:", b"\n{")) or any(item in data for item in _ITEMS)


def spans_across_events(data: bytes, find: Callable[[bytes], list[Span]]) -> Iterator[Span]:
    """Find spans in the text that the same field of consecutive events or items spells, such as `content` or `token`.

    Args:
        data: server-sent events, lines of JSON, or JSON with a list.
        find: finds the spans in a text.

    Yields:
        Spans in `data`; a span over several events gives one in each.
    """
    fields: dict[tuple[bytes, bytes], list[Span]] = {}
    start = 0
    for line in data.splitlines(keepends=True):
        if plain := _PLAIN.match(line):
            fields.setdefault((b"data", b""), []).append((start + plain.start(1), start + plain.end(1)))
        index = _INDEX.search(line)
        for match in _FIELD.finditer(line):
            place = (match[1], index[1] if index else b"")
            fields.setdefault(place, []).append((start + match.start(2), start + match.end(2)))
        start += len(line)
    for pieces in fields.values():
        if len(pieces) > 1:
            yield from _in_pieces(data, pieces, find)


def _in_pieces(data: bytes, pieces: list[Span], find: Callable[[bytes], list[Span]]) -> Iterator[Span]:
    found = find(b"".join(data[start:end] for start, end in pieces))
    at = 0
    for start, end in pieces:
        length = end - start
        for first, last in found:
            low, high = max(first - at, 0), min(last - at, length)
            if low < high:
                yield start + low, start + high
        at += length
