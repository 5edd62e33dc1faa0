"""OpenAI's format, which is the gateway's own: nothing is translated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from gateway.formats.base import Format, api_key, bearer
from gateway.formats.openapi import OPENAI_ERROR, path_item
from gateway.formats.problems import check
from gateway.text.sse import DONE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from gateway.backends.base import Backend, Call
    from gateway.errors.base import GatewayError
    from gateway.formats.base import Headers, ListedModel
    from gateway.formats.schema import OpenModel
    from gateway.operations import Operation


class OpenAIFormat(Format):
    """OpenAI's requests, answers and errors.

    Args:
        request: the model of a request.
    """

    name = "openai"
    end = DONE
    passes_through = True

    def __init__(self, request: type[OpenModel]) -> None:
        self._request = request

    def matches(self, path: str, headers: Headers) -> bool:  # noqa: ARG002  # every request
        """Match every request; other formats take precedence."""
        return True

    def secret(self, headers: Headers) -> bytes:
        """The bearer key, else `x-api-key`, which clients of Anthropic's send to any path."""
        return bearer(headers) or api_key(headers)

    def error(self, error: GatewayError, request_id: str) -> tuple[int, bytes]:  # noqa: ARG002  # it stands in a header
        """OpenAI's error object."""
        return error.status, error.body()

    def headers(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """`x-request-id`."""
        return [(b"x-request-id", request_id)]

    def validate(self, headers: Headers, fields: dict[str, Any], query: bytes = b"") -> Self:  # noqa: ARG002  # all of it is in the body
        """Validate a request by its model."""
        check(fields, self._request)
        return self

    async def complete(self, backend: Backend, call: Call, _request: dict[str, Any]) -> bytes:
        """The backend's answer."""
        return await backend.complete(call)

    def stream(self, backend: Backend, call: Call, _request: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """The backend's stream."""
        return backend.stream(call)

    def model(self, model: ListedModel) -> dict[str, Any]:
        """OpenAI's object `model`."""
        return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owner}

    def model_list(self, models: Sequence[ListedModel], query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002  # one page
        """OpenAI's object `list`, which has no pages."""
        return {"object": "list", "data": [self.model(model) for model in models]}

    def failure(self, error: GatewayError, request_id: str) -> bytes:  # noqa: ARG002  # it stands in a header
        """An error event, then `[DONE]`."""
        return error.event() + DONE

    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """The endpoint of the operation for the OpenAPI page."""
        return path_item(
            self._request,
            answer=operation.answer_name,
            stream="events with its parts, and [DONE]" if operation.streams else None,
            error=OPENAI_ERROR,
        )
