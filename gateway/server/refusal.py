"""A refusal below ASGI, where there is no complete request."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.formats.endpoints import format_of

if TYPE_CHECKING:
    from gateway.errors.base import GatewayError

# A request's first line may name the host before the path (RFC 9112 §3.2.2).
_ORIGIN = re.compile(rb"^https?://[^/?#]*", re.IGNORECASE)


def refusal(error: GatewayError, url: bytes) -> bytes:
    """The whole answer, in the format of the path; it announces the end of the connection.

    Args:
        error: the reason.
        url: of the request, as far as its first line has arrived.
    """
    path = unquote(_ORIGIN.sub(b"", url).partition(b"?")[0].decode("latin-1"))
    request_id = uuid.uuid4().hex
    client_format = format_of(path)
    status, body = client_format.error(error, request_id)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *client_format.headers(request_id.encode()),
        *((name.encode(), value.encode()) for name, value in error.headers.items() if name != "connection"),
        (b"connection", b"close"),
    ]
    # uvicorn's table has every status, also those that the standard library does not know.
    return STATUS_LINE[status] + b"".join(b"%b: %b\r\n" % header for header in headers) + b"\r\n" + body
