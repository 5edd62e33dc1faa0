"""Translates Ollama's native chat answers into OpenAI's format: a whole object, or a stream line by line.

Formats: Ollama docs/api.md, api/types.go (`ChatResponse`). Fields that OpenAI does not have, such as `total_duration`
(nanoseconds), are kept beside OpenAI's own.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from gateway.request import usage
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from gateway.backends.base import Call
    from gateway.request.usage import Usage

_TRANSLATED = frozenset(
    {"model", "created_at", "message", "done", "done_reason", "prompt_eval_count", "eval_count", "logprobs"}
)
# `load` and `unload` end an empty answer.
_FINISH_REASONS = {"length": "length"}


class OllamaAnswer:
    """Translates the answer of one call.

    Args:
        call: the call; with `include_usage`, its stream ends with a usage chunk, and has `usage: null` in all others.

    Attributes:
        finished: whether the line with `done` has arrived.
    """

    def __init__(self, call: Call) -> None:
        self.finished = False
        self._include_usage = bool((call.fields.get("stream_options") or {}).get("include_usage"))
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._role_sent = False
        self._tool_calls = 0

    def completion(self, answer: dict[str, Any]) -> bytes:
        """Translate a whole answer into a `chat.completion` object."""
        message = self._message(answer)
        message = {"role": "assistant", "content": None, "refusal": None} | message
        if not message["content"] and not message.get("tool_calls"):
            message["content"] = ""
        choice = {
            "index": 0,
            "message": message,
            "logprobs": _logprobs(answer),
            "finish_reason": self._finish_reason(answer),
        }
        return dump(
            {
                **self._envelope(answer, "chat.completion"),
                "choices": [choice],
                "usage": usage_of(answer),
                **_extra_fields(answer),
            }
        )

    def events(self, line: dict[str, Any]) -> bytes:
        """Translate one line into SSE events: its delta, and for the last line the finish reason and the usage."""
        delta = self._message(line)
        if not self._role_sent:
            delta = {"role": "assistant", "content": "", **delta}
            self._role_sent = True
        envelope = self._envelope(line, "chat.completion.chunk")
        if self._include_usage:
            envelope["usage"] = None
        events = b""
        if delta:
            choice = {"index": 0, "delta": delta, "logprobs": _logprobs(line), "finish_reason": None}
            events += event({**envelope, "choices": [choice]})
        if line.get("done"):
            self.finished = True
            choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": self._finish_reason(line)}
            events += event({**envelope, "choices": [choice], **_extra_fields(line)})
            if self._include_usage:
                events += event({**envelope, "choices": [], "usage": usage_of(line)})
        return events

    @staticmethod
    def parse_usage(answer: dict[str, Any]) -> Usage | None:
        """The usage in an answer's end; None if it is missing."""
        return parse_usage(answer)

    @staticmethod
    def is_answer(answer: dict[str, Any]) -> bool:
        """Whether the translated fields are missing or have the types of api/types.go."""
        message = answer.get("message")
        if not isinstance(message, dict):
            return False
        calls = message.get("tool_calls") or []
        return (
            isinstance(calls, list)
            and all(isinstance(call, dict) and isinstance(call.get("function", {}), dict) for call in calls)
            and all(isinstance(message.get(text), str | None) for text in ("content", "thinking"))
            and has_counts(answer)
        )

    def _envelope(self, answer: dict[str, Any], kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": answer.get("model")}

    def _message(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The message or delta, without empty fields."""
        message = answer.get("message")
        if not isinstance(message, dict):
            return {}
        new = {key: value for key, value in message.items() if key not in {"role", "tool_calls", "thinking"} and value}
        if message.get("thinking"):
            new["reasoning"] = message["thinking"]
        if message.get("tool_calls"):
            new["tool_calls"] = [self._tool_call(call) for call in message["tool_calls"]]
        return new

    def _tool_call(self, call: dict[str, Any]) -> dict[str, Any]:
        function = call.get("function", {})
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else dump(arguments or {}).decode()
        index = self._tool_calls
        self._tool_calls += 1
        return {
            "index": index,
            "id": call.get("id") or f"call_{uuid.uuid4().hex}",
            "type": "function",
            "function": {"name": function.get("name"), "arguments": text},
        }

    def _finish_reason(self, answer: dict[str, Any]) -> str:
        reason = finish_reason(answer)
        return "tool_calls" if self._tool_calls and reason == "stop" else reason


def finish_reason(answer: dict[str, Any]) -> str:
    """OpenAI's finish reason for `done_reason`."""
    return _FINISH_REASONS.get(answer.get("done_reason", "stop"), "stop")


def usage_of(answer: dict[str, Any]) -> dict[str, int] | None:
    """OpenAI's usage; None if a count is missing, as after a cache hit, where it is not zero."""
    prompt, completion = answer.get("prompt_eval_count"), answer.get("eval_count")
    if prompt is None or completion is None:
        return None
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def parse_usage(answer: dict[str, Any]) -> Usage | None:
    """The usage for the ledger."""
    return usage.usage_from_counts(answer.get("prompt_eval_count"), answer.get("eval_count"))


def has_counts(answer: dict[str, Any]) -> bool:
    """Whether the fields of an answer's end are missing or have the types of api/types.go."""
    return isinstance(answer.get("done_reason"), str | None) and all(
        isinstance(answer.get(count), int | None) for count in ("prompt_eval_count", "eval_count")
    )


def _logprobs(answer: dict[str, Any]) -> dict[str, Any] | None:
    return {"content": answer["logprobs"]} if answer.get("logprobs") else None


def _extra_fields(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in _TRANSLATED}


def event(chunk: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + dump(chunk) + b"\n\n"
