"""The interface of all formats, so that no other module needs to know which one it deals with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

    from gateway.backends.base import Backend, Call
    from gateway.errors.base import GatewayError
    from gateway.operations import Operation

    Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that clients may ask for.

    Attributes:
        id: its id.
        created: Unix time in seconds.
        owner: who serves it.
    """

    id: str
    created: int
    owner: str


class Format(ABC):
    """One format of requests and answers.

    Attributes:
        name: the name; backends that speak the format list it in `native`.
        end: the last bytes of every stream.
        ping: an event that only shows that a stream is alive; empty if the format has none.
        passes_through: whether the events of a backend reach the client unchanged.
    """

    name: ClassVar[str]
    end: ClassVar[bytes]
    ping: ClassVar[bytes] = b""
    passes_through: ClassVar[bool] = False

    @abstractmethod
    def matches(self, path: str, headers: Headers) -> bool:
        """Whether a request to `path` with `headers` uses this format."""

    @abstractmethod
    def secret(self, headers: Headers) -> bytes:
        """The client's secret in the headers; empty if there is none."""

    @abstractmethod
    def error(self, error: GatewayError, request_id: str) -> tuple[int, bytes]:
        """The HTTP status and the body of an error."""

    @abstractmethod
    def headers(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """The headers of every answer that hold the request id."""

    @abstractmethod
    def validate(self, headers: Headers, fields: dict[str, Any], query: bytes = b"") -> Self:
        """Validate a parsed request.

        Args:
            headers: headers of the request.
            fields: the body as orjson parsed it; it is not changed.
            query: of the request's address, without the question mark.

        Returns:
            The format for this request; the same object if it depends on nothing in the request.

        Raises:
            InvalidRequest: names the first invalid field.
        """

    def to_call(self, backend: Backend, call: Call) -> Call:  # noqa: ARG002  # for other formats
        """Translate the call for a backend; the default leaves the client's bytes and fields as they are.

        Raises:
            InvalidRequest: the request cannot be translated for this backend.
        """
        return call

    @abstractmethod
    async def complete(self, backend: Backend, call: Call, request: dict[str, Any]) -> bytes:
        """Get the complete answer of a backend, in this format.

        Args:
            backend: the backend.
            call: the call, from `to_call`.
            request: the fields of the client's request.

        Raises:
            GatewayError: as `Backend.complete`.
        """

    @abstractmethod
    def stream(self, backend: Backend, call: Call, request: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """Like `complete`, as a stream of whole events of this format, without `end`."""

    @abstractmethod
    def model(self, model: ListedModel) -> dict[str, Any]:
        """One model as `GET /v1/models/{id}` returns it."""

    @abstractmethod
    def model_list(self, models: Sequence[ListedModel], query: Mapping[str, str]) -> dict[str, Any]:
        """The models, or a page of them, as `GET /v1/models` returns them.

        Args:
            models: all of them, in order.
            query: the query of the address.

        Raises:
            InvalidRequest: the query asks for a page that does not exist.
        """

    @abstractmethod
    def failure(self, error: GatewayError, request_id: str) -> bytes:
        """The last bytes of a stream that fails after its beginning."""

    @abstractmethod
    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """The OpenAPI path item of an endpoint, and the schemas that it refers to."""


def bearer(headers: Headers) -> bytes:
    """The secret in `Authorization: Bearer …`, of several headers in the last; empty if there is none."""
    bearer_secret = b""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, secret = value.partition(b" ")
            bearer_secret = secret.strip() if scheme.lower() == b"bearer" else b""
    return bearer_secret


def api_key(headers: Headers) -> bytes:
    """The secret in `x-api-key`, of several headers in the last; empty if there is none."""
    secret = b""
    for name, value in headers:
        if name == b"x-api-key":
            secret = value.strip()
    return secret
