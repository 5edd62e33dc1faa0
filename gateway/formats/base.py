"""What every format must do: the same for all of them, so that nobody else asks which one it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from gateway.backends.base import Backend, Call
    from gateway.errors.base import GatewayError
    from gateway.operations import Operation

    Headers = Iterable[tuple[bytes, bytes]]


class Format(ABC):
    """One format of requests and answers; what lies between them is the same for all formats.

    Attributes:
        name: what backends that speak it have in `native`.
        end: what closes every stream.
        passes_through: what a backend streams reaches the client as it is.
    """

    name: ClassVar[str]
    end: ClassVar[bytes]
    passes_through: ClassVar[bool] = False

    @abstractmethod
    def matches(self, path: str) -> bool:
        """Whether clients that ask at `path`, or below it, speak this format."""

    @abstractmethod
    def secret(self, headers: Headers) -> bytes:
        """The key that a request brings in its headers; empty if there is none."""

    @abstractmethod
    def error(self, error: GatewayError, request_id: str) -> tuple[int, bytes]:
        """HTTP status and body of a refusal or failure."""

    @abstractmethod
    def headers(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """The headers of every answer by which clients of this format know a request."""

    @abstractmethod
    def validate(self, headers: Headers, fields: dict[str, Any]) -> Self:
        """Check a parsed request.

        Args:
            headers: of the request.
            fields: the body as orjson parsed it; it is not changed.

        Returns:
            What this one request is to be answered with: the format itself, if no request differs from another.

        Raises:
            InvalidRequest: the first field at fault.
        """

    def to_call(self, backend: Backend, call: Call) -> Call:  # noqa: ARG002  # another format may need it
        """What the backend is asked: the client's own bytes and fields, where they need no translation.

        Raises:
            InvalidRequest: the request asks for something that this backend cannot be asked for.
        """
        return call

    @abstractmethod
    async def complete(self, backend: Backend, call: Call, request: dict[str, Any]) -> bytes:
        """Have a backend answer whole, in this format.

        Args:
            backend: the backend.
            call: what it is asked, from `to_call`.
            request: what the client asked.

        Raises:
            GatewayError: as `Backend.complete`.
        """

    @abstractmethod
    def stream(self, backend: Backend, call: Call, request: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """As `complete`, but with whole events of this format, and without `end`."""

    @abstractmethod
    def failure(self, error: GatewayError, request_id: str) -> bytes:
        """How a stream that has begun ends when it fails."""

    @abstractmethod
    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """An endpoint of this format for the OpenAPI page: its path item, and the schemas that it refers to."""


def bearer(headers: Headers) -> bytes:
    """The key in the header `Authorization: Bearer …`; empty if there is none."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, secret = value.partition(b" ")
            return secret.strip() if scheme.lower() == b"bearer" else b""
    return b""
