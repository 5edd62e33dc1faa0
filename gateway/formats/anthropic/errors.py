"""The gateway's errors in Anthropic's form: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

The form has no code and no field; the message names the field. Anthropic has no 503: an overloaded or temporarily
unavailable service answers 529.

Source: platform.claude.com/docs/en/api/errors.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from gateway.errors.base import ContextTooLong
from gateway.errors.statuses import STATUS_OF_ERROR

if TYPE_CHECKING:
    from gateway.errors.base import GatewayError

PATH = "/v1/messages"
_OVERLOADED = STATUS_OF_ERROR["overloaded_error"]
_TOO_LONG = "prompt is too long: "
# Anthropic's other error of the kind, for which clients lower `max_tokens`.
_BEYOND_WITH_ANSWER = "exceed context limit: "
_TYPES = {status: kind for kind, status in STATUS_OF_ERROR.items()}


def status_of(error: GatewayError) -> int:
    """The HTTP status."""
    return _OVERLOADED if error.status == HTTPStatus.SERVICE_UNAVAILABLE else error.status


def body_of(error: GatewayError, request_id: str) -> bytes:
    """The error object as JSON."""
    status = status_of(error)
    other = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "api_error"
    details = {"type": _TYPES.get(status, other), "message": _message_of(error)}
    return orjson.dumps({"type": "error", "error": details, "request_id": request_id})


def _message_of(error: GatewayError) -> str:
    """The message; of a prompt that is too long in Anthropic's words, by which clients know it without a code."""
    if not isinstance(error, ContextTooLong):
        return error.message
    if error.numbers is not None:
        prompt_tokens, context_tokens = error.numbers
        return f"{_TOO_LONG}{prompt_tokens} tokens > {context_tokens} maximum. {error.remedy}"
    if _TOO_LONG in error.message or _BEYOND_WITH_ANSWER in error.message:
        return error.message
    return _TOO_LONG + error.message
