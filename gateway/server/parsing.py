"""Parses requests with httptools, also those that offer another protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from collections.abc import Collection

    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class TunnelRequestedError(Exception):
    """What follows the head is for somebody else."""


def parse(protocol: HttpToolsProtocol, data: bytes) -> None:
    """Parse bytes of requests; `protocol` is called back with their parts.

    A request that offers another protocol is parsed once more as if it did not: a server may ignore the offer
    (RFC 9110 §7.8). Java's HTTP client offers HTTP/2 so in its first request, and the parser would take the body for
    that of the other protocol.

    Raises:
        httptools.HttpParserError: the bytes are no HTTP, or a callback raised.
        TunnelRequestedError: the client asks for a tunnel.
    """
    while data:
        parser = protocol.parser
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            method, version = parser.get_method(), parser.get_http_version()
            if method == b"CONNECT":
                raise TunnelRequestedError from None
            protocol.parser = httptools.HttpRequestParser(protocol)
            protocol.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            data = _without_offer(method, protocol.url, version, protocol.headers) + data[offer.args[0] :]
        else:
            return


def _without_offer(method: bytes, url: bytes, version: str, headers: Collection[tuple[bytes, bytes]]) -> bytes:
    """The head once more, without its header `upgrade`."""
    lines = [b"%b %b HTTP/%b\r\n" % (method, url, version.encode())]
    lines += [b"%b: %b\r\n" % header for header in headers if header[0] != b"upgrade"]
    return b"".join(lines) + b"\r\n"
