"""Asks a stream's backend for the usage that a budget needs, where the client has not asked for it.

OpenAI's chunks then have `usage: null`, and one more chunk, without choices, has the usage (API reference,
`stream_options`). The client gets neither.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway.request.usage import parse_usage
from gateway.text.numbers import dump, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.errors.base import GatewayError
    from gateway.request.usage import Meter

_OPTIONS = "stream_options"
_OPTION = "include_usage"
_ADDED = b',"stream_options":{"include_usage":true}}'
# JSON escapes quotes in strings, so a model's text cannot hold any of these.
_NO_USAGE = (b',"usage":null', b', "usage": null')
_USAGE = (b'"usage":{', b'"usage": {')
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


def asks_usage(fields: Mapping[str, Any]) -> bool:
    """Whether the client asks for the usage of its stream."""
    return bool((fields.get(_OPTIONS) or {}).get(_OPTION))


def ask_usage(body: bytes, fields: Mapping[str, Any]) -> bytes:
    """Add the option to a request's body.

    Args:
        body: a JSON object with at least one member.
        fields: `body` parsed.
    """
    if _OPTIONS not in fields:
        return body.rstrip()[:-1] + _ADDED
    request = load(body)
    request[_OPTIONS] = {**(request[_OPTIONS] or {}), _OPTION: True}
    return dump(request)


def refuses_option(error: GatewayError) -> bool:
    """Whether a backend may refuse a request because it does not know the option, as older servers do."""
    return error.backend_status in _REFUSALS and any(
        name in text for name in (_OPTIONS, _OPTION) for text in (error.message, error.param or "")
    )


class UsageRemover:
    """Takes the usage out of one stream, and notes it.

    Args:
        meter: takes note of the usage.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def without_nulls(self, block: bytes) -> bytes:
        """A block of whole events without `usage: null`."""
        for null in _NO_USAGE:
            block = block.replace(null, b"")
        return block

    def may_remove(self, block: bytes) -> bool:
        """Whether a block may hold the chunk with the usage."""
        return _USAGE[0] in block or _USAGE[1] in block

    def removes(self, chunk: dict[str, Any]) -> bool:
        """Note the usage of a chunk; whether the chunk holds nothing else."""
        if chunk.get("choices") or not isinstance(chunk.get("usage"), dict):
            return False
        self._meter.reported = parse_usage(chunk)
        return True
