"""What the head of a request may be: bounded, and with one meaning for the gateway and for every proxy before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.errors.base import InvalidRequest
from gateway.errors.http import HeadersTooLarge, HttpVersionNotSupported, UnsupportedTransferCoding

if TYPE_CHECKING:
    from gateway.errors.base import GatewayError

HEAD_BYTES = 64 * 1024
"""Of one head; also of what stands between two pieces of a body: trailers, sizes of chunks, their extensions."""
HEAD_FIELDS = 200
"""Apache takes 100 by default; each costs more memory than its bytes."""
SINGULAR = frozenset(
    {
        b"anthropic-version",
        b"authorization",
        b"content-encoding",
        b"content-type",
        b"expect",
        b"host",
        b"transfer-encoding",
        b"x-api-key",
        b"x-gateway-strict",
    }
)
"""Headers that a request may have once: of two, a proxy could judge the one and the gateway obey the other."""
# Bytes of memory of a short header beside its text: a tuple, and two objects of bytes.
_FIELD_WEIGHT = 150
_VERSIONS = frozenset({"1.0", "1.1"})
# What the parser says of a first line without a version: of 1991's HTTP, or broken.
_UNNAMED = "0.9"
# RFC 9112 §3.2 and RFC 3986 §3.2.2; a registered name may be empty.
_HOST = re.compile(rb"(?:\[[\w.:%~-]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?")


class RequestHead:
    """The head of a connection's current request while it is read, then the framing of its body.

    Attributes:
        is_open: whether a head is read or waited for; else a body and its trailers are.
        pending: bytes of the open head, or those since the last byte of the body; at least 1 once a head has begun.
        expects_continue: whether the client waits for `100 Continue`.
        error: why the parser was stopped.
    """

    def __init__(self) -> None:
        self.is_open = True
        self.pending = 0
        self.expects_continue = False
        self.error: GatewayError | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._bytes = 0
        self._singular: set[bytes] = set()

    def begin(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Begin a head; its headers are appended to `headers`."""
        self.pending = self.pending or 1
        self.expects_continue = False
        self._headers = headers
        self._bytes = 0
        self._singular = set()

    @property
    def weight(self) -> int:
        """About how many bytes of memory wait for the rest of a head, or of a body's framing; 0 if there is no rest."""
        return self.pending and self.pending + _FIELD_WEIGHT * len(self._headers)

    def clear(self) -> None:
        """Let go of the headers."""
        self._headers = []

    def add(self, name: bytes, value: bytes) -> None:
        """Add a header; drop a trailer, which must not be taken for one (RFC 9110 §6.5.1).

        Raises:
            GatewayError: it is too much, or not allowed; `error` has it too, for the parser hides it.
        """
        if not self.is_open:
            return
        name = name.lower()
        self._bytes += len(name) + len(value)
        if self._bytes > HEAD_BYTES or len(self._headers) >= HEAD_FIELDS:
            raise self._stop(HeadersTooLarge(HEAD_BYTES, HEAD_FIELDS))
        if name in SINGULAR:
            self._check(name, value)
        self._headers.append((name, value))

    def complete(self, url: bytes, version: str) -> None:
        """Check what only the whole head shows.

        Args:
            url: as it stands in the first line.
            version: of HTTP, as in `1.1`.

        Raises:
            GatewayError: it is refused; `error` has it too, for the parser hides it.
        """
        if self._bytes + len(url) > HEAD_BYTES:
            raise self._stop(HeadersTooLarge(HEAD_BYTES, HEAD_FIELDS))
        if version == _UNNAMED:
            raise self._stop(_invalid("The first line names no version of HTTP. Send the request as HTTP/1.1."))
        if version not in _VERSIONS:
            raise self._stop(HttpVersionNotSupported())
        if b"host" not in self._singular and version == "1.1":
            raise self._stop(_invalid("The header 'host' is missing. Send Host with the name of this server."))

    def _check(self, name: bytes, value: bytes) -> None:
        if name in self._singular:
            raise self._stop(_invalid(f"The header '{name.decode()}' stands more than once. Send it once."))
        self._singular.add(name)
        if name == b"host" and not _HOST.fullmatch(value):
            raise self._stop(_invalid("Invalid header 'host'. Send a name or an address, such as example.org:8080."))
        if name == b"transfer-encoding" and value.lower() != b"chunked":
            raise self._stop(UnsupportedTransferCoding())
        if name == b"expect" and value.lower() == b"100-continue":
            self.expects_continue = True

    def _stop(self, error: GatewayError) -> GatewayError:
        self.error = error
        return error


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="invalid_header")
