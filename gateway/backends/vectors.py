"""OpenAI's `embedding` objects, made of another format's vectors."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def embedding(index: int, vector: Sequence[Any], *, packed: bool) -> dict[str, Any]:
    """One `embedding` object, as numbers or as base64 of little-endian floats of 32 bits.

    Raises:
        struct.error, OverflowError: something in the vector is no number, or too large for one.
    """
    data = struct.pack(f"<{len(vector)}f", *vector)  # which no vector of anything but numbers survives
    return {"object": "embedding", "index": index, "embedding": base64.b64encode(data).decode() if packed else vector}
