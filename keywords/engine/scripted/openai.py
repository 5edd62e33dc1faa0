"""OpenAI's formats: chat completions, legacy completions, embeddings. NVIDIA NIM, vLLM and others speak them too."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING, Any

from keywords.engine.scripted.family import (
    CREATED,
    Ask,
    Frames,
    answer_tokens,
    dump,
    event,
    halves,
    prompt_tokens,
)

if TYPE_CHECKING:
    from keywords.engine.scripted.script import Script

_DONE = b"data: [DONE]\n\n"
_DIMENSIONS = 8
# Hostile requests ask for more than a machine's memory holds; no model has so many.
_MOST_DIMENSIONS = 2**16


class OpenAIChat:
    """Chat completions, as JSON and as server-sent events."""

    stream_type = "text/event-stream"

    def streams(self, ask: Ask) -> bool:
        """OpenAI streams only when asked to."""
        return ask.fields.get("stream") is True

    def whole(self, ask: Ask, script: Script) -> bytes:
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
        return dump(_object(ask, "chat.completion") | {"choices": [choice]} | _usage(ask, script))

    def frames(self, ask: Ask, script: Script) -> Frames:
        """Chunks; the first one carries the role, the last ones the finish reason, the usage if asked for, `[DONE]`."""
        deltas: list[dict[str, Any]] = [{"content": text} for text in script.chunks]
        for number, call in enumerate(script.tool_calls):
            start, rest = halves(call.arguments)
            function = {"name": call.name, "arguments": ""}
            deltas += [
                {"tool_calls": [{"index": number, "id": f"call_{number}", "type": "function", "function": function}]},
                {"tool_calls": [{"index": number, "function": {"arguments": start}}]},
                {"tool_calls": [{"index": number, "function": {"arguments": rest}}]},
            ]
        early = list(self.opening(ask))
        role = {"role": "assistant"}
        if script.early_role:
            early.append(_chunk(ask, {**role, "content": ""}, None))
        elif deltas:
            deltas[0] = role | deltas[0]
        last = [_chunk(ask, {}, script.finish_reason)]
        if script.usage and (ask.fields.get("stream_options") or {}).get("include_usage"):
            last.append(event(_object(ask, "chat.completion.chunk") | {"choices": []} | _usage(ask, script)))
        return Frames(tuple(early), tuple(_chunk(ask, delta, None) for delta in deltas), (*last, _DONE))

    def opening(self, ask: Ask) -> tuple[bytes, ...]:  # noqa: ARG002  (others open according to the request)
        """Events before everything else: none."""
        return ()

    def error(self, status: int) -> bytes:
        """An error object; its code is a number, as llama.cpp and others send it."""
        return dump({"error": {"message": f"Scripted error {status}.", "type": "server_error", "code": status}})

    def stream_error(self) -> bytes:
        """An error event without `[DONE]`, as servers in the field send it."""
        return event(_STREAM_ERROR)


class OpenAICompletion(OpenAIChat):
    """Legacy completions, as JSON and as server-sent events."""

    def whole(self, ask: Ask, script: Script) -> bytes:
        """A `text_completion` object with a choice for each prompt, `n` times."""
        text, indexes = "".join(script.chunks), range(_choices(ask))
        said = _completion(ask, *(_text(index, text, script.finish_reason) for index in indexes))
        return dump(said | _usage(ask, script, answers=len(indexes)))

    def frames(self, ask: Ask, script: Script) -> Frames:
        """Chunks of the same kind, an event a choice; the finish reasons, the usage if asked for, and `[DONE]`."""
        indexes = range(_choices(ask))
        last = [event(_completion(ask, _text(index, "", script.finish_reason))) for index in indexes]
        if script.usage and (ask.fields.get("stream_options") or {}).get("include_usage"):
            last.append(event(_completion(ask) | _usage(ask, script, answers=len(indexes))))
        pieces = (b"".join(event(_completion(ask, _text(index, text))) for index in indexes) for text in script.chunks)
        return Frames((), tuple(pieces), (*last, _DONE))


class OpenAIEmbeddings(OpenAIChat):
    """Embeddings: one vector of numbers from -1 to 1 for each text, the same for the same text."""

    def streams(self, ask: Ask) -> bool:  # noqa: ARG002  (no request can ask for a stream)
        """Never."""
        return False

    def whole(self, ask: Ask, script: Script) -> bytes:
        """A list of `embedding` objects, as numbers or as base64 of little-endian floats."""
        found = []
        for index, text in enumerate(texts(ask)):
            numbers = vector(text, ask.fields.get("dimensions"))
            packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
            value = packed if ask.fields.get("encoding_format") == "base64" else numbers
            found.append({"object": "embedding", "index": index, "embedding": value})
        tokens = prompt_tokens(ask)
        usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if script.usage else {}
        return dump({"object": "list", "data": found, "model": ask.model} | usage)


def texts(ask: Ask) -> list[object]:
    """The inputs of a request for embeddings, or the prompts of one for completions."""
    given = ask.fields.get("input", ask.fields.get("prompt", ""))
    return given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]


def vector(text: object, dimensions: object = None) -> list[float]:
    """The numbers that stand for a text; 8 of them unless asked for another number."""
    size = dimensions if isinstance(dimensions, int) and 0 < dimensions <= _MOST_DIMENSIONS else _DIMENSIONS
    digest = hashlib.shake_128(str(text).encode()).digest(size)
    return [byte / 127.5 - 1 for byte in digest]


_STREAM_ERROR = {
    "error": {"message": "Scripted error in the stream.", "type": "server_error", "param": None, "code": None}
}


def _chunk(ask: Ask, delta: dict[str, Any], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return event(_object(ask, "chat.completion.chunk") | {"choices": [choice]})


def _choices(ask: Ask) -> int:
    return len(texts(ask)) * int(ask.fields.get("n") or 1)


def _completion(ask: Ask, *choices: dict[str, Any]) -> dict[str, Any]:
    return _object(ask, "text_completion") | {"choices": list(choices)}


def _text(index: int, text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish_reason}


def _object(ask: Ask, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-scripted", "object": kind, "created": CREATED, "model": ask.model}


def _usage(ask: Ask, script: Script, answers: int = 1) -> dict[str, Any]:
    if not script.usage:
        return {}
    prompt, answer = prompt_tokens(ask), answers * answer_tokens(script)
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}}
