"""The gateway's errors in Anthropic's form: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

The form has no code and no field; the message names the field. Anthropic has no 503: an overloaded or temporarily
unavailable service answers 529.

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
    details = {"type": _TYPES.get(status, other), "message": error.message}
    return orjson.dumps({"type": "error", "error": details, "request_id": request_id})
