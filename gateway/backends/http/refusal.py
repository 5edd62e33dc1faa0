"""A backend's error answer, or error event, translated into one `GatewayError`."""

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

# The client can do something about these; any other 4xx means that the gateway itself is set up wrongly.
_CLIENT_STATUSES = frozenset({400, 404, 409, 413, 415, 422, 429})
_CODE_OF_STATUS = {404: "model_not_found", 429: "rate_limit_exceeded"}
# What a code in an error event means as a status, where the backend sends no number.
_STATUS_OF_CODE = {
    "rate_limit_exceeded": 429,
    "model_not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    **STATUS_OF_ERROR,
}
_CONTEXT_TYPES = frozenset({"exceed_context_size_error", "context_length_exceeded"})
# vLLM, Ollama, OpenAI and Anthropic say it in prose.
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
# llama.cpp says so under 500, though only another request can help (oaicompat_chat_params_parse in its server).
_CLIENTS_FAULT = re.compile(r"Failed to parse (messages|tools): |(?:image|audio|video) input is not supported")
# As above, of a text to embed.
_INPUT_TOO_LONG = re.compile(r"input \(\d+ tokens\) is too large to process")
_MESSAGE_LIMIT = 500
# Of `type`, `code` and `param`: they also stand in the log, the ledger and the metrics.
_WORD_LIMIT = 100
# OpenAI's own for 429, "tokens" and "requests" saying which of its limits it was.
_TYPES_OF_429 = frozenset({"rate_limit_error", "rate_limit_exceeded", "insufficient_quota", "tokens", "requests"})
_SHOULD_RETRY = {"true": True, "false": False}
_RETRY_MS = ("retry-after-ms", "x-ms-retry-after-ms")


def refusal(backend: str, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The error for an answer that is not 2xx.

    Args:
        backend: the backend's name.
        status: its HTTP status.
        headers: its headers; `retry-after`, and Azure's in milliseconds, are looked at and passed on, `x-should-retry`
            is looked at.
        body: its body: OpenAI's `{"error": {…}}`, Ollama's `{"error": "text"}`, FastAPI's `{"detail": …}` or anything.
    """
    try:
        error = error_object(orjson.loads(body))
    except orjson.JSONDecodeError:
        error = None
    found = _refusal(backend, status, error, _retry_headers(headers))
    found.backend_status = status
    found.retry_after_s = retry_after_s(headers)
    found.should_retry = _SHOULD_RETRY.get(headers.get("x-should-retry", ""))
    return found


def refusal_from_event(backend: str, error: Any) -> GatewayError:
    """The error for an error object that came under a 200, as a stream's event or line.

    Its status matters only if nothing was sent to the client yet: a number in `code` or `status`, or 502.
    """
    found = error_object({"error": error}) or {}
    code = found.get("code")
    numbers = (code, found.get("status"), found.get("status_code"))
    status: Any = next((n for n in numbers if type(n) is int and n // 100 in {4, 5}), None)
    if status is None:
        status = _STATUS_OF_CODE.get(str(code)) or _STATUS_OF_CODE.get(str(found.get("type"))) or 502
    return _refusal(backend, status, found, {})


def error_object(answer: Any) -> dict[str, Any] | None:
    """The error within `answer`, whatever its family, as a dict with at least `message`; None if there is none."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("error") or answer.get("detail") or (answer if "message" in answer else None)
    if isinstance(error, str) and error.startswith("{"):
        # Ollama hands on its runner's error object as a string.
        try:
            return error_object(orjson.loads(error)) or {"message": error}
        except orjson.JSONDecodeError:
            return {"message": error}
    if isinstance(error, dict):
        return {**error, "message": str(error.get("message") or error)}
    return {"message": str(error)} if error else None


def _retry_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`retry-after` in seconds or as a date, and `retry-after-ms` if the backend is as exact as that; no junk."""
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
        # llama.cpp's server, started without embeddings: it will not have them in a moment either.
        return _rejected(backend, HTTPStatus.BAD_REQUEST, {**error, "code": "unsupported_endpoint"}, {})
    if error and status == HTTPStatus.INTERNAL_SERVER_ERROR and (fault := _CLIENTS_FAULT.match(error["message"])):
        return _rejected(
            backend, HTTPStatus.BAD_REQUEST, {"message": error["message"], "param": fault[1] or "messages"}, {}
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or (error and status in _CLIENT_STATUSES):
        return _rejected(backend, status, error or {"message": "too many requests"}, retry)
    return _failed(backend, status, shorten(error["message"], _MESSAGE_LIMIT) if error else "", retry)


def _rejected(backend: str, status: int, error: dict[str, Any], retry: dict[str, str]) -> BackendRejectedRequest:
    """The backend understood, and says what is wrong with the request: its own words, type, code and param."""

    def text(key: str) -> str | None:
        value = error.get(key)
        return shorten(value, _WORD_LIMIT) if isinstance(value, str) else None

    kind, code = text("type"), text("code")
    if status == HTTPStatus.TOO_MANY_REQUESTS and kind not in _TYPES_OF_429:
        kind = "rate_limit_error"
    elif kind == "server_error":
        # The class of 5xx; some servers say it of everything.
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
    """The backend fails, or the gateway is set up wrongly for it."""
    detail = f": {text}" if text else ""
    match status:
        case 401 | 403:
            # Not the client's 401: its own key was good. The backend's text is left out, for it may repeat the key.
            return BackendMisconfigured(
                f"Backend '{backend}' refused the gateway's key (HTTP {status}). "
                "Check the variable that api_key_env names in gateway.toml."
            )
        case 402:
            return BackendMisconfigured(
                f"Backend '{backend}' asks for payment before it serves the gateway (HTTP 402). Check its account."
            )
        # 529 is Anthropic's: all of it is overloaded, not one account.
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
    """Both numbers from llama.cpp's fields, else from the prose, else the backend's own sentence."""
    message: str = error["message"]
    prompt, limit = error.get("n_prompt_tokens"), error.get("n_ctx")
    if type(prompt) is int and type(limit) is int:
        return ContextTooLong(prompt, limit)
    in_limit, in_prompt = _CONTEXT_LIMIT.search(message), _PROMPT_TOKENS.search(message)
    if in_limit and in_prompt:
        return ContextTooLong(int(in_prompt[1]), int(in_limit[1]))
    return ContextTooLong(None, None, detail=shorten(message, _MESSAGE_LIMIT).rstrip(".") + ".")
