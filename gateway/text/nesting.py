"""Limits the nesting of JSON: orjson reads 1024 levels and writes 254."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.errors.base import UntranslatableAnswer
from gateway.text.json_values import dump_with_halves

# The highest `limits.json_depth`; it leaves room for the levels that a translation adds.
MOST_LEVELS = 200


def nests_deeper(value: Any, limit: int) -> bool:
    """Whether arrays and objects nest deeper than `limit` levels; the outermost is level 1."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def dump_json(answer: Any, *, backend: str) -> bytes:
    """Serialise a backend's answer after a change.

    Raises:
        UntranslatableAnswer: it nests too deep.
    """
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError as error:
        if not nests_deeper(answer, MOST_LEVELS):
            # What orjson cannot read either, such as half a character.
            return dump_with_halves(answer)
        raise UntranslatableAnswer(
            f"Backend '{backend}' sent JSON that nests deeper than {MOST_LEVELS} levels. Send the request again."
        ) from error
