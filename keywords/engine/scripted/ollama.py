"""Ollama's native formats: `/api/chat` and `/api/generate` as JSON and as lines of JSON, and `/api/embed`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keywords.engine.scripted.family import CREATED_AT, Ask, Frames, answer_tokens, dump, prompt_tokens
from keywords.engine.scripted.openai import texts, vector

if TYPE_CHECKING:
    from keywords.engine.scripted.script import Script

_REASONS = {"stop": "stop", "length": "length", "tool_calls": "stop"}


class OllamaChat:
    """Chat."""

    stream_type = "application/x-ndjson"

    def streams(self, ask: Ask) -> bool:
        """Ollama streams unless asked not to."""
        return ask.fields.get("stream") is not False

    def whole(self, ask: Ask, script: Script) -> bytes:
        """The whole answer as one object."""
        return dump(_object(ask, "".join(script.chunks), _tool_calls(script)) | _end(ask, script))

    def frames(self, ask: Ask, script: Script) -> Frames:
        """One line for each piece of text and for all tool calls, and one that says `done`, with counts."""
        lines = [_object(ask, text) | {"done": False} for text in script.chunks]
        if script.tool_calls:
            lines.append(_object(ask, "", _tool_calls(script)) | {"done": False})
        last = dump(_object(ask, "") | _end(ask, script)) + b"\n"
        return Frames((), tuple(dump(line) + b"\n" for line in lines), (last,))

    def error(self, status: int) -> bytes:
        """`{"error": text}`."""
        return dump({"error": f"Scripted error {status}."})

    def stream_error(self) -> bytes:
        """The same shape as a line under status 200."""
        return dump({"error": "Scripted error in the stream."}) + b"\n"


class OllamaGenerate(OllamaChat):
    """Text completions."""

    def whole(self, ask: Ask, script: Script) -> bytes:
        """The whole answer as one object."""
        return dump(_response(ask, "".join(script.chunks)) | _end(ask, script))

    def frames(self, ask: Ask, script: Script) -> Frames:
        """One line for each piece of text, and one that says `done`, with counts."""
        lines = (_response(ask, text) | {"done": False} for text in script.chunks)
        last = dump(_response(ask, "") | _end(ask, script)) + b"\n"
        return Frames((), tuple(dump(line) + b"\n" for line in lines), (last,))


class OllamaEmbed(OllamaChat):
    """Embeddings."""

    def streams(self, ask: Ask) -> bool:  # noqa: ARG002  (no request can ask for a stream)
        """Never."""
        return False

    def whole(self, ask: Ask, script: Script) -> bytes:
        """One vector of numbers for each text."""
        vectors = [vector(text, ask.fields.get("dimensions")) for text in texts(ask)]
        count = {"prompt_eval_count": prompt_tokens(ask)} if script.usage else {}
        return dump({"model": ask.model, "embeddings": vectors, "total_duration": 1_000_000} | count)


def _tool_calls(script: Script) -> list[dict[str, Any]]:
    """Ollama's arguments are an object, not text."""
    return [{"function": {"name": c.name, "arguments": json.loads(c.arguments)}} for c in script.tool_calls]


def _response(ask: Ask, text: str) -> dict[str, Any]:
    return {"model": ask.model, "created_at": CREATED_AT, "response": text}


def _object(ask: Ask, text: str, tool_calls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if tool_calls:
        message["tool_calls"] = tool_calls
    return {"model": ask.model, "created_at": CREATED_AT, "message": message}


def _end(ask: Ask, script: Script) -> dict[str, Any]:
    counts = {"prompt_eval_count": prompt_tokens(ask), "eval_count": answer_tokens(script)} if script.usage else {}
    durations = {"total_duration": 3_000_000, "load_duration": 1_000_000}
    durations |= {"prompt_eval_duration": 1_000_000, "eval_duration": 1_000_000}
    return {"done": True, "done_reason": _REASONS[script.finish_reason]} | durations | counts
