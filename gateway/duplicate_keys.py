"""No key twice in one JSON object.

Parsers differ in which of two values they keep (RFC 8259 §4), and a backend gets the client's own bytes: with a key
twice, the request that was checked need not be the one that the backend reads.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from gateway.errors import InvalidRequest, shorten


class _Pairs(list[tuple[str, Any]]):
    """An object as its keys and values in the order of the body."""


def refuse_duplicate_keys(body: bytes, fields: dict[str, Any]) -> None:
    """Check that no object in the body has a key twice.

    Args:
        body: valid JSON in UTF-8, an object.
        fields: `body` as orjson parsed it, at most 254 levels deep.

    Raises:
        InvalidRequest: 400 `duplicate_key`, with the path of the first key that stands twice.
    """
    # Dumped again, `fields` has each key once. So the body has as many colons, unless a key stood twice (then it has
    # more) or a colon within a string was written as an escape (then it may have fewer, which could hide a key).
    if body.count(b":") == orjson.dumps(fields).count(b":") and not (b"\\u003" in body and _has_escaped_colon(body)):
        return
    # Numbers stay strings: their size is no matter here, and Python refuses to read very long ones.
    twice = _first(json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str))
    if twice is not None:
        raise InvalidRequest(
            f"The key '{twice}' stands twice in the same object of the JSON body, so its value is not clear. "
            "Send each key once.",
            param=twice,
            code="duplicate_key",
        )


def _has_escaped_colon(body: bytes) -> bool:
    return b"\\u003a" in body or b"\\u003A" in body


def _first(value: Any, path: str = "") -> str | None:
    """The path of the first key that stands twice in its object, such as `messages[0].role`."""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            at = f"{path}.{shorten(key)}".removeprefix(".")
            if key in seen:
                return at
            seen.add(key)
            inner.append((at, item))
    elif isinstance(value, list):
        inner = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    return next((twice for at, item in inner if (twice := _first(item, at)) is not None), None)
