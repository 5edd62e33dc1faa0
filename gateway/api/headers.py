"""The gateway's own request and response headers about dropped parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.errors.base import InvalidRequest, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

STRICT_HEADER = b"x-gateway-strict"
DROPPED_HEADER = b"x-gateway-dropped-params"
_NAME_LIMIT = 64
# Well under what common clients and proxies take as one header.
_HEADER_LIMIT = 2048


def asks_strict(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the client prefers a refusal to a dropped parameter (`x-gateway-strict: true`).

    Raises:
        InvalidRequest: the header is neither `true` nor `false`.
    """
    for name, value in headers:
        if name == STRICT_HEADER:
            text = value.strip().lower()
            if text not in {b"true", b"false"}:
                raise InvalidRequest(
                    "Invalid header 'x-gateway-strict': expected true or false. Send one of them, or leave it out.",
                    code="invalid_header",
                )
            return text == b"true"
    return False


def dropped_header(params: Collection[str]) -> bytes:
    """Join the names for the response header with commas.

    A name may hold any JSON text, so it is percent-encoded for the header. If the names are too many, the last entry
    counts those left out.
    """
    header = ""
    for number, param in enumerate(params):
        name = quote(shorten(param, _NAME_LIMIT), safe="[]")
        if len(header) + len(name) > _HEADER_LIMIT:
            return f"{header}, and-{len(params) - number}-more".encode()
        header = f"{header}, {name}" if header else name
    return header.encode()
