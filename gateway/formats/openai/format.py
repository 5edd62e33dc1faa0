"""OpenAI's format, which is the gateway's own: backends are asked in it, and nothing is translated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from gateway.formats.base import Format, bearer
from gateway.formats.openapi import path_item
from gateway.formats.problems import check
from gateway.text.sse import DONE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.backends.base import Backend, Call
    from gateway.errors.base import GatewayError
    from gateway.formats.base import Headers
    from gateway.formats.schema import Open
    from gateway.operations import Operation


class OpenAIFormat(Format):
    """OpenAI's requests, answers and errors.

    Args:
        request: the bounds of a request.
    """

    name = "openai"
    end = DONE
    passes_through = True

    def __init__(self, request: type[Open]) -> None:
        self._request = request

    def matches(self, path: str) -> bool:  # noqa: ARG002  # pages and probes are the gateway's own
        """Every path: what no other format has for itself is OpenAI's."""
        return True

    def secret(self, headers: Headers) -> bytes:
        """The bearer key."""
        return bearer(headers)

    def error(self, error: GatewayError, request_id: str) -> tuple[int, bytes]:  # noqa: ARG002  # it stands in a header
        """OpenAI's error object."""
        return error.status, error.body()

    def headers(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """`x-request-id`."""
        return [(b"x-request-id", request_id)]

    def validate(self, headers: Headers, fields: dict[str, Any]) -> Self:  # noqa: ARG002  # all of it is in the body
        """Check a request against OpenAI's bounds."""
        check(fields, self._request)
        return self

    async def complete(self, backend: Backend, call: Call, _request: dict[str, Any]) -> bytes:
        """What the backend answers."""
        return await backend.complete(call)

    def stream(self, backend: Backend, call: Call, _request: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """What the backend streams."""
        return backend.stream(call)

    def failure(self, error: GatewayError, request_id: str) -> bytes:  # noqa: ARG002  # it stands in a header
        """An error event, then `[DONE]`."""
        return error.event() + DONE

    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """An endpoint under the operation's own name."""
        return path_item(
            self._request,
            answer=operation.answer_name,
            stream="events with its parts, and [DONE]" if operation.streams else None,
            error='{"error": {"message", "type", "param", "code"}}',
        )
