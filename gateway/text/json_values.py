"""JSON that orjson refuses although servers send it and clients read it.

RFC 8259 allows `\ud83d` without its other half (sections 7 and 8.2): servers that cut texts by UTF-16 units send the
halves of a character in two events. `-Infinity`, which is no JSON, stands for impossible log probabilities.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from gateway.text.numbers import dump, exact_fields, load

if TYPE_CHECKING:
    from collections.abc import Callable


def parse_json(data: bytes) -> Any:
    """Parse JSON as Python's own module does, at orjson's speed where orjson can.

    Strings may contain lone surrogates, which `whole_characters` replaces. What orjson refuses keeps the digits of its
    long numbers, for `dump_with_halves` and `dump_whole`.

    Raises:
        ValueError: `data` is no JSON, or nests too deep.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return load(data, constant=float)
        except RecursionError as error:
            raise ValueError("it nests too deep") from error


def parse_whole_json(data: bytes, *, keep_digits: bool = False) -> Any:
    """Like `parse_json`, with U+FFFD in place of each lone surrogate, so that the result can be written again.

    Args:
        data: a text.
        keep_digits: keep the digits of all long numbers, for `gateway.text.numbers.dump`.
    """
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        return with_whole_characters(parse_json(data))
    return exact_fields(data, parsed) if keep_digits else parsed


def dump_with_halves(value: Any) -> bytes:
    """Like `gateway.text.numbers.dump`; lone surrogates, which orjson refuses, are escaped, or U+FFFD in a name."""
    try:
        return dump(value)
    except orjson.JSONEncodeError:
        return dump(_with_texts(value, _escaped))


def dump_whole(value: Any) -> bytes:
    """Like `gateway.text.numbers.dump`, with U+FFFD in place of each lone surrogate."""
    try:
        return dump(value)
    except orjson.JSONEncodeError:
        return dump(with_whole_characters(value))


def with_whole_characters(value: Any) -> Any:
    """The value with `whole_characters` in all of its texts and names.

    Raises:
        ValueError: it nests too deep.
    """
    return _with_texts(value, whole_characters)


def whole_characters(text: str) -> str:
    """Join surrogates that form a pair, and replace each lone one with U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def split_half(text: str) -> tuple[str, str]:
    """Split off a high surrogate at the end, whose other half may begin the next text; most texts have none."""
    return (text[:-1], text[-1]) if "\ud800" <= text[-1:] <= "\udbff" else (text, "")


def _escaped(text: str) -> str | orjson.Fragment:
    return orjson.Fragment(json.dumps(text)) if whole_characters(text) != text else text


def _with_texts(value: Any, change: Callable[[str], Any]) -> Any:
    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict):
            return {whole_characters(name): changed(member) for name, member in value.items()}
        return [changed(item) for item in value] if isinstance(value, list) else value

    try:
        return changed(value)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
