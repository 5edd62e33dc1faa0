"""What a client speaks: which requests it sends, how their answers look, and how a stream ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from gateway.formats.openapi import path_item
from gateway.formats.problems import check
from gateway.text.sse import DONE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Scope

    from gateway.backends.base import Backend, Call
    from gateway.errors.base import GatewayError
    from gateway.formats.schema import Open
    from gateway.operations import Operation


class Dialect(ABC):
    """One format of requests and answers; what lies between them is the same for all formats.

    Attributes:
        end: what closes every stream.
        passes_on: what a backend streams reaches the client as it is.
    """

    end: ClassVar[bytes]
    passes_on: ClassVar[bool] = False

    @abstractmethod
    def checked(self, scope: Scope, fields: dict[str, Any]) -> Dialect:
        """Check a parsed request.

        Args:
            scope: the ASGI scope, for the headers.
            fields: the body as orjson parsed it; it is not changed.

        Returns:
            What this one request is to be answered with: the dialect itself, if no request differs from another.

        Raises:
            InvalidRequest: the first field at fault.
        """

    def call(self, backend: Backend, call: Call) -> Call:  # noqa: ARG002  # another format may need it
        """What the backend is asked: the client's own bytes and fields, where they need no translation.

        Raises:
            InvalidRequest: the request asks for something that this backend cannot be asked for.
        """
        return call

    @abstractmethod
    async def complete(self, backend: Backend, call: Call, asked: dict[str, Any]) -> bytes:
        """Have a backend answer whole, in this format.

        Args:
            backend: who is asked.
            call: what it is asked, as `call` has it.
            asked: what the client asked.

        Raises:
            GatewayError: as `Backend.complete`.
        """

    @abstractmethod
    def stream(self, backend: Backend, call: Call, asked: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """As `complete`, but with whole events of this format, and without `end`."""

    @abstractmethod
    def failure(self, error: GatewayError, request_id: str) -> bytes:
        """How a stream that has begun ends when it fails."""

    @abstractmethod
    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """An endpoint of this format for the OpenAPI page: its path item, and the schemas that it refers to."""


class OpenAI(Dialect):
    """OpenAI's format, which is the gateway's own: backends are asked in it, and nothing is translated.

    Args:
        request: the bounds of a request.
    """

    end = DONE
    passes_on = True

    def __init__(self, request: type[Open]) -> None:
        self._request = request

    def checked(self, scope: Scope, fields: dict[str, Any]) -> OpenAI:  # noqa: ARG002  # all of it is in the body
        """Check a request against OpenAI's bounds."""
        check(fields, self._request)
        return self

    async def complete(self, backend: Backend, call: Call, _asked: dict[str, Any]) -> bytes:
        """What the backend answers."""
        return await backend.complete(call)

    def stream(self, backend: Backend, call: Call, _asked: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """What the backend streams."""
        return backend.stream(call)

    def failure(self, error: GatewayError, request_id: str) -> bytes:  # noqa: ARG002  # OpenAI has it in headers only
        """An error event, then `[DONE]`."""
        return error.event() + DONE

    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """An endpoint under the operation's own name."""
        return path_item(
            self._request,
            answer=operation.answer,
            stream="events with its parts, and [DONE]" if operation.streams else None,
            error='{"error": {"message", "type", "param", "code"}}',
        )
