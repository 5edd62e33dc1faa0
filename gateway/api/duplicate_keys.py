"""Refuse a JSON object that has a key twice.

Parsers differ in which of the two values they keep (RFC 8259 §4), and a backend gets the client's own bytes. So the
backend might read another request than the one that the gateway checked.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from gateway.errors.base import InvalidRequest, shorten

SEARCH_LIMIT = 256 * 1024
"""The largest body in which the duplicate key is located: in larger ones the search would block the event loop."""
_ESCAPE = re.compile(rb"\\(?:u.{4}|.)", re.DOTALL)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its keys and values, in the order of the body."""


def refuse_duplicate_keys(body: bytes, fields: dict[str, Any]) -> None:
    """Check that no object in the body has a key twice.

    Args:
        body: valid JSON in UTF-8, an object.
        fields: `body` as orjson parsed it, at most 254 levels deep.

    Raises:
        InvalidRequest: 400 `duplicate_key`; with the key's path, unless the body is over `SEARCH_LIMIT` bytes.
    """
    # Dumped again, `fields` has each key once and no escaped colon: fewer colons than a body with a duplicate key.
    if body.count(b":") + _escaped_colons(body) == orjson.dumps(fields).count(b":"):
        return
    if len(body) > SEARCH_LIMIT:
        raise InvalidRequest(
            "A key stands twice in the same object of the JSON body, so its value is not clear. Send each key once.",
            code="duplicate_key",
        )
    # Numbers stay strings: Python refuses to convert very long ones.
    path = _first_duplicate(json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str))
    if path is not None:
        raise InvalidRequest(
            f"The key '{path}' stands twice in the same object of the JSON body, so its value is not clear. "
            "Send each key once.",
            param=path,
            code="duplicate_key",
        )


def _escaped_colons(body: bytes) -> int:
    r"""Count the colons that are written as `\u003a`; an escaped backslash begins no escape."""
    if b"\\u003" not in body:
        return 0
    return sum(escape in {b"\\u003a", b"\\u003A"} for escape in _ESCAPE.findall(body))


def _first_duplicate(value: Any, path: str = "") -> str | None:
    """Find the first duplicate key and return its path, such as `messages[0].role`."""
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
    return next((twice for at, item in inner if (twice := _first_duplicate(item, at)) is not None), None)
