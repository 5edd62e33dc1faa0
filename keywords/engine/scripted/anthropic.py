"""Anthropic's Messages, as JSON and as server-sent events.

Source: Anthropic's API reference, "Streaming messages" (order of the events) and "Errors" (types).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keywords.engine.scripted.family import Frames, ModelRequest, answer_tokens, dump, event, halves, prompt_tokens

if TYPE_CHECKING:
    from keywords.engine.scripted.script import Script

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicMessages:
    """Messages."""

    stream_type = "text/event-stream; charset=utf-8"

    def streams(self, request: ModelRequest) -> bool:
        """Whether `stream` is true; the default is no stream."""
        return request.fields.get("stream") is True

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """A `message` object with a text block and a block for each tool call."""
        text = "".join(script.chunks)
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        blocks += [
            {"type": "tool_use", "id": f"toolu_{number}", "name": call.name, "input": json.loads(call.arguments)}
            for number, call in enumerate(script.tool_calls)
        ]
        message = _message(request) | {"content": blocks, "stop_reason": _REASONS[script.finish_reason]}
        if script.usage:
            message["usage"] = {"input_tokens": prompt_tokens(request), "output_tokens": answer_tokens(script)}
        return dump(message)

    def frames(self, request: ModelRequest, script: Script) -> Frames:
        """`message_start`, each block with its deltas, `message_delta` with cumulative usage, `message_stop`."""
        message = _message(request)
        if script.usage:
            message["usage"] = {"input_tokens": prompt_tokens(request), "output_tokens": 1}
        early = [_event("message_start", message=message)]
        pieces = [_delta(0, "text_delta", "text", text) for text in script.chunks]
        index = 0
        if pieces:
            early.append(_event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
            pieces[-1] += _event("content_block_stop", index=0)
            index = 1
        early.append(_event("ping"))
        for number, call in enumerate(script.tool_calls):
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": call.name, "input": {}}
            start, rest = halves(call.arguments)
            pieces += [
                _event("content_block_start", index=index + number, content_block=block),
                _delta(index + number, "input_json_delta", "partial_json", start),
                _delta(index + number, "input_json_delta", "partial_json", rest)
                + _event("content_block_stop", index=index + number),
            ]
        delta = {"delta": {"stop_reason": _REASONS[script.finish_reason], "stop_sequence": None}}
        usage = {"usage": {"output_tokens": answer_tokens(script)}} if script.usage else {}
        return Frames(tuple(early), tuple(pieces), (_event("message_delta", **delta, **usage), _event("message_stop")))

    def error(self, status: int) -> bytes:
        """An error object with the status's type."""
        kind = _ERROR_TYPES.get(status, "api_error")
        error = {"type": kind, "message": f"Scripted error {status}."}
        return dump({"type": "error", "error": error, "request_id": "req_scripted"})

    def stream_error(self) -> bytes:
        """The `error` event of an overloaded server."""
        return _event("error", error={"type": "overloaded_error", "message": "Scripted error in the stream."})


def _message(request: ModelRequest) -> dict[str, Any]:
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _delta(index: int, kind: str, name: str, text: str) -> bytes:
    return _event("content_block_delta", index=index, delta={"type": kind, name: text})


def _event(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)
