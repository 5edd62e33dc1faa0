"""The wire formats of the scripted backend: OpenAI's chat completions and Ollama's native chat."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_CREATED = 1_700_000_000
_CREATED_AT = "2023-11-14T22:13:20Z"


class Family(Protocol):
    """One backend family's way to say an answer. All methods give the bytes of a body or of a piece of it."""

    stream_type: str

    def streams(self, asked: dict[str, Any]) -> bool:
        """Whether this request asks for a stream."""

    def whole(self, asked: dict[str, Any], chunks: Sequence[str], finish_reason: str) -> bytes:
        """A plain answer."""

    def piece(self, asked: dict[str, Any], text: str, *, first: bool) -> bytes:
        """One chunk of a stream."""

    def last(self, asked: dict[str, Any], chunks: Sequence[str], finish_reason: str) -> bytes:
        """Everything after the last chunk of text."""

    def error(self, status: int) -> bytes:
        """The body of an answer that is not 200."""

    def stream_error(self) -> bytes:
        """An error in the middle of a stream."""


class OpenAI:
    """OpenAI's chat completions, as JSON and as server-sent events."""

    stream_type = "text/event-stream"

    def streams(self, asked: dict[str, Any]) -> bool:
        """OpenAI streams only when asked to."""
        return asked.get("stream") is True

    def whole(self, asked: dict[str, Any], chunks: Sequence[str], finish_reason: str) -> bytes:
        """A `chat.completion` object."""
        message = {"role": "assistant", "content": "".join(chunks), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
        return _dump(self._object(asked, "chat.completion") | {"choices": [choice], "usage": _usage(asked, chunks)})

    def piece(self, asked: dict[str, Any], text: str, *, first: bool) -> bytes:
        """A `chat.completion.chunk`; the first one carries the role."""
        delta = {"role": "assistant", "content": text} if first else {"content": text}
        return self._event(asked, delta, None)

    def last(self, asked: dict[str, Any], chunks: Sequence[str], finish_reason: str) -> bytes:
        """The finish reason, the usage if it was asked for, and `[DONE]`."""
        data = self._event(asked, {}, finish_reason)
        if (asked.get("stream_options") or {}).get("include_usage"):
            usage = self._object(asked, "chat.completion.chunk") | {"choices": [], "usage": _usage(asked, chunks)}
            data += b"data: " + _dump(usage) + b"\n\n"
        return data + b"data: [DONE]\n\n"

    def error(self, status: int) -> bytes:
        """An error object; its code is a number, as llama.cpp and others send it."""
        return _dump({"error": {"message": f"Scripted error {status}.", "type": "server_error", "code": status}})

    def stream_error(self) -> bytes:
        """An error event without `[DONE]`, as servers in the field send it."""
        error = {"message": "Scripted error in the stream.", "type": "server_error", "param": None, "code": None}
        return b"data: " + _dump({"error": error}) + b"\n\n"

    def _event(self, asked: dict[str, Any], delta: dict[str, str], finish_reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return b"data: " + _dump(self._object(asked, "chat.completion.chunk") | {"choices": [choice]}) + b"\n\n"

    def _object(self, asked: dict[str, Any], kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-scripted", "object": kind, "created": _CREATED, "model": asked.get("model")}


class Ollama:
    """Ollama's native `/api/chat`, as JSON and as lines of JSON."""

    stream_type = "application/x-ndjson"

    def streams(self, asked: dict[str, Any]) -> bool:
        """Ollama streams unless asked not to."""
        return asked.get("stream") is not False

    def whole(self, asked: dict[str, Any], chunks: Sequence[str], finish_reason: str) -> bytes:
        """The whole answer as one object."""
        return _dump(self._object(asked, "".join(chunks)) | self._end(asked, chunks, finish_reason))

    def piece(self, asked: dict[str, Any], text: str, *, first: bool) -> bytes:  # noqa: ARG002  (all lines look alike)
        """One line."""
        return _dump(self._object(asked, text) | {"done": False}) + b"\n"

    def last(self, asked: dict[str, Any], chunks: Sequence[str], finish_reason: str) -> bytes:
        """The line that says `done`, with counts and durations."""
        return _dump(self._object(asked, "") | self._end(asked, chunks, finish_reason)) + b"\n"

    def error(self, status: int) -> bytes:
        """`{"error": text}`."""
        return _dump({"error": f"Scripted error {status}."})

    def stream_error(self) -> bytes:
        """The same shape as a line under status 200."""
        return _dump({"error": "Scripted error in the stream."}) + b"\n"

    def _object(self, asked: dict[str, Any], text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        return {"model": asked.get("model"), "created_at": _CREATED_AT, "message": message}

    def _end(self, asked: dict[str, Any], chunks: Sequence[str], finish_reason: str) -> dict[str, Any]:
        usage = _usage(asked, chunks)
        return {
            "done": True,
            "done_reason": finish_reason,
            "total_duration": 3_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": usage["prompt_tokens"],
            "prompt_eval_duration": 1_000_000,
            "eval_count": usage["completion_tokens"],
            "eval_duration": 1_000_000,
        }


CHAT_PATHS: dict[str, Family] = {"/v1/chat/completions": OpenAI(), "/api/chat": Ollama()}
"""Where each family takes chat requests."""


def lookup(method: str, path: str, models: Sequence[str]) -> tuple[int, bytes]:
    """Status and body for every request that is not chat: model lists, versions, and 404 for the rest."""
    if method == "GET" and path == "/v1/models":
        listed = [{"id": model, "object": "model", "created": _CREATED, "owned_by": "scripted"} for model in models]
        return HTTPStatus.OK, _dump({"object": "list", "data": listed})
    if method == "GET" and path == "/api/tags":
        return HTTPStatus.OK, _dump({"models": [{"name": m, "model": m, "modified_at": _CREATED_AT} for m in models]})
    if method == "GET" and path == "/api/version":
        return HTTPStatus.OK, _dump({"version": "0.0.0-scripted"})
    return HTTPStatus.NOT_FOUND, _dump({"error": {"message": f"The scripted backend has no {method} {path}."}})


def _usage(asked: dict[str, Any], chunks: Sequence[str]) -> dict[str, int]:
    """One token per chunk of the answer and per word of the prompt: numbers that a row can count by hand."""
    prompt = sum(len(str(message.get("content", "")).split()) for message in asked.get("messages", []))
    return {"prompt_tokens": prompt, "completion_tokens": len(chunks), "total_tokens": prompt + len(chunks)}


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
