"""Adapts llama.cpp's text completions to OpenAI's format.

llama.cpp ignores `echo`, `suffix` and `best_of`, generates until the context is full if there is no limit, and writes
log probabilities in chat's format. A stream has a usage at the end of each choice; an answer in one piece counts the
first choice only. (oaicompat_completion_params_parse and server_task_result_cmpl_final in its server's sources.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.llamacpp.joined import join_stream
from gateway.backends.parameters import unsupported
from gateway.backends.text_logprobs import TextLogprobs
from gateway.operations import DEFAULT_TEXT_TOKENS
from gateway.request.usage import Usage, parse_usage
from gateway.text.numbers import dump
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from gateway.backends.base import Call


def check_text_parameters(call: Call) -> None:
    """Refuse the parameters that llama.cpp ignores, and that would change the answer.

    Raises:
        InvalidRequest: an echo, a suffix, or the best of several answers.
    """
    fields = call.fields
    if fields.get("echo"):
        raise unsupported("echo", "gives the completion alone", "Put your own prompt before it.")
    if fields.get("suffix"):
        raise unsupported("suffix", "does not fill gaps", "Leave it out.")
    if (fields.get("best_of") or 1) > (fields.get("n") or 1):
        raise unsupported("best_of", "compares no answers", "Leave it out.")


def text_request(call: Call) -> bytes:
    """The body for `POST /v1/completions`."""
    fields = call.fields
    changes: dict[str, Any] = {}
    if fields.get("max_tokens") is None:
        changes["max_tokens"] = DEFAULT_TEXT_TOKENS
    if fields.get("logprobs") is not None:
        changes["logprobs"] = max(1, fields["logprobs"])  # OpenAI's 0 means the chosen token alone
    if call.stream and not fields.get("stream"):
        changes["stream"] = True
    if not changes:
        return call.body_for_backend()
    return dump({**call.exact_fields(), "model": call.backend_model, **changes})


def translate_text(call: Call, answer: bytes) -> bytes:
    """Translate a whole answer of one choice into OpenAI's format."""
    if call.fields.get("logprobs") is None:
        return answer
    parsed = orjson.loads(answer)
    for choice in parsed["choices"]:
        _translate_logprobs(choice, TextLogprobs(call.fields["logprobs"]))
    return orjson.dumps(parsed)


class TextEvents:
    """Translates the events of one call into OpenAI's format.

    Args:
        call: the call.
    """

    def __init__(self, call: Call) -> None:
        self._meter = call.meter
        self._include_usage = bool((call.fields.get("stream_options") or {}).get("include_usage"))
        self._choices_per_prompt = call.fields.get("n") or 1
        self._top: int | None = call.fields.get("logprobs")
        self._logprobs: dict[int, TextLogprobs] = {}
        self._prompts: dict[int, int] = {}
        self._completions: dict[int, int] = {}
        self._envelope: dict[str, Any] = {}

    def translate(self, block: bytes) -> bytes:
        """Translate a block of whole events; most blocks are unchanged."""
        if self._top is None and b'"finish_reason":"' not in block:
            return block
        return b"".join(self._event(event) for event in block.split(b"\n\n") if event)

    def usage(self) -> bytes:
        """Note the usage of all choices after the last event; returns it as an event if the client requested it."""
        prompt, completion = sum(self._prompts.values()), sum(self._completions.values())
        self._meter.reported = Usage(prompt, completion, "backend")
        if not self._include_usage:
            return b""
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        return b"data: " + orjson.dumps({**self._envelope, "choices": [], "usage": usage}) + b"\n\n"

    def _event(self, event: bytes) -> bytes:
        data, _ = data_and_name(event)
        chunk = orjson.loads(data) if data else None
        if not isinstance(chunk, dict):
            return event + b"\n\n"
        for choice in chunk.get("choices", ()):
            index = choice["index"]
            if choice.get("finish_reason") and (usage := parse_usage(chunk)):
                self._prompts[index // self._choices_per_prompt] = usage.prompt_tokens
                self._completions[index] = usage.completion_tokens
            if self._top is not None:
                _translate_logprobs(choice, self._logprobs.setdefault(index, TextLogprobs(self._top)))
        chunk.pop("usage", None)
        self._envelope = {key: value for key, value in chunk.items() if key not in {"choices", "timings"}}
        return b"data: " + orjson.dumps(chunk) + b"\n\n"


async def join_text(blocks: AsyncIterable[bytes]) -> bytes:
    """Join the translated events of a stream with usage into one answer."""
    answer = await join_stream(blocks, _join)
    answer.pop("timings", None)
    return orjson.dumps(answer)


def _join(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    """Add a piece of a choice to `choice`, which is empty at first."""
    if not choice:
        choice |= piece
        return
    choice["text"] += piece["text"]
    choice["finish_reason"] = piece["finish_reason"]
    new = piece.get("logprobs")
    if new and not choice["logprobs"]:
        choice["logprobs"] = new
    elif new:
        for name, values in new.items():
            if values is not None:
                choice["logprobs"][name] += values


def _translate_logprobs(choice: dict[str, Any], logprobs: TextLogprobs) -> None:
    if choice.get("logprobs"):
        choice["logprobs"] = logprobs.translate(choice["logprobs"]["content"])
