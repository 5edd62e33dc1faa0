"""Reads the control tokens from the tokenizer's metadata in a GGUF file.

Format: github.com/ggml-org/ggml, docs/gguf.md.
"""

from __future__ import annotations

import mmap
import re
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_TOKENS, _TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
_STRING, _ARRAY = 8, 9
# Bytes of a number or boolean, by the format's type number.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
# `llama_token_type` in llama.cpp's include/llama.h.
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
# Some files declare their markers as user defined, like runs of spaces and HTML tags.
_MARKER = re.compile(r"<[|\uff5c][^\s<>]+[|\uff5c]>")


def control_tokens(path: Path) -> frozenset[str]:
    """The tokens that llama.cpp recognizes in a rendered prompt before it tokenizes the rest as text.

    Raises:
        OSError: the file cannot be read.
        ValueError: llama.cpp would not accept the file as GGUF.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            tokens, types = _tokenizer(_Reader(data))
        except (struct.error, KeyError) as error:
            raise ValueError(f"{path} ends within its head, or holds an unknown type: {error!r}") from error
    typed_tokens = zip((token.decode("utf-8", "replace") for token in tokens), types, strict=False)
    return frozenset(
        token
        for token, kind in typed_tokens
        if kind in {_CONTROL, _UNKNOWN} or (kind == _USER_DEFINED and _MARKER.fullmatch(token))
    )


class _Reader:
    """Reads values in sequence; all numbers are little-endian."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._offset = 0

    def number(self, format_: str) -> int:
        """Read one number of a `struct` format."""
        (value,) = struct.unpack_from(f"<{format_}", self._data, self._offset)
        self._offset += struct.calcsize(f"<{format_}")
        return int(value)

    def string(self) -> bytes:
        """Read one string."""
        length = self.number("Q")
        start, self._offset = self._offset, self._offset + length
        return bytes(self._data[start : self._offset])

    def integers(self, count: int) -> tuple[int, ...]:
        """Read `count` 32-bit integers."""
        start, self._offset = self._offset, self._offset + 4 * count
        return struct.unpack_from(f"<{count}i", self._data, start)

    def skip(self, kind: int) -> None:
        """Skip one value."""
        if kind == _STRING:
            self.string()
        elif kind != _ARRAY:
            self._offset += _SIZES[kind]
        else:
            inner, count = self.number("I"), self.number("Q")
            if inner in _SIZES:
                self._offset += _SIZES[inner] * count
            else:
                for _ in range(count):
                    self.skip(inner)


def _tokenizer(reader: _Reader) -> tuple[list[bytes], tuple[int, ...]]:
    """All tokens and their types."""
    if reader.number("I") != int.from_bytes(b"GGUF", "little"):
        raise ValueError("it does not begin with GGUF")
    reader.number("I")
    reader.number("Q")
    tokens: list[bytes] = []
    types: tuple[int, ...] = ()
    for _ in range(reader.number("Q")):
        key, kind = reader.string().decode("utf-8", "replace"), reader.number("I")
        if key == _TOKENS:
            reader.number("I")
            tokens = [reader.string() for _ in range(reader.number("Q"))]
        elif key == _TYPES:
            reader.number("I")
            types = reader.integers(reader.number("Q"))
        else:
            reader.skip(kind)
        if tokens and types:
            break
    return tokens, types
