"""OpenAI's formats, which NVIDIA NIM, vLLM and others speak too: chat completions, legacy completions, embeddings."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING, Any

from keywords.engine.scripted.family import (
    CREATED,
    THOUGHT,
    Frames,
    ModelRequest,
    answer_tokens,
    dump,
    event,
    halves,
    prompt_tokens,
    thought_tokens,
)

if TYPE_CHECKING:
    from keywords.engine.scripted.script import Script

_DONE = b"data: [DONE]\n\n"
_DIMENSIONS = 8
# No model has more, and fuzzing asks for vectors that no memory holds.
_DIMENSIONS_LIMIT = 2**16


class OpenAIChat:
    """Chat completions, as JSON and as server-sent events."""

    stream_type = "text/event-stream"

    def streams(self, request: ModelRequest) -> bool:
        """Whether `stream` is true; the default is no stream."""
        return request.fields.get("stream") is True

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """A `chat.completion` object."""
        text = "".join(script.chunks)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if script.tool_calls:
            message["content"] = text or None
            message["tool_calls"] = [
                {"id": f"call_{number}", "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
                for number, c in enumerate(script.tool_calls)
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": script.finish_reason}
        return dump(_object(request, "chat.completion") | {"choices": [choice]} | _usage(request, script))

    def frames(self, request: ModelRequest, script: Script) -> Frames:
        """Chunks: the role in the first one; at the end the finish reason, the usage if requested, `[DONE]`."""
        deltas: list[dict[str, Any]] = [{"reasoning_content": THOUGHT}] * script.thoughts
        deltas += [{"content": text} for text in script.chunks]
        for number, call in enumerate(script.tool_calls):
            start, rest = halves(call.arguments)
            function = {"name": call.name, "arguments": ""}
            deltas += [
                {"tool_calls": [{"index": number, "id": f"call_{number}", "type": "function", "function": function}]},
                {"tool_calls": [{"index": number, "function": {"arguments": start}}]},
                {"tool_calls": [{"index": number, "function": {"arguments": rest}}]},
            ]
        early = list(self.opening(request))
        role = {"role": "assistant"}
        if script.early_role:
            early.append(_chunk(request, {**role, "content": ""}, None))
        elif deltas:
            deltas[0] = role | deltas[0]
        last = [_chunk(request, {}, script.finish_reason)]
        if script.usage and (request.fields.get("stream_options") or {}).get("include_usage"):
            last.append(event(_object(request, "chat.completion.chunk") | {"choices": []} | _usage(request, script)))
        return Frames(tuple(early), tuple(_chunk(request, delta, None) for delta in deltas), (*last, _DONE))

    def opening(self, request: ModelRequest) -> tuple[bytes, ...]:  # noqa: ARG002  (a subclass may read it)
        """Events before all others: none."""
        return ()

    def error(self, status: int) -> bytes:
        """An error object whose code is a number, as llama.cpp and others send it."""
        return dump({"error": {"message": f"Scripted error {status}.", "type": "server_error", "code": status}})

    def stream_error(self) -> bytes:
        """An error event without `[DONE]`, as real servers send it."""
        return event(_STREAM_ERROR)


class OpenAICompletion(OpenAIChat):
    """Legacy completions, as JSON and as server-sent events."""

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """A `text_completion` object with a choice for each prompt, `n` times."""
        text, indexes = "".join(script.chunks), range(_choices(request))
        completion = _completion(request, *(_text(index, text, script.finish_reason) for index in indexes))
        return dump(completion | _usage(request, script, answers=len(indexes)))

    def frames(self, request: ModelRequest, script: Script) -> Frames:
        """Chunks with one choice each; at the end the finish reasons, the usage if requested, `[DONE]`."""
        indexes = range(_choices(request))
        last = [event(_completion(request, _text(index, "", script.finish_reason))) for index in indexes]
        if script.usage and (request.fields.get("stream_options") or {}).get("include_usage"):
            last.append(event(_completion(request) | _usage(request, script, answers=len(indexes))))
        pieces = (
            b"".join(event(_completion(request, _text(index, text))) for index in indexes) for text in script.chunks
        )
        return Frames((), tuple(pieces), (*last, _DONE))


class OpenAIEmbeddings(OpenAIChat):
    """Embeddings: one vector of numbers from -1 to 1 for each text, the same for the same text."""

    def streams(self, request: ModelRequest) -> bool:  # noqa: ARG002  (embeddings are never streamed)
        """Never."""
        return False

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """A list of `embedding` objects, as numbers or as base64 of little-endian floats."""
        embeddings = []
        for index, text in enumerate(texts(request)):
            numbers = vector(text, request.fields.get("dimensions"))
            packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
            value = packed if request.fields.get("encoding_format") == "base64" else numbers
            embeddings.append({"object": "embedding", "index": index, "embedding": value})
        tokens = prompt_tokens(request)
        usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if script.usage else {}
        return dump({"object": "list", "data": embeddings, "model": request.model} | usage)


def texts(request: ModelRequest) -> list[object]:
    """The inputs of an embeddings request, or the prompts of a completion request."""
    value = request.fields.get("input", request.fields.get("prompt", ""))
    return value if isinstance(value, list) and value and not isinstance(value[0], int) else [value]


def vector(text: object, dimensions: object = None) -> list[float]:
    """The vector of a text: 8 numbers unless `dimensions` says otherwise."""
    size = dimensions if isinstance(dimensions, int) and 0 < dimensions <= _DIMENSIONS_LIMIT else _DIMENSIONS
    digest = hashlib.shake_128(str(text).encode()).digest(size)
    return [byte / 127.5 - 1 for byte in digest]


_STREAM_ERROR = {
    "error": {"message": "Scripted error in the stream.", "type": "server_error", "param": None, "code": None}
}


def _chunk(request: ModelRequest, delta: dict[str, Any], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return event(_object(request, "chat.completion.chunk") | {"choices": [choice]})


def _choices(request: ModelRequest) -> int:
    return len(texts(request)) * int(request.fields.get("n") or 1)


def _completion(request: ModelRequest, *choices: dict[str, Any]) -> dict[str, Any]:
    return _object(request, "text_completion") | {"choices": list(choices)}


def _text(index: int, text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish_reason}


def _object(request: ModelRequest, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-scripted", "object": kind, "created": CREATED, "model": request.model}


def _usage(request: ModelRequest, script: Script, answers: int = 1) -> dict[str, Any]:
    if not script.usage:
        return {}
    prompt, answer = prompt_tokens(request), answers * answer_tokens(script)
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
    }
    if thoughts := answers * thought_tokens(script):
        usage["completion_tokens_details"] = {"reasoning_tokens": thoughts}
    return {"usage": usage}
