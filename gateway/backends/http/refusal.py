"""Translates a backend's error answer or error event into one `GatewayError`."""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.http.retry_after import retry_after_s
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
from gateway.errors.statuses import STATUS_OF_ERROR

if TYPE_CHECKING:
    from collections.abc import Mapping

# The client can fix these; any other 4xx means that the gateway is configured wrongly.
_CLIENT_STATUSES = frozenset({400, 404, 409, 413, 415, 422, 429})
_CODE_OF_STATUS = {404: "model_not_found", 429: "rate_limit_exceeded"}
# The status for a code in an error event, where the backend sends no number.
_STATUS_OF_CODE = {
    "rate_limit_exceeded": 429,
    "model_not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    **STATUS_OF_ERROR,
}
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
# llama.cpp answers these with 500, though the request is at fault (oaicompat_chat_params_parse in its server).
_CLIENT_ERROR = re.compile(r"Failed to parse (messages|tools): |(?:image|audio|video) input is not supported")
# llama.cpp's 500 for a text to embed.
_INPUT_TOO_LONG = re.compile(r"input \(\d+ tokens\) is too large to process")
_MESSAGE_LIMIT = 500
# Of `type`, `code` and `param`, which also appear in the log, the ledger and the metrics.
_WORD_LIMIT = 100
# OpenAI's types for 429; "tokens" and "requests" name the exceeded limit.
_TYPES_OF_429 = frozenset({"rate_limit_error", "rate_limit_exceeded", "insufficient_quota", "tokens", "requests"})
_SHOULD_RETRY = {"true": True, "false": False}
_RETRY_MS = ("retry-after-ms", "x-ms-retry-after-ms")


def refusal(backend: str, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The error for an answer that is not 2xx.

    Args:
        backend: the backend's name.
        status: the answer's HTTP status.
        headers: the answer's headers; reads `retry-after`, Azure's in milliseconds, and `x-should-retry`, and passes on
            the first two.
        body: OpenAI's `{"error": {…}}`, Ollama's `{"error": "text"}`, FastAPI's `{"detail": …}` or anything.
    """
    try:
        details = error_object(orjson.loads(body))
    except orjson.JSONDecodeError:
        details = None
    error = _refusal(backend, status, details, _retry_headers(headers))
    error.backend_status = status
    error.retry_after_s = retry_after_s(headers)
    error.should_retry = _SHOULD_RETRY.get(headers.get("x-should-retry", ""))
    return error


def refusal_from_event(backend: str, error: Any) -> GatewayError:
    """The error for an error object under a 200, in a stream's event or line.

    Its status, a number in `code` or `status`, or 502, matters only while nothing was sent to the client.
    """
    details = error_object({"error": error}) or {}
    code = details.get("code")
    numbers = (code, details.get("status"), details.get("status_code"))
    status: Any = next((n for n in numbers if type(n) is int and n // 100 in {4, 5}), None)
    if status is None:
        status = _STATUS_OF_CODE.get(str(code)) or _STATUS_OF_CODE.get(str(details.get("type"))) or 502
    return _refusal(backend, status, details, {})


def error_object(answer: Any) -> dict[str, Any] | None:
    """The error within `answer`, in any backend's format, as a dict with at least `message`; None if there is none."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("error") or answer.get("detail") or (answer if "message" in answer else None)
    if isinstance(error, str) and error.startswith("{"):
        # Ollama passes on its runner's error object as a string.
        try:
            return error_object(orjson.loads(error)) or {"message": error}
        except orjson.JSONDecodeError:
            return {"message": error}
    if isinstance(error, dict):
        return {**error, "message": str(error.get("message") or error)}
    return {"message": str(error)} if error else None


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
    if error and status < HTTPStatus.INTERNAL_SERVER_ERROR and _is_context_error(error):
        return _context_too_long(error)
    if error and status == HTTPStatus.INTERNAL_SERVER_ERROR and _INPUT_TOO_LONG.match(error["message"]):
        return _context_too_long(error)
    if error and status == HTTPStatus.NOT_IMPLEMENTED:
        # llama.cpp's server, started without embeddings: a retry cannot help.
        return _rejected(backend, HTTPStatus.BAD_REQUEST, {**error, "code": "unsupported_endpoint"}, {})
    if error and status == HTTPStatus.INTERNAL_SERVER_ERROR and (fault := _CLIENT_ERROR.match(error["message"])):
        return _rejected(
            backend, HTTPStatus.BAD_REQUEST, {"message": error["message"], "param": fault[1] or "messages"}, {}
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or (error and status in _CLIENT_STATUSES):
        return _rejected(backend, status, error or {"message": "too many requests"}, retry)
    return _failed(backend, status, shorten(error["message"], _MESSAGE_LIMIT) if error else "", retry)


def _rejected(backend: str, status: int, error: dict[str, Any], retry: dict[str, str]) -> BackendRejectedRequest:
    """The backend's verdict on the request, with its own message, type, code and param."""

    def text(key: str) -> str | None:
        value = error.get(key)
        return shorten(value, _WORD_LIMIT) if isinstance(value, str) else None

    kind, code = text("type"), text("code")
    if status == HTTPStatus.TOO_MANY_REQUESTS and kind not in _TYPES_OF_429:
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
    )


def _failed(backend: str, status: int, text: str, retry: dict[str, str]) -> BackendError:
    """The error of a failing backend, or of a gateway that is configured wrongly for it."""
    detail = f": {text}" if text else ""
    match status:
        case 401 | 403:
            # Not a 401 for the client, whose own key was good. Without the backend's text, which may repeat the key.
            return BackendMisconfigured(
                f"Backend '{backend}' refused the gateway's key (HTTP {status}). "
                "Check the variable that api_key_env names in gateway.toml."
            )
        case 402:
            return BackendMisconfigured(
                f"Backend '{backend}' asks for payment before it serves the gateway (HTTP 402). Check its account."
            )
        # 529 is Anthropic's: the whole service is overloaded, not one account.
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
                "Check base_url in gateway.toml."
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
