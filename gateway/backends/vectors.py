"""OpenAI's `embedding` objects from another format's vectors."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def embedding(index: int, vector: Sequence[Any], *, packed: bool) -> dict[str, Any]:
    """One `embedding` object, as numbers or as base64 of little-endian 32-bit floats.

    Raises:
        struct.error, OverflowError: an element is no number, or exceeds 32 bits.
    """
    data = struct.pack(f"<{len(vector)}f", *vector)  # also checks that every element is a number
    return {"object": "embedding", "index": index, "embedding": base64.b64encode(data).decode() if packed else vector}
