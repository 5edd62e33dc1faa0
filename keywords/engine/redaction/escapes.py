"""Escapes of JSON, Python, URLs and HTML, decoded with the way back to the bytes that they came from."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass, field

_ESCAPE = re.compile(
    rb"%[0-9a-fA-F]{2}"
    rb"|\\u[0-9a-fA-F]{4}"
    rb"|\\x[0-9a-fA-F]{2}"
    rb"|\\[\"'\\/nrtbfv0]"
    rb"|&#[0-9]{1,7};"
    rb"|&#[xX][0-9a-fA-F]{1,6};"
    rb"|&(?:amp|lt|gt|quot|apos);"
)
_ONE_LETTER = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"0": b"\0"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded bytes.

    Attributes:
        data: the bytes after one round of decoding.
    """

    data: bytes
    _at: list[int] = field(repr=False)
    """Offset of each decoded escape in `data`."""
    _came_from: list[tuple[int, int, int]] = field(repr=False)
    """Its start and end in the source, and its length in `data`."""

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The span of the source that became `data[start:end]`; `end` is greater than `start`."""
        return self._source_of(start)[0], self._source_of(end - 1)[1]

    def _source_of(self, place: int) -> tuple[int, int]:
        index = bisect_right(self._at, place) - 1
        if index < 0:
            return place, place + 1
        start, end, length = self._came_from[index]
        after = place - self._at[index] - length
        return (start, end) if after < 0 else (end + after, end + after + 1)


def decode(data: bytes) -> Decoded | None:
    """Decode every escape once; None if there is none."""
    if not (b"%" in data or b"\\" in data or b"&" in data):
        return None
    decoded, last = bytearray(), 0
    at: list[int] = []
    came_from: list[tuple[int, int, int]] = []
    for match in _ESCAPE.finditer(data):
        decoded += data[last : match.start()]
        value = _value(match[0])
        at.append(len(decoded))
        came_from.append((match.start(), match.end(), len(value)))
        decoded += value
        last = match.end()
    return Decoded(bytes(decoded + data[last:]), at, came_from) if at else None


def _value(escape: bytes) -> bytes:
    if escape.startswith(b"%"):
        return bytes.fromhex(escape[1:].decode())
    if escape.startswith(b"&"):
        return html.unescape(escape.decode()).encode("utf-8", "surrogatepass")
    if escape.startswith((b"\\u", b"\\x")):
        code_unit = bytes.fromhex(escape[2:].decode().zfill(4))
        return code_unit.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
    return _ONE_LETTER.get(escape[1:], escape[1:])
