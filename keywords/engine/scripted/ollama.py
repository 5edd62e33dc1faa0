"""Ollama's native formats: `/api/chat` and `/api/generate` as JSON and as lines of JSON, and `/api/embed`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keywords.engine.scripted.family import (
    CREATED_AT,
    THOUGHT,
    Frames,
    ModelRequest,
    answer_tokens,
    dump,
    prompt_tokens,
)
from keywords.engine.scripted.openai import texts, vector

if TYPE_CHECKING:
    from keywords.engine.scripted.script import Script

_REASONS = {"stop": "stop", "length": "length", "tool_calls": "stop"}


class OllamaChat:
    """Chat."""

    stream_type = "application/x-ndjson"

    def streams(self, request: ModelRequest) -> bool:
        """Whether `stream` is anything but false; the default is a stream."""
        return request.fields.get("stream") is not False

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """The whole answer as one object."""
        return dump(_object(request, "".join(script.chunks), _tool_calls(script)) | _end(request, script))

    def frames(self, request: ModelRequest, script: Script) -> Frames:
        """A line for each piece of text, one for all tool calls, and one with `done` and the counts."""
        thought = {"role": "assistant", "content": "", "thinking": THOUGHT}
        lines = [_object(request, "") | {"message": thought, "done": False}] * script.thoughts
        lines += [_object(request, text) | {"done": False} for text in script.chunks]
        if script.tool_calls:
            lines.append(_object(request, "", _tool_calls(script)) | {"done": False})
        last = dump(_object(request, "") | _end(request, script)) + b"\n"
        return Frames((), tuple(dump(line) + b"\n" for line in lines), (last,))

    def error(self, status: int) -> bytes:
        """`{"error": text}`."""
        return dump({"error": f"Scripted error {status}."})

    def stream_error(self) -> bytes:
        """The same object as a line under status 200."""
        return dump({"error": "Scripted error in the stream."}) + b"\n"


class OllamaGenerate(OllamaChat):
    """Text completions."""

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """The whole answer as one object."""
        return dump(_response(request, "".join(script.chunks)) | _end(request, script))

    def frames(self, request: ModelRequest, script: Script) -> Frames:
        """A line for each piece of text, and one with `done` and the counts."""
        lines = (_response(request, text) | {"done": False} for text in script.chunks)
        last = dump(_response(request, "") | _end(request, script)) + b"\n"
        return Frames((), tuple(dump(line) + b"\n" for line in lines), (last,))


class OllamaEmbed(OllamaChat):
    """Embeddings."""

    def streams(self, request: ModelRequest) -> bool:  # noqa: ARG002  (embeddings are never streamed)
        """Never."""
        return False

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """One vector of numbers for each text."""
        vectors = [vector(text, request.fields.get("dimensions")) for text in texts(request)]
        count = {"prompt_eval_count": prompt_tokens(request)} if script.usage else {}
        return dump({"model": request.model, "embeddings": vectors, "total_duration": 1_000_000} | count)


def _tool_calls(script: Script) -> list[dict[str, Any]]:
    """The tool calls; Ollama's arguments are an object, not text."""
    return [{"function": {"name": c.name, "arguments": json.loads(c.arguments)}} for c in script.tool_calls]


def _response(request: ModelRequest, text: str) -> dict[str, Any]:
    return {"model": request.model, "created_at": CREATED_AT, "response": text}


def _object(request: ModelRequest, text: str, tool_calls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if tool_calls:
        message["tool_calls"] = tool_calls
    return {"model": request.model, "created_at": CREATED_AT, "message": message}


def _end(request: ModelRequest, script: Script) -> dict[str, Any]:
    counts = {"prompt_eval_count": prompt_tokens(request), "eval_count": answer_tokens(script)} if script.usage else {}
    durations = {"total_duration": 3_000_000, "load_duration": 1_000_000}
    durations |= {"prompt_eval_duration": 1_000_000, "eval_duration": 1_000_000}
    return {"done": True, "done_reason": _REASONS[script.finish_reason]} | durations | counts
