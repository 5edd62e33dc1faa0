"""Anthropic's Messages between a client and any backend.

The bytes of a request and its answer pass unchanged to and from a backend that speaks Anthropic's format. For all other
backends they are translated to and from OpenAI's format.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, ClassVar, Self

from gateway.backends.anthropic.answer import WRONG_SHAPE
from gateway.backends.anthropic.vocabulary import VERSION, VERSIONS
from gateway.errors.base import BackendBadAnswer, InvalidRequest, UntranslatableAnswer
from gateway.formats.anthropic.answer import message_of
from gateway.formats.anthropic.errors import PATH, body_of, status_of
from gateway.formats.anthropic.models import PATH as MODELS_PATH
from gateway.formats.anthropic.models import model_info, model_page
from gateway.formats.anthropic.request import chat_call
from gateway.formats.anthropic.schema import MessagesRequest, check, check_budget
from gateway.formats.anthropic.stream import END, PING, MessageStream
from gateway.formats.base import Format, api_key, bearer
from gateway.formats.openapi import ANTHROPIC_ERROR, path_item
from gateway.operations import COUNT_TOKENS
from gateway.text.json_values import parse_whole_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from gateway.backends.base import Backend, Call
    from gateway.errors.base import GatewayError
    from gateway.formats.base import Headers, ListedModel
    from gateway.formats.schema import OpenModel
    from gateway.operations import Operation

_VERSION = b"anthropic-version"
_BETA = b"anthropic-beta"
_PATHS = (PATH, MODELS_PATH)
_BETA_QUERY = "?beta=true"


class AnthropicFormat(Format):
    """Anthropic's Messages.

    Args:
        version: the client's `anthropic-version`.
        beta: the client's `anthropic-beta`; only Anthropic gets it.
        query: `?beta=true` if the client's address has it; only Anthropic gets it.

    Attributes:
        request: the model of a request.
    """

    name = "anthropic"
    end = END
    ping = PING
    request: ClassVar[type[OpenModel]] = MessagesRequest

    def __init__(self, version: str = VERSION, beta: str = "", query: str = "") -> None:
        self._version = version
        self._beta = beta
        self._query = query

    def matches(self, path: str, headers: Headers) -> bool:
        """Match `/v1/messages`, and `/v1/models` for clients that name a version of Anthropic's API, and all below."""
        if not path.startswith(_PATHS):
            # Most requests are decided here.
            return False
        if _is_at_or_below(path, PATH):
            return True
        return _is_at_or_below(path, MODELS_PATH) and any(name == _VERSION for name, _ in headers)

    def secret(self, headers: Headers) -> bytes:
        """The last `x-api-key`, else the bearer key; Anthropic gives the former precedence too."""
        return api_key(headers) or bearer(headers)

    def error(self, error: GatewayError, request_id: str) -> tuple[int, bytes]:
        """Anthropic's error object."""
        return status_of(error), body_of(error, request_id)

    def headers(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """`x-request-id`, and Anthropic's `request-id`."""
        return [(b"x-request-id", request_id), (b"request-id", request_id)]

    def validate(self, headers: Headers, fields: dict[str, Any], query: bytes = b"") -> Self:
        """Validate a request for its version of Anthropic's API."""
        version, beta = VERSION, []
        for name, value in headers:
            if name == _VERSION:
                version = value.decode("latin-1").strip()
            elif name == _BETA:
                beta.append(value.decode("latin-1"))
        if version not in VERSIONS:
            raise InvalidRequest(
                f"Invalid header 'anthropic-version': expected one of {', '.join(VERSIONS)}. "
                "Send one of them, or leave it out.",
                code="invalid_header",
            )
        check(fields, version, self.request)
        return type(self)(version, ",".join(beta), _BETA_QUERY if b"beta=true" in query.split(b"&") else "")

    def to_call(self, backend: Backend, call: Call) -> Call:
        """Translate to a chat call; a backend that speaks Anthropic's format gets the request and its headers."""
        if self.name in backend.native:
            beta = {_BETA.decode(): self._beta} if self._beta else {}
            headers = {**call.headers, _VERSION.decode(): self._version, **beta}
            return replace(call, format=self.name, headers=headers, query=self._query)
        if call.operation is not COUNT_TOKENS:
            check_budget(call.fields, self._beta)
        if self._beta:
            call.drop(_BETA.decode())
        return chat_call(call, backend.limit_field)

    async def complete(self, backend: Backend, call: Call, request: dict[str, Any]) -> bytes:
        """A `message` object."""
        answer = await backend.complete(call)
        if call.format == self.name:
            return answer
        try:
            return message_of(parse_whole_json(answer, keep_digits=True), request, call.meter)
        except WRONG_SHAPE as error:
            raise _bad_answer(backend) from error

    def stream(self, backend: Backend, call: Call, request: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """Anthropic's events."""
        if call.format == self.name:
            return backend.stream(call)
        return _translated(backend, call, MessageStream(request, call.meter))

    def model(self, model: ListedModel) -> dict[str, Any]:
        """Anthropic's object `model`."""
        return model_info(model)

    def model_list(self, models: Sequence[ListedModel], query: Mapping[str, str]) -> dict[str, Any]:
        """A page of Anthropic's list."""
        return model_page(models, query)

    def failure(self, error: GatewayError, request_id: str) -> bytes:
        """An event `error`; nothing follows it."""
        return b"event: error\ndata: " + body_of(error, request_id) + b"\n\n"

    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ARG002  # there is one endpoint
        """The endpoint for the OpenAPI page."""
        return path_item(
            MessagesRequest,
            answer="message of Anthropic's",
            stream="Anthropic's events up to message_stop",
            error=ANTHROPIC_ERROR,
            # Chat has parts of the same names.
            prefix="Messages.",
        )


def _is_at_or_below(path: str, parent: str) -> bool:
    return path.startswith(parent) and path[len(parent) :][:1] in {"", "/"}


async def _translated(backend: Backend, call: Call, stream: MessageStream) -> AsyncGenerator[bytes, None]:
    async with aclosing(backend.stream(call)) as blocks:
        async for block in blocks:
            try:
                events = stream.events(block)
            except (JSONDecodeError, UnicodeDecodeError) as error:
                raise BackendBadAnswer(
                    f"Backend '{backend.name}' sent an event that is not JSON. Send the request again."
                ) from error
            except WRONG_SHAPE as error:
                raise _bad_answer(backend) from error
            if events:
                yield events
    yield stream.ending()


def _bad_answer(backend: Backend) -> UntranslatableAnswer:
    return UntranslatableAnswer(
        f"Backend '{backend.name}' answered with a completion that makes no Anthropic message. Send the request again."
    )
