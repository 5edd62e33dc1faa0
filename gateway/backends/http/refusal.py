"""Translates a backend's error answer or error event into one `GatewayError`."""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway.backends.http.blame import blames_request
from gateway.backends.http.error_objects import TYPES_OF_429, error_object, statuses_in
from gateway.backends.http.retry_after import retry_after_s
from gateway.errors import faults
from gateway.errors.base import (
    BackendError,
    BackendMisconfigured,
    BackendRejectedRequest,
    BackendTimeout,
    BackendUnavailable,
    ContextTooLong,
    GatewayError,
    shorten,
)
from gateway.errors.faults import fault_of_status
from gateway.text.json_values import parse_json, whole_characters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.errors.faults import Fault

    Hide = Callable[[str], str]
    """Hides the gateway's keys in a backend's text; see `gateway.text.secrets`."""

_MESSAGE_OF_STATUS = {413: "it is too large; send a shorter one", 429: "too many requests"}
_CODE_OF_STATUS = {404: "model_not_found", 429: "rate_limit_exceeded"}
_CONTEXT_TYPES = frozenset({"exceed_context_size_error", "context_length_exceeded"})
# vLLM, Ollama, OpenAI and Anthropic report it in prose.
_CONTEXT_PROSE = re.compile(
    r"maximum context length|exceeds maximum allowed token size|prompt is too long: \d+ tokens|exceed context limit: "
    r"|(?:exceeds|is longer than) the (?:available |maximum )?context (?:size|length|window)",
    re.IGNORECASE,
)
_CONTEXT_LIMIT = re.compile(
    r"(?:context length (?:is|of)|maximum allowed token size|context size \(|batch size:|tokens >) ?(\d{1,12})\b",
    re.IGNORECASE,
)
_PROMPT_TOKENS = re.compile(
    r"(?:request \(|input \(|input length |requested |resulted in |too long: |contains (?:at least )?)(\d{1,12})\b",
    re.IGNORECASE,
)
# llama.cpp answers these with 500, though it does not fail (oaicompat_chat_params_parse in its server).
_CLIENT_ERROR = re.compile(r"Failed to parse (messages|tools): ")
_NOT_SUPPORTED = re.compile(r"(?:image|audio|video) input is not supported")
# llama.cpp's 500 for a text to embed.
_INPUT_TOO_LONG = re.compile(r"input \(\d+ tokens\) is too large to process")
_MESSAGE_LIMIT = 500
# Of `type`, `code` and `param`, which also appear in the log, the ledger and the metrics.
_WORD_LIMIT = 100
_SHOULD_RETRY = {"true": True, "false": False}
_RETRY_MS = ("retry-after-ms", "x-ms-retry-after-ms")


def refusal(backend: str, status: int, headers: Mapping[str, str], body: bytes, hide: Hide) -> GatewayError:
    """The error for an answer that is not 2xx.

    Args:
        backend: the backend's name.
        status: the answer's HTTP status.
        headers: the answer's headers; reads `retry-after`, Azure's in milliseconds, and `x-should-retry`, and passes on
            the first two.
        body: OpenAI's `{"error": {…}}`, Ollama's `{"error": "text"}`, FastAPI's `{"detail": …}` or anything.
        hide: hides the gateway's keys in the backend's words.
    """
    try:
        details = _hidden(error_object(parse_json(body)), hide)
    except ValueError:
        details = None
    error = _refusal(backend, status, details, _retry_headers(headers))
    error.backend_status = status
    error.retry_after_s = retry_after_s(headers)
    error.should_retry = _SHOULD_RETRY.get(headers.get("x-should-retry", ""))
    return error


def refusal_from_event(backend: str, answer: Any, hide: Hide) -> GatewayError:
    """The error for an error object under a 200, in a stream's event or line.

    Its status, a number or a known code in the object or beside it, or 502, matters only while nothing was sent to the
    client.

    Args:
        backend: the backend's name.
        answer: the whole answer or event, such as `{"error": {…}}`, or the error alone.
        hide: as for `refusal`.
    """
    details = error_object(answer) or error_object({"error": answer}) or {"message": "it says no more"}
    inner = answer.get("error") if isinstance(answer, dict) else None
    places = [place for place in (details, inner, answer) if isinstance(place, dict)]
    status = next(statuses_in(places), HTTPStatus.BAD_GATEWAY)
    return _refusal(backend, int(status), _hidden(details, hide), {})


def _hidden(error: dict[str, Any] | None, hide: Hide) -> dict[str, Any] | None:
    """The error with its texts of whole characters, without the gateway's keys; they are shortened only afterwards."""
    if error is None:
        return None
    return {name: hide(whole_characters(value)) if isinstance(value, str) else value for name, value in error.items()}


def _retry_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`retry-after` in seconds or as a date, and `retry-after-ms` if the backend sent milliseconds; valid ones only."""
    seconds = headers.get("retry-after", "")
    if retry_after_s({"retry-after": seconds}) is None:
        seconds = ""
    for name in _RETRY_MS:
        wait_s = retry_after_s({name: headers.get(name, "")})
        if wait_s is not None:
            return {"retry-after": seconds or str(math.ceil(wait_s)), "retry-after-ms": headers[name]}
    return {"retry-after": seconds} if seconds else {}


def _refusal(backend: str, status: int, error: dict[str, Any] | None, retry: dict[str, str]) -> GatewayError:
    fault = fault_of_status(status, explained=error is not None)
    if error and (known := _context_error(status, error) or _error_of_llamacpp(backend, status, error)):
        return known
    if error and fault.whose == "key" and status >= HTTPStatus.FORBIDDEN and blames_request(error):
        fault = faults.REJECTED
    if fault in {faults.REJECTED, faults.BUSY, faults.CONFLICT}:
        said = error or {"message": _MESSAGE_OF_STATUS.get(status, "it says no more")}
        return _rejected(backend, status, said, retry, fault)
    return _failed(backend, status, shorten(error["message"], _MESSAGE_LIMIT) if error else "", retry, fault)


def _context_error(status: int, error: dict[str, Any]) -> ContextTooLong | None:
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and _is_context_error(error):
        return _context_too_long(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and _INPUT_TOO_LONG.match(error["message"]):
        return _context_too_long(error)
    return None


def _error_of_llamacpp(backend: str, status: int, error: dict[str, Any]) -> BackendRejectedRequest | None:
    """The error for a 5xx of llama.cpp's server that is not its failure."""
    message, bad = error["message"], int(HTTPStatus.BAD_REQUEST)
    if status == HTTPStatus.NOT_IMPLEMENTED:
        # Started without embeddings: a retry cannot help.
        return _rejected(backend, bad, {**error, "code": "unsupported_endpoint"}, {}, faults.UNSUPPORTED_THERE)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and (about := _CLIENT_ERROR.match(message)):
        return _rejected(backend, bad, {"message": message, "param": about[1]}, {}, faults.REJECTED)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and _NOT_SUPPORTED.match(message):
        return _rejected(backend, bad, {"message": message, "param": "messages"}, {}, faults.UNSUPPORTED_THERE)
    return None


def _rejected(
    backend: str, status: int, error: dict[str, Any], retry: dict[str, str], fault: Fault
) -> BackendRejectedRequest:
    """The backend's verdict on the request, with its own message, type, code and param."""

    def text(key: str) -> str | None:
        value = error.get(key)
        return shorten(value, _WORD_LIMIT) if isinstance(value, str) else None

    kind, code = text("type"), text("code")
    if status == HTTPStatus.TOO_MANY_REQUESTS and kind not in TYPES_OF_429:
        kind = "rate_limit_error"
    elif kind == "server_error":
        # The type of 5xx, which some servers use for every error.
        kind = None
    if code == str(int(status)):
        # Azure's code may be no more than the status.
        code = None
    return BackendRejectedRequest(
        f"Backend '{backend}' refused the request: {shorten(error['message'], _MESSAGE_LIMIT)}",
        status=status,
        type=kind,
        code=code or _CODE_OF_STATUS.get(status),
        param=text("param"),
        headers=retry,
        fault=fault,
    )


def _failed(backend: str, status: int, text: str, retry: dict[str, str], fault: Fault) -> BackendError:
    """The error of a failing backend, or of a gateway that is configured wrongly for it."""
    detail = f": {text}" if text else ""
    match status:
        case 401 | 403 | 407:
            # Not a 401 for the client, whose own key was good. Without the backend's text, which is for the operator.
            return BackendMisconfigured(
                f"Backend '{backend}' refused the gateway's key (HTTP {status}). "
                "Check the variable that api_key_env names in gateway.toml.",
                fault=fault,
            )
        case 402:
            return BackendMisconfigured(
                f"Backend '{backend}' asks for payment before it serves the gateway (HTTP 402). Check its account."
            )
        case 503 | 529:
            unavailable = BackendUnavailable(
                f"Backend '{backend}' is not available now{detail}. Send the request again in a moment."
            )
            unavailable.headers |= retry
            return unavailable
        case 408 | 504:
            return BackendTimeout(f"Backend '{backend}' timed out (HTTP {status}). Send the request again.")
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return BackendMisconfigured(
                f"Backend '{backend}' does not serve such requests under its base_url (HTTP {status}). "
                "Check base_url in gateway.toml.",
                fault=fault,
            )
        case _:
            return BackendError(f"Backend '{backend}' failed (HTTP {status}){detail}. Send the request again.")


def _is_context_error(error: dict[str, Any]) -> bool:
    if any(isinstance(word, str) and word in _CONTEXT_TYPES for word in (error.get("type"), error.get("code"))):
        return True
    return _CONTEXT_PROSE.search(error["message"]) is not None


def _context_too_long(error: dict[str, Any]) -> ContextTooLong:
    """The error with both numbers from llama.cpp's fields, else from the prose, else with the backend's sentence."""
    message: str = error["message"]
    prompt, limit = error.get("n_prompt_tokens"), error.get("n_ctx")
    if type(prompt) is int and type(limit) is int:
        return ContextTooLong(prompt, limit)
    in_limit, in_prompt = _CONTEXT_LIMIT.search(message), _PROMPT_TOKENS.search(message)
    if in_limit and in_prompt:
        return ContextTooLong(int(in_prompt[1]), int(in_limit[1]))
    return ContextTooLong(None, None, detail=shorten(message, _MESSAGE_LIMIT).rstrip(".") + ".")
