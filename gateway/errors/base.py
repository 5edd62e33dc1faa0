"""The gateway's refusals and failures, as exceptions with their HTTP answer.

    GatewayError
    ├── InvalidRequest              400  the client must change its request
    │   ├── ContextTooLong          400  context_length_exceeded
    │   ├── UnsupportedByBackend    400  the format of one backend cannot carry the request
    │   └── OperationNotOffered     400  unsupported_endpoint: no backend of the model offers it
    ├── InvalidApiKey               401  invalid_api_key
    ├── ModelNotFound               404  model_not_found
    ├── InternalError               500  internal_error
    ├── ShuttingDown                503  gateway_shutting_down, with Retry-After
    └── BackendError                     the fault lies with a backend
        ├── BackendRejectedRequest  4xx  the backend's own refusal of the request, normalised
        ├── BackendUnreachable      502  backend_refused: no connection could be made
        ├── BackendMisconfigured    502  backend_refused: its key, its address or the model's name there
        ├── BackendBadAnswer        502  backend_bad_answer: not an answer to the request
        │   └── UntranslatableAnswer     the client's format cannot express it
        ├── BackendDisconnected     502  backend_disconnected: in mid-answer
        ├── BackendUnavailable      503  backend_unavailable, with Retry-After: loading, restarting, overloaded
        └── BackendTimeout          504  backend_timeout

What follows from each, for retries and breakers, stands in `gateway.errors.faults`.
Errors before the body is read stand in `gateway.errors.http`, those of limits in `gateway.errors.limits`.

The body is OpenAI's `{"error": {"message", "type", "param", "code"}}`, always with all four keys; `param` and `code`
may be null (schema `ErrorResponse` of github.com/openai/openai-openapi).
"""

# ruff: file-ignore[N818]
# The names match the error codes; the suffix `Error` would add nothing.

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import orjson

from gateway.errors import faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.errors.faults import Fault

RETRY_AFTER_S = 1
# The most models that a message suggests.
_MOST_SUGGESTIONS = 3


class GatewayError(Exception):
    """A refusal or failure with its HTTP status and its OpenAI error object.

    Attributes:
        status: HTTP status of the answer.
        type: OpenAI's coarse class: `invalid_request_error`, `rate_limit_error` or `server_error`.
        code: machine-readable reason; None where OpenAI itself sends null.
        param: path of the invalid field, such as `messages[0].content`.
        message: the problem and its remedy; never a key or a prompt.
        headers: further response headers, such as `retry-after`.
        fault: whose fault it is, and what follows from it.
        backend_status: HTTP status of the backend's answer; None without one.
        retry_after_s: the backend's `retry-after`; None without one.
        should_retry: the backend's `x-should-retry`; None without one.
    """

    default_status: ClassVar[int] = 500
    default_type: ClassVar[str] = "server_error"
    default_code: ClassVar[str | None] = "internal_error"
    default_fault: ClassVar[Fault] = faults.GATEWAY

    def __init__(  # noqa: PLR0913  # the four keys of the error object plus its HTTP side
        self,
        message: str,
        *,
        status: int | None = None,
        type: str | None = None,  # noqa: A002  # OpenAI's name of the key
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        fault: Fault | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status or self.default_status
        self.type = type or self.default_type
        self.code = code or self.default_code
        self.param = param
        self.headers = dict(headers or {})
        self.fault = fault or self.default_fault
        self.backend_status: int | None = None
        self.retry_after_s: float | None = None
        self.should_retry: bool | None = None

    @property
    def cooldown_s(self) -> float:
        """Seconds for which other requests should go to other backends; 0 without a Retry-After."""
        return self.retry_after_s or 0.0 if self.fault.may_cool_down else 0.0

    def body(self) -> bytes:
        """The error object as JSON."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return orjson.dumps({"error": error})

    def event(self) -> bytes:
        """The error object as an SSE event, for a stream that has begun."""
        return b"data: " + self.body() + b"\n\n"


class InvalidRequest(GatewayError):
    """The request is malformed or out of bounds."""

    default_status = 400
    default_type = "invalid_request_error"
    default_code: ClassVar[str | None] = None
    default_fault = faults.MALFORMED


class UnsupportedByBackend(InvalidRequest):
    """The format of one backend cannot carry the request; another backend of the route may."""

    default_fault = faults.UNSUPPORTED


class ContextTooLong(InvalidRequest):
    """The prompt does not fit into the model's context.

    Args:
        prompt_tokens: of the prompt, if the backend says it.
        context_tokens: the most that the model takes, if the backend says it.
        detail: the backend's sentence, where a number is missing.

    Attributes:
        numbers: the tokens of the prompt and the most; None if one is missing.
        remedy: what the client can do.
    """

    default_code = faults.TOO_LONG.code
    default_fault = faults.TOO_LONG
    remedy = "Shorten the messages, or ask a model with a longer context."

    def __init__(self, prompt_tokens: int | None, context_tokens: int | None, *, detail: str = "") -> None:
        self.numbers: tuple[int, int] | None = None
        if prompt_tokens is not None and context_tokens is not None:
            self.numbers = prompt_tokens, context_tokens
            detail = (
                f"This model's maximum context length is {context_tokens} tokens, "
                f"but your messages resulted in {prompt_tokens} tokens."
            )
        super().__init__(f"{detail} {self.remedy}", param="messages")

    def name_field(self, field: str) -> None:
        """Name the field of the prompt where it is not `messages`."""
        self.message = self.message.replace("messages", field)
        self.param = field


class OperationNotOffered(InvalidRequest):
    """No backend of the model offers this endpoint."""

    default_code = "unsupported_endpoint"

    def __init__(self, model: str, path: str, *, able: Sequence[str], setting: str) -> None:
        suggestions = ", ".join(f"'{shorten(other)}'" for other in able[:_MOST_SUGGESTIONS])
        fix = f"Ask a model that has one, such as {suggestions}" if able else "Have one added to its route"
        also = f", or {setting}" if setting else ""
        super().__init__(f"The model '{shorten(model)}' has no backend for {path}. {fix}{also}.", param="model")


class InvalidApiKey(GatewayError):
    """No key, or an unknown one."""

    default_status = 401
    default_type = "invalid_request_error"
    default_code = "invalid_api_key"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"www-authenticate": "Bearer"})


class ModelNotFound(GatewayError):
    """The requested model has no route."""

    default_status = 404
    default_type = "invalid_request_error"
    default_code = "model_not_found"

    def __init__(self, model: str, near: str | None = None) -> None:
        hint = f"Did you mean '{near}'? " if near else ""
        super().__init__(
            f"The model '{shorten(model)}' does not exist. {hint}GET /v1/models lists the models of this gateway.",
            param="model",
        )


class InternalError(GatewayError):
    """A defect of the gateway itself; its traceback stands in the log under the same request id."""

    def __init__(self) -> None:
        super().__init__("The gateway failed on this request. Report the x-request-id of this answer.")


class ShuttingDown(GatewayError):
    """The gateway stopped before the request came, or before it was answered."""

    default_status = 503
    default_code = "gateway_shutting_down"

    def __init__(self) -> None:
        super().__init__(
            "The gateway is shutting down. Send the request again in a moment.",
            # A new connection may lead to another gateway.
            headers={"retry-after": str(RETRY_AFTER_S), "connection": "close"},
        )


class BackendError(GatewayError):
    """The fault lies with a backend."""

    default_status = 502
    default_code = faults.FAILED.code
    default_fault = faults.FAILED


class BackendRejectedRequest(BackendError):
    """The backend's own 4xx: it refuses the request."""

    default_status = 400
    default_type = "invalid_request_error"
    default_code = faults.REJECTED.code
    default_fault = faults.REJECTED


class BackendUnreachable(BackendError):
    """No connection could be made."""

    default_fault = faults.UNREACHABLE
    default_code = default_fault.code


class BackendMisconfigured(BackendError):
    """The backend refused the gateway itself, not the request: its key, its address or its model's name."""

    default_fault = faults.KEY_REFUSED
    default_code = default_fault.code


class BackendBadAnswer(BackendError):
    """The backend sent something that is not an answer to the request."""

    default_fault = faults.BAD_ANSWER
    default_code = default_fault.code


class UntranslatableAnswer(BackendBadAnswer):
    """The gateway cannot write a model's answer in the client's format."""

    default_fault = faults.UNTRANSLATABLE


class BackendDisconnected(BackendError):
    """The backend closed the connection before its answer was complete."""

    default_fault = faults.DISCONNECTED
    default_code = default_fault.code


class BackendUnavailable(BackendError):
    """The backend exists but cannot answer now."""

    default_status = 503
    default_fault = faults.UNAVAILABLE
    default_code = default_fault.code

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        wait_s = RETRY_AFTER_S if retry_after_s is None else math.ceil(retry_after_s)
        super().__init__(message, headers={"retry-after": str(wait_s)})
        self.retry_after_s = retry_after_s


class BackendTimeout(BackendError):
    """The backend exceeded a limit of `[timeouts]`."""

    default_status = 504
    default_fault = faults.TIMED_OUT
    default_code = default_fault.code


def shorten(text: str, limit: int = 100) -> str:
    """Shorten a client's text to `limit` characters, for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
