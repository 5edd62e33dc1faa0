"""JSON that orjson refuses although servers send it and clients read it.

RFC 8259 allows `\ud83d` without its other half (sections 7 and 8.2): servers that cut texts by UTF-16 units send the
halves of a character in two events. `-Infinity`, which is no JSON, stands for impossible log probabilities.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from gateway.text.numbers import dump


def parse_json(data: bytes) -> Any:
    """Parse JSON as Python's own module does, at orjson's speed where orjson can.

    Strings may contain lone surrogates, which `whole_characters` replaces.

    Raises:
        ValueError: `data` is no JSON, or nests too deep.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return json.loads(data)
        except RecursionError as error:
            raise ValueError("it nests too deep") from error


def parse_whole_json(data: bytes) -> Any:
    """Like `parse_json`, with U+FFFD in place of each lone surrogate, so that the result can be written again."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(whole_characters(json.dumps(parse_json(data), ensure_ascii=False)))


def dump_with_halves(value: Any) -> bytes:
    """Like `gateway.text.numbers.dump`; lone surrogates, which orjson refuses, are escaped."""
    try:
        return dump(value)
    except orjson.JSONEncodeError:
        return json.dumps(value).encode()


def whole_characters(text: str) -> str:
    """Join surrogates that form a pair, and replace each lone one with U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def split_half(text: str) -> tuple[str, str]:
    """Split off a high surrogate at the end, whose other half may begin the next text; most texts have none."""
    return (text[:-1], text[-1]) if "\ud800" <= text[-1:] <= "\udbff" else (text, "")
