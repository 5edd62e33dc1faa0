"""Random draws that depend on nothing but their key.

An item is drawn in any process, in any order, by its number alone. A hash gives the same draws with every version of
Python and numpy, and costs a microsecond; a generator of its own for each item costs ten.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

COUNT: Final = 8
"""Draws of one key."""
_WORDS: Final = struct.Struct(f"<{COUNT}Q")
_KEPT_BITS: Final = 53
"""What a float holds exactly; with more, the largest draw would round to 1."""
_SHIFT: Final = 64 - _KEPT_BITS
_SCALE: Final = 2.0**-_KEPT_BITS


def draw(*key: object) -> tuple[float, ...]:
    """Eight independent numbers from 0 to below 1.

    Args:
        key: what they depend on, such as seed and number.
    """
    return as_numbers(draw_bytes(*key))


def as_numbers(drawn: bytes) -> tuple[float, ...]:
    """The numbers of `draw` from the bytes of `draw_bytes`."""
    return tuple([(word >> _SHIFT) * _SCALE for word in _WORDS.unpack(drawn)])


def draw_bytes(*key: object) -> bytes:
    """64 random bytes, see `draw`."""
    return hashlib.blake2b("/".join(map(str, key)).encode()).digest()
