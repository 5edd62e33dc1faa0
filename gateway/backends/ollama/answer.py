"""Ollama's native answer as OpenAI's: one object, or one line at a time.

Formats: Ollama docs/api.md, api/types.go (`ChatResponse`). Fields that OpenAI does not have, such as `total_duration`
(nanoseconds), come back beside OpenAI's own.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import orjson

from gateway.request import usage

if TYPE_CHECKING:
    from gateway.backends.base import Call
    from gateway.request.usage import Usage

_TRANSLATED = frozenset(
    {"model", "created_at", "message", "done", "done_reason", "prompt_eval_count", "eval_count", "logprobs"}
)
# `load` and `unload` end an answer that is empty.
_FINISH_REASONS = {"length": "length"}


class OllamaAnswer:
    """Translates what comes for one call.

    Args:
        call: the call; it says whether a stream shall end with a usage chunk, and carry `usage: null` before.

    Attributes:
        finished: the line that says `done` has come.
    """

    def __init__(self, call: Call) -> None:
        self.finished = False
        self._include_usage = bool((call.fields.get("stream_options") or {}).get("include_usage"))
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._role_sent = False
        self._tool_calls = 0

    def whole(self, answer: dict[str, Any]) -> bytes:
        """A whole answer as a `chat.completion` object."""
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
        return orjson.dumps(
            {
                **self._envelope(answer, "chat.completion"),
                "choices": [choice],
                "usage": usage_of(answer),
                **_rest(answer),
            }
        )

    def events(self, line: dict[str, Any]) -> bytes:
        """The SSE events for one line: its delta, and for the last line the finish reason and the usage."""
        delta = self._message(line)
        if not self._role_sent:
            delta = {"role": "assistant", "content": "", **delta}
            self._role_sent = True
        envelope = self._envelope(line, "chat.completion.chunk")
        if self._include_usage:
            envelope["usage"] = None
        out = b""
        if delta:
            choice = {"index": 0, "delta": delta, "logprobs": _logprobs(line), "finish_reason": None}
            out += event({**envelope, "choices": [choice]})
        if line.get("done"):
            self.finished = True
            choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": self._finish_reason(line)}
            out += event({**envelope, "choices": [choice], **_rest(line)})
            if self._include_usage:
                out += event({**envelope, "choices": [], "usage": usage_of(line)})
        return out

    @staticmethod
    def counted(answer: dict[str, Any]) -> Usage | None:
        """The tokens of an answer's end, if it tells them."""
        return counted(answer)

    @staticmethod
    def is_answer(answer: dict[str, Any]) -> bool:
        """Whether the parts that are translated have the types that api/types.go gives them; each may be missing."""
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
        """The message, or its delta, without empty fields."""
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
        text = arguments if isinstance(arguments, str) else orjson.dumps(arguments or {}).decode()
        index = self._tool_calls
        self._tool_calls += 1
        return {
            "index": index,
            "id": call.get("id") or f"call_{uuid.uuid4().hex}",
            "type": "function",
            "function": {"name": function.get("name"), "arguments": text},
        }

    def _finish_reason(self, answer: dict[str, Any]) -> str:
        return "tool_calls" if self._tool_calls else finish_reason(answer)


def finish_reason(answer: dict[str, Any]) -> str:
    """OpenAI's word for `done_reason`."""
    return _FINISH_REASONS.get(answer.get("done_reason", "stop"), "stop")


def usage_of(answer: dict[str, Any]) -> dict[str, int] | None:
    """The token counts; None if one is missing, as it may be after a cache hit, for it is not zero then."""
    prompt, completion = answer.get("prompt_eval_count"), answer.get("eval_count")
    if prompt is None or completion is None:
        return None
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def counted(answer: dict[str, Any]) -> Usage | None:
    """The same for the ledger."""
    return usage.usage_from_counts(answer.get("prompt_eval_count"), answer.get("eval_count"))


def has_counts(answer: dict[str, Any]) -> bool:
    """Whether what the end of an answer tells has the types that api/types.go gives it; each may be missing."""
    return isinstance(answer.get("done_reason"), str | None) and all(
        isinstance(answer.get(count), int | None) for count in ("prompt_eval_count", "eval_count")
    )


def _logprobs(answer: dict[str, Any]) -> dict[str, Any] | None:
    return {"content": answer["logprobs"]} if answer.get("logprobs") else None


def _rest(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in _TRANSLATED}


def event(chunk: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
