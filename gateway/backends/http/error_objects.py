"""Finds the error in an answer or event of any backend, and the status that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from gateway.errors.statuses import STATUS_OF_ERROR

if TYPE_CHECKING:
    from collections.abc import Iterator

# OpenAI's types for 429; "tokens" and "requests" name the exceeded limit.
TYPES_OF_429 = frozenset({"rate_limit_error", "rate_limit_exceeded", "insufficient_quota", "tokens", "requests"})
# The status for a code or type in an error event, where the backend sends no number.
_STATUS_OF_CODE = {
    **dict.fromkeys(TYPES_OF_429, 429),
    "model_not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    **STATUS_OF_ERROR,
    # Google's (google.rpc.Code, with its mapping to HTTP).
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
    # Text Generation Inference's (`error_type`, github.com/huggingface/text-generation-inference).
    "validation": 422,
    "overloaded": 429,
}
# Where servers write the number of a status, or one of these codes, in an error object or beside it.
_NUMBERS = ("code", "status", "status_code", "statusCode", "http_status", "http_code", "error_code")
_CODES = ("code", "type", "status", "error_type", "error_code", "reason")
_DIGITS = re.compile(r"[45]\d\d", re.ASCII)


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


def error_in(answer: Any) -> Any:
    """What in an answer of OpenAI's format says that it failed, for `refusal_from_event`; None if nothing does.

    It is the error beside the choices or in one of them, or the finish reason `error` (OpenRouter's and Mistral's).
    """
    if not isinstance(answer, dict):
        return None
    if answer.get("error"):
        return answer
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            if choice.get("error"):
                return choice
            if choice.get("finish_reason") == "error":
                return {"error": {"message": "its answer ended with the finish reason 'error'"}}
    return None


def statuses_in(places: list[dict[str, Any]]) -> Iterator[int]:
    """The statuses that the error objects name: as a number, as digits, or by a known code."""
    for place in places:
        for name in _NUMBERS:
            value = place.get(name)
            if isinstance(value, str) and _DIGITS.fullmatch(value):
                value = int(value)
            if type(value) is int and value // 100 in {4, 5}:
                yield value
    for place in places:
        for name in _CODES:
            if isinstance(value := place.get(name), str) and value in _STATUS_OF_CODE:
                yield _STATUS_OF_CODE[value]
