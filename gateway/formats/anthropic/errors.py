"""The gateway's errors in Anthropic's shape: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

What is wrong with which field stands in the message; the shape has no place for a code. Anthropic knows no 503: whoever
is overloaded or not there for a moment says 529.

Source: platform.claude.com/docs/en/api/errors.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from gateway.errors.statuses import STATUS_OF_ERROR

if TYPE_CHECKING:
    from gateway.errors.base import GatewayError

PATH = "/v1/messages"
_OVERLOADED = STATUS_OF_ERROR["overloaded_error"]
_TYPES = {status: kind for kind, status in STATUS_OF_ERROR.items()}


def status_of(error: GatewayError) -> int:
    """The HTTP status."""
    return _OVERLOADED if error.status == HTTPStatus.SERVICE_UNAVAILABLE else error.status


def body_of(error: GatewayError, request_id: str) -> bytes:
    """The error object as JSON."""
    status = status_of(error)
    other = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "api_error"
    told = {"type": _TYPES.get(status, other), "message": error.message}
    return orjson.dumps({"type": "error", "error": told, "request_id": request_id})
