"""Conformance of answers to Anthropic's Messages: one sentence for each defect.

Source: platform.claude.com/docs/en/api/messages, /en/build-with-claude/streaming, /en/api/errors. Fields beyond those
are no defect.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from keywords.engine.anthropic.messages import object_in
from keywords.engine.http.exchange import parse_json
from keywords.engine.openai.answer import shown
from keywords.engine.openai.conformance import is_one_of

if TYPE_CHECKING:
    from keywords.engine.anthropic.messages import StreamedMessage
    from keywords.engine.http.exchange import Exchange

STOP_REASONS = frozenset({"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"})
# Error types by status; any other status has `invalid_request_error` below 500, `api_error` from 500 up.
ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_COUNTS = ("input_tokens", "output_tokens")
_DELTA_OF = {"text": "text_delta", "tool_use": "input_json_delta", "thinking": "thinking_delta"}


def message_defects(body: object) -> list[str]:
    """Defects of a whole message."""
    if not isinstance(body, dict):
        return ["the body must be an object"]
    defects = _head_defects(body)
    content = body.get("content")
    if not isinstance(content, list) or not all(isinstance(block, dict) and block.get("type") for block in content):
        defects.append("content must be an array of blocks, each with a type")
    if not is_one_of(body.get("stop_reason"), STOP_REASONS):
        defects.append(f"stop_reason is {body.get('stop_reason')!r}, not one of {', '.join(sorted(STOP_REASONS))}")
    return defects + _usage_defects(body.get("usage"), _COUNTS)


def stream_defects(stream: StreamedMessage) -> list[str]:
    """Defects of a stream that must end normally."""
    kinds = [event["type"] for event in stream.events]
    defects = _transport_defects(stream)
    if kinds[:1] != ["message_start"] or kinds[-2:] != ["message_delta", "message_stop"]:
        defects.append(f"it must go from message_start to message_delta and message_stop, it goes {' '.join(kinds)}")
        return defects
    defects += _start_defects(stream.events[0]) + _block_defects(stream.events[1:-2])
    ended = stream.events[-2]
    reason = object_in(ended, "delta").get("stop_reason")
    if not is_one_of(reason, STOP_REASONS):
        defects.append(f"the stop_reason is {reason!r}, not one of {', '.join(sorted(STOP_REASONS))}")
    return defects + _usage_defects(ended.get("usage"), _COUNTS[1:])


def broken_stream_defects(stream: StreamedMessage) -> list[str]:
    """Defects of a stream that must report its failure: one error event, the last one, and no stop reason."""
    defects = _transport_defects(stream)
    errors = [event for event in stream.events if event["type"] == "error"]
    if len(errors) != 1 or stream.events[-1] is not errors[0]:
        defects.append(f"the last event, and no other one, must be an error; {len(errors)} are")
    for error in errors:
        defects += _error_object_defects(error) + _request_id_defects(error, stream.exchange)
    if stream.stop_reason:
        defects.append(f"a stream that broke off must not claim a stop reason, it has {stream.stop_reason!r}")
    return defects


def error_defects(exchange: Exchange) -> list[str]:
    """Defects of an error answer: its shape, the error type of its status, and the request's id."""
    if exchange.status is None or exchange.failure is not None:
        return [f"no whole answer came: {exchange.failure}"]
    if exchange.status < HTTPStatus.BAD_REQUEST:
        return [f"the status must be 400 or more, it is {exchange.status}"]
    return error_body_defects(exchange.status, exchange.body) or _request_id_defects(exchange.json(), exchange)


def error_body_defects(status: int, data: bytes) -> list[str]:
    """Defects of the body of an error answer: its shape, and the error type of its status."""
    try:
        body = parse_json(data)
    except ValueError:
        return [f"the body is not JSON: {shown(data)}"]
    if not isinstance(body, dict):
        return [f"the body is no object: {shown(data)}"]
    if defects := _error_object_defects(body):
        return defects
    expected = ERROR_TYPES.get(
        status, "api_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    )
    actual = body["error"]["type"]
    return [] if actual == expected else [f"error.type must be {expected!r} under {status}, it is {actual!r}"]


def _error_object_defects(body: dict[str, Any]) -> list[str]:
    defects = [] if body.get("type") == "error" else [f"type must be 'error', it is {body.get('type')!r}"]
    error = body.get("error")
    if not isinstance(error, dict):
        return [*defects, "error must be an object"]
    defects += [
        f"error.{name} must be a text that says something, it is {error.get(name)!r}"
        for name in ("type", "message")
        if not isinstance(error.get(name), str) or not error[name].strip()
    ]
    if "Traceback" in str(error.get("message")):
        defects.append("error.message shows the inside of the program")
    return defects


def _request_id_defects(body: dict[str, Any], exchange: Exchange) -> list[str]:
    request_id, header = body.get("request_id"), exchange.response_headers.get("request-id")
    if header and request_id == header:
        return []
    return [f"request_id must be that of the header request-id, {header!r}, it is {request_id!r}"]


def _transport_defects(stream: StreamedMessage) -> list[str]:
    defects = list(stream.problems)
    if stream.exchange.failure is not None:
        defects.append(f"the connection broke off: {stream.exchange.failure}")
    kind = stream.exchange.response_headers.get("content-type", "").partition(";")[0]
    return defects if kind == "text/event-stream" else [*defects, f"the content type is {kind!r}"]


def _head_defects(message: dict[str, Any]) -> list[str]:
    defects = [f"{name} must be a text, not empty" for name in ("id", "model") if not message.get(name)]
    expected = {"type": "message", "role": "assistant"}
    return defects + [f"{name} must be {value!r}" for name, value in expected.items() if message.get(name) != value]


def _start_defects(event: dict[str, Any]) -> list[str]:
    message = event.get("message")
    if not isinstance(message, dict):
        return ["message_start holds no message"]
    defects = _head_defects(message) + _usage_defects(message.get("usage"), _COUNTS)
    if message.get("content") != [] or message.get("stop_reason") is not None:
        defects.append("message_start must hold a message without content and stop_reason")
    return defects


def _block_defects(events: list[dict[str, Any]]) -> list[str]:
    """Defects of the blocks, which must come in order, numbered from 0, each with start, fitting deltas, and stop."""
    defects = []
    number, block = -1, None
    for event in events:
        kind, index = event["type"], event.get("index")
        if kind == "content_block_start" and block is None and index == number + 1:
            number, block = number + 1, object_in(event, "content_block")
        elif kind == "content_block_delta" and block is not None and index == number:
            delta = object_in(event, "delta").get("type")
            if delta != _DELTA_OF.get(str(block.get("type"))) and delta != "signature_delta":
                defects.append(f"a block of type {block.get('type')!r} has a delta of type {delta!r}")
        elif kind == "content_block_stop" and block is not None and index == number:
            block = None
        else:
            defects.append(f"{kind} of block {index} comes out of order")
    return defects if block is None else [*defects, f"block {number} has no stop"]


def _usage_defects(usage: object, names: tuple[str, ...]) -> list[str]:
    counts = usage if isinstance(usage, dict) else {}
    return [f"usage.{name} must be an integer from 0 up" for name in names if type(counts.get(name)) is not int]
