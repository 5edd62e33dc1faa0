"""Translates LiteLLM's exceptions into the gateway's errors.

LiteLLM wraps an error several times, and its own exceptions lose headers and causes. The answer, with its Retry-After,
and the original error are in the chain of causes.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

from gateway.backends.http.error_objects import error_object, statuses_in
from gateway.backends.http.refusal import refusal, refusal_from_event
from gateway.backends.http.timing import AnswerTooLargeError
from gateway.backends.litellm.arrivals import CompressedAnswerError
from gateway.errors.base import (
    BackendBadAnswer,
    BackendDisconnected,
    BackendTimeout,
    BackendUnreachable,
    UnsupportedByBackend,
)
from gateway.text.json_values import dump_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.backends.http.refusal import Hide
    from gateway.errors.base import GatewayError

# Also httpx's names (www.python-httpx.org/exceptions), which some providers of LiteLLM use without aiohttp below.
_NOT_REACHED = frozenset({"ConnectError", "ClientConnectorError", "ClientConnectorDNSError"})
_SLOW_CONNECT = frozenset({"ConnectTimeout", "ConnectionTimeoutError"})
_BROKEN = frozenset({"ReadError", "WriteError", "RemoteProtocolError"})
_NO_JSON = frozenset({"JSONDecodeError", "UnicodeDecodeError"})
# LiteLLM's text before and after a provider's message.
_PREFIX = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout)(?: Error)?: )*(?:\w*(?:Error|Exception) - )?")
_SUFFIX = re.compile(r"\nTraceback| Original exception: |\.? Handle with `litellm\.")


def to_gateway_error(error: Exception, backend: str, hide: Hide) -> GatewayError:
    """The gateway's error for one of LiteLLM's.

    Args:
        error: an exception of `acompletion`, its stream or `aembedding`.
        backend: the backend's name.
        hide: hides the gateway's keys in LiteLLM's and the provider's words.
    """
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, AnswerTooLargeError):
            return BackendBadAnswer(f"Backend '{backend}' answered with over {cause.limit} bytes. Ask for less.")
        if isinstance(cause, CompressedAnswerError):
            return BackendBadAnswer(
                f"Backend '{backend}' sent a compressed answer, which was not asked for. Switch compression off there."
            )
    names = {type(cause).__name__ for cause in chain}
    return _error_before_sending(names, backend) or _error_after_sending(error, chain, names, backend, hide)


def _error_before_sending(names: set[str], backend: str) -> GatewayError | None:
    """The error if not a byte of the request was sent, else None."""
    if "LiteLLMUnknownProvider" in names:
        return UnsupportedByBackend(
            f"Backend '{backend}' cannot be asked for this: LiteLLM has no such endpoint for the model's provider. "
            "Ask another model.",
            param="model",
            code="unsupported_endpoint",
        )
    if names & _SLOW_CONNECT:
        return BackendTimeout(
            f"Backend '{backend}' did not accept a connection in time. Check its address and that it runs.",
        )
    if names & _NOT_REACHED:
        return BackendUnreachable(f"Backend '{backend}' could not be reached. Check its base_url and that it runs.")
    return None


def _error_after_sending(
    error: Exception, chain: list[BaseException], names: set[str], backend: str, hide: Hide
) -> GatewayError:
    if names & _NO_JSON:
        return BackendBadAnswer(f"Backend '{backend}' sent something that is not JSON. Send the request again.")
    if names & _BROKEN or any(isinstance(cause, aiohttp.ClientError | ConnectionError) for cause in chain):
        return BackendDisconnected(
            f"Backend '{backend}' closed the connection before its answer was complete. Send the request again."
        )
    details = _error_object(error, chain)
    if "MidStreamFallbackError" in names:
        return refusal_from_event(backend, details, hide)
    # LiteLLM takes the code of an error under a 200 for the status, which may be a text.
    status = next(statuses_in([{"status": getattr(error, "status_code", None)}, details]), HTTPStatus.BAD_GATEWAY)
    return refusal(
        backend,
        int(status),
        _headers(chain),
        dump_whole({"error": details}),
        hide,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _headers(chain: list[BaseException]) -> Mapping[str, str]:
    """The headers of the provider's answer: the first in the chain."""
    for cause in chain:
        headers = getattr(getattr(cause, "response", None), "headers", None)
        if headers:
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}


def _error_object(error: Exception, chain: list[BaseException]) -> dict[str, Any]:
    """OpenAI's error object: the provider's own fields where LiteLLM kept them, and its message without LiteLLM's."""
    bodies = (getattr(cause, "body", None) for cause in chain)
    fields: dict[str, Any] = next((body for body in bodies if isinstance(body, dict)), {})
    text = _SUFFIX.split(str(getattr(error, "message", error)), maxsplit=1)[0]
    message = error_object({"error": _PREFIX.sub("", text)}) or {"message": "it says no more"}
    details = {**fields, **message}
    if type(error).__name__ == "ContextWindowExceededError":
        details["code"] = "context_length_exceeded"
    return details
