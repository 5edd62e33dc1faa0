"""The body of a request: read within limits and parsed once; anything but a JSON object is a 4xx."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from gateway.api.duplicate_keys import refuse_duplicate_keys
from gateway.errors.base import InvalidRequest
from gateway.errors.http import BodyTooLarge, RequestTimeout
from gateway.text.nesting import nests_deeper

if TYPE_CHECKING:
    from starlette.types import Receive

    from gateway.formats.base import Headers


# For the whole body: enough for 16 MiB over 1.2 Mbit/s.
BODY_S = 120.0


class ClientGone(Exception):  # noqa: N818  # no error: nothing failed, but there is no client left to answer
    """The client disconnected before its answer was complete."""


async def read_body(headers: Headers, receive: Receive, limit: int, *, is_complete: bool) -> bytes:
    """Read the whole body.

    Args:
        headers: for `content-length`, `content-type` and `content-encoding`.
        receive: the ASGI channel.
        limit: the most bytes to accept, whether or not the length is declared.
        is_complete: whether all of it has been read from the socket.

    Raises:
        InvalidRequest: the content type is not `application/json`, or the body is compressed.
        RequestTimeout: it did not arrive within `BODY_S`.
        BodyTooLarge: over `limit`.
        ClientGone: the client disconnected first.
    """
    content_type = length = encoding = b""
    for name, value in headers:
        if name == b"content-type":
            content_type = value
        elif name == b"content-length":
            length = value
        elif name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            encoding = value
    if content_type.partition(b";")[0].strip().lower() != b"application/json":
        actual = f"'{content_type[:100].decode('latin-1')}'" if content_type else "missing"
        raise InvalidRequest(
            f"Unsupported content type: it is {actual}. Send the header Content-Type: application/json.",
            code="unsupported_content_type",
        )
    if encoding:
        raise InvalidRequest(
            f"Unsupported content encoding: it is '{encoding[:100].decode('latin-1')}'. "
            "Send the body uncompressed, without the header Content-Encoding.",
            code="unsupported_content_encoding",
        )
    if length.isdigit() and int(length) > limit:
        raise BodyTooLarge(limit)
    if is_complete:
        # No need to pay for a timer.
        return await _read(receive, limit)
    try:
        async with asyncio.timeout(BODY_S):
            return await _read(receive, limit)
    except TimeoutError:
        raise RequestTimeout("body", BODY_S) from None


async def _read(receive: Receive, limit: int) -> bytes:
    message = await receive()
    body: bytes | bytearray = message.get("body", b"")
    while message["type"] == "http.request":
        if len(body) > limit:
            raise BodyTooLarge(limit)
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
        body = bytearray(body) if isinstance(body, bytes) else body
        body += message.get("body", b"")
    raise ClientGone


def parse(body: bytes, depth_limit: int, *, question_field: str = "messages") -> dict[str, Any]:
    """Parse the body as a JSON object; strict about UTF-8, lone surrogates, NaN, Infinity and duplicate keys.

    Args:
        body: the bytes.
        depth_limit: how deep arrays and objects may nest; the outermost object is 1.
        question_field: the field that holds the question, for error messages.

    Raises:
        InvalidRequest: it is no JSON object, nests too deep, or has a duplicate key.
    """
    if not body:
        raise InvalidRequest(f"The request body is empty. Send a JSON object with 'model' and '{question_field}'.")
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise _too_deep(depth_limit) from None
        raise InvalidRequest(
            f"We could not parse the JSON body of your request: {error.msg} (character {error.pos}). "
            "Send a JSON object in UTF-8."
        ) from None
    if not isinstance(fields, dict):
        raise InvalidRequest(
            f"The request body is JSON, but no object. Send an object with 'model' and '{question_field}'."
        )
    # A body that nests too deep has more brackets than the limit; most requests have fewer and need no walk.
    if body.count(b"[") + body.count(b"{") > depth_limit and nests_deeper(fields, depth_limit):
        raise _too_deep(depth_limit)
    refuse_duplicate_keys(body, fields)
    return fields


def _too_deep(limit: int) -> InvalidRequest:
    return InvalidRequest(
        f"The JSON body nests deeper than {limit} levels. Send a flatter body, "
        "or have limits.json_depth raised in gateway.toml."
    )
