"""No key twice in one JSON object.

Parsers differ in which of two values they keep (RFC 8259 §4), and a backend gets the client's own bytes: with a key
twice, the request that was checked need not be the one that the backend reads.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from gateway.errors.base import InvalidRequest, shorten

SEARCH_LIMIT = 256 * 1024
"""Where in a larger body a key stands twice is not searched for: that holds up everyone for seconds."""
_ESCAPE = re.compile(rb"\\(?:u.{4}|.)", re.DOTALL)


class _Pairs(list[tuple[str, Any]]):
    """An object as its keys and values in the order of the body."""


def refuse_duplicate_keys(body: bytes, fields: dict[str, Any]) -> None:
    """Check that no object in the body has a key twice.

    Args:
        body: valid JSON in UTF-8, an object.
        fields: `body` as orjson parsed it, at most 254 levels deep.

    Raises:
        InvalidRequest: 400 `duplicate_key`, with the path of the first key that stands twice; in a body of over
            `SEARCH_LIMIT` bytes without it.
    """
    # Dumped again, `fields` has each key once and no colon as an escape: as many colons as the body, unless a key stood
    # twice.
    if body.count(b":") + _escaped_colons(body) == orjson.dumps(fields).count(b":"):
        return
    if len(body) > SEARCH_LIMIT:
        raise InvalidRequest(
            "A key stands twice in the same object of the JSON body, so its value is not clear. Send each key once.",
            code="duplicate_key",
        )
    # Numbers stay strings: their size is no matter here, and Python refuses to read very long ones.
    twice = _first(json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str))
    if twice is not None:
        raise InvalidRequest(
            f"The key '{twice}' stands twice in the same object of the JSON body, so its value is not clear. "
            "Send each key once.",
            param=twice,
            code="duplicate_key",
        )


def _escaped_colons(body: bytes) -> int:
    r"""How many colons are written as `\u003a`; a backslash that is itself escaped begins no escape."""
    if b"\\u003" not in body:
        return 0
    return sum(escape in {b"\\u003a", b"\\u003A"} for escape in _ESCAPE.findall(body))


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
