"""What LiteLLM raises, as the gateway's own errors.

LiteLLM wraps what went wrong several times, and loses headers and causes on the way: the answer, with its Retry-After,
and the true reason stand in the chain of causes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from gateway.backends.http.refusal import error_object, refusal, refusal_from_event
from gateway.errors.base import (
    BackendBadAnswer,
    BackendDisconnected,
    BackendTimeout,
    BackendUnreachable,
    InvalidRequest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.errors.base import GatewayError

# httpx's names (www.python-httpx.org/exceptions), which some providers of LiteLLM use without aiohttp below.
_NOT_REACHED = frozenset({"ConnectError", "ClientConnectorError", "ClientConnectorDNSError"})
_SLOW_CONNECT = frozenset({"ConnectTimeout", "ConnectionTimeoutError"})
_BROKEN = frozenset({"ReadError", "WriteError", "RemoteProtocolError"})
_NO_JSON = frozenset({"JSONDecodeError", "UnicodeDecodeError"})
# What LiteLLM puts before and after a provider's words.
_FIRST_WORDS = re.compile(
    r"^(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout)(?: Error)?: )*(?:\w*(?:Error|Exception) - )?"
)
_LATER_WORDS = re.compile(r"\nTraceback| Original exception: |\.? Handle with `litellm\.")


def translated(error: Exception, backend: str) -> GatewayError:
    """The gateway's error for one of LiteLLM's.

    Args:
        error: what `acompletion`, its stream or `aembedding` raised.
        backend: the backend's name.
    """
    chain = list(_chain(error))
    names = {type(each).__name__ for each in chain}
    return _unsent(names, backend) or _sent(error, chain, names, backend)


def _unsent(names: set[str], backend: str) -> GatewayError | None:
    """What went wrong before a byte of the request was sent; None if it is something else."""
    if "LiteLLMUnknownProvider" in names:
        return InvalidRequest(
            f"Backend '{backend}' cannot be asked for this: LiteLLM has no such endpoint for the model's provider. "
            "Ask another model.",
            param="model",
            code="unsupported_endpoint",
        )
    if names & _SLOW_CONNECT:
        return BackendTimeout(
            f"Backend '{backend}' did not accept a connection in time. Check its address and that it runs.",
            reached=False,
        )
    if names & _NOT_REACHED:
        return BackendUnreachable(
            f"Backend '{backend}' could not be reached. Check its base_url and that it runs.", reached=False
        )
    return None


def _sent(error: Exception, chain: list[BaseException], names: set[str], backend: str) -> GatewayError:
    if names & _NO_JSON:
        return BackendBadAnswer(f"Backend '{backend}' sent something that is not JSON. Send the request again.")
    if names & _BROKEN or any(isinstance(each, aiohttp.ClientError | ConnectionError) for each in chain):
        return BackendDisconnected(
            f"Backend '{backend}' closed the connection before its answer was complete. Send the request again."
        )
    found = _error_object(error, chain)
    if "MidStreamFallbackError" in names:
        return refusal_from_event(backend, found)
    status = getattr(error, "status_code", None)
    return refusal(
        backend,
        status if isinstance(status, int) else 502,
        _headers(chain),
        orjson.dumps({"error": found}),
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _headers(chain: list[BaseException]) -> Mapping[str, str]:
    """The headers of the provider's answer: of the first in the chain that has some."""
    for each in chain:
        headers = getattr(getattr(each, "response", None), "headers", None)
        if headers:
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}


def _error_object(error: Exception, chain: list[BaseException]) -> dict[str, Any]:
    """OpenAI's error object: the provider's own fields where LiteLLM kept them, and its words without LiteLLM's."""
    bodies = (getattr(each, "body", None) for each in chain)
    found: dict[str, Any] = next((body for body in bodies if isinstance(body, dict)), {})
    text = _LATER_WORDS.split(str(getattr(error, "message", error)), maxsplit=1)[0]
    said = error_object({"error": _FIRST_WORDS.sub("", text)}) or {"message": "it says no more"}
    found = {**found, **said}
    if type(error).__name__ == "ContextWindowExceededError":
        found["code"] = "context_length_exceeded"
    return found
