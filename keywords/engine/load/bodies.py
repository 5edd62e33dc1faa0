"""JSON of answers: of a whole body, and of events that orjson refuses."""

from __future__ import annotations

from typing import Any

from keywords.engine.http.exchange import parse_json
from keywords.engine.load.failures import Failure, describe


def completion_of(data: bytes) -> dict[str, Any] | Failure:
    """The completion in a whole body, whose `choices` are a list of objects; or why there is none."""
    try:
        body = parse_json(data)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Failure("malformed", f"the body is no JSON object: {describe(data)}")
    if error := body.get("error"):
        said = error.get("message") if isinstance(error, dict) else None
        return Failure("stream_error", describe(said or error))
    choices = body.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        return Failure("malformed", f"the body has no choices: {describe(data)}")
    return body


def parse_leniently(event: bytes) -> Any:
    """Parse what orjson refuses and RFC 8259 allows: lone surrogates; None if it is no JSON."""
    try:
        return parse_json(event.decode())
    except ValueError:
        return None
