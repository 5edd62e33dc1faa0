"""Translates text completions to Ollama's native `/api/generate` and back.

The prompt is sent `raw`: the model continues it without a chat template, which Ollama's own `/v1/completions` would
apply. Only with a suffix the template is used, because it tells the model of the gap.

Formats: Ollama docs/api.md, api/types.go (`GenerateRequest`, `GenerateResponse`).
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.ollama.answer import event, finish_reason, has_counts, parse_usage, usage_of
from gateway.backends.ollama.options import native_fields
from gateway.backends.parameters import unsupported
from gateway.backends.text_logprobs import TextLogprobs
from gateway.operations import DEFAULT_TEXT_TOKENS

if TYPE_CHECKING:
    from gateway.backends.base import Call
    from gateway.request.usage import Usage

_TRANSLATED = frozenset({"prompt", "suffix", "logprobs", "echo", "best_of"})
_NATIVE = frozenset({"keep_alive", "think", "format"})
_KNOWN_IN_ANSWER = frozenset(
    {"model", "created_at", "response", "done", "done_reason", "prompt_eval_count", "eval_count", "logprobs", "context"}
)


def generate_request(call: Call) -> dict[str, Any]:
    """The body for `POST /api/generate`.

    Raises:
        InvalidRequest: Ollama's format cannot express the request.
    """
    fields = call.fields
    if (fields.get("n") or 1) > 1:
        raise unsupported("n", "gives one choice", "Send 1 and ask several times.")
    if call.choices > 1:
        raise unsupported("prompt", "takes one prompt at a time", "Send a string.")
    if (fields.get("best_of") or 1) > 1:
        raise unsupported("best_of", "gives one choice", "Leave it out.")
    if fields.get("echo"):
        raise unsupported("echo", "gives the completion alone", "Put your own prompt before it.")
    request = native_fields(call, translated=_TRANSLATED, native=_NATIVE)
    options = request.setdefault("options", {})
    options.setdefault("num_predict", DEFAULT_TEXT_TOKENS)
    request |= {
        "model": call.backend_model,
        "prompt": _prompt(fields["prompt"]),
        "stream": call.stream,
        "raw": not fields.get("suffix"),
        "truncate": False,
        "shift": False,
    }
    if fields.get("suffix"):
        request["suffix"] = fields["suffix"]
    if fields.get("logprobs") is not None:
        request |= {"logprobs": True, "top_logprobs": fields["logprobs"]}
    return request


def _prompt(prompt: Any) -> str:
    text = prompt[0] if isinstance(prompt, list) else prompt
    if text is None or text == "":
        raise unsupported("prompt", "only loads its model for an empty prompt", "Send a prompt with text.")
    if not isinstance(text, str):
        raise unsupported("prompt", "takes text, and no ids of tokens", "Send a string.")
    return text


class GeneratedText:
    """Translates the answer of one call.

    Args:
        call: the call.

    Attributes:
        finished: whether the line with `done` has arrived.
    """

    def __init__(self, call: Call) -> None:
        self.finished = False
        self._include_usage = bool((call.fields.get("stream_options") or {}).get("include_usage"))
        self._logprobs = TextLogprobs(call.fields.get("logprobs") or 0)
        self._id = f"cmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def completion(self, answer: dict[str, Any]) -> bytes:
        """Translate a whole answer into a `text_completion` object."""
        choice = self._choice(answer, finish_reason(answer))
        return orjson.dumps(
            {**self._envelope(answer), "choices": [choice], "usage": usage_of(answer), **_extra_fields(answer)}
        )

    def events(self, line: dict[str, Any]) -> bytes:
        """Translate one line into SSE events: its text, and for the last line the finish reason and the usage."""
        envelope = self._envelope(line)
        if self._include_usage:
            envelope["usage"] = None
        self.finished = bool(line.get("done"))
        if not self.finished:
            return event({**envelope, "choices": [self._choice(line, None)]}) if line["response"] else b""
        events = event({**envelope, "choices": [self._choice(line, finish_reason(line))], **_extra_fields(line)})
        if self._include_usage:
            events += event({**envelope, "choices": [], "usage": usage_of(line)})
        return events

    @staticmethod
    def parse_usage(answer: dict[str, Any]) -> Usage | None:
        """The usage in an answer's end; None if it is missing."""
        return parse_usage(answer)

    @staticmethod
    def is_answer(answer: dict[str, Any]) -> bool:
        """Whether the translated fields have the types of api/types.go."""
        return isinstance(answer.get("response"), str) and has_counts(answer)

    def _envelope(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "text_completion",
            "created": self._created,
            "model": answer.get("model"),
        }

    def _choice(self, answer: dict[str, Any], reason: str | None) -> dict[str, Any]:
        content = answer.get("logprobs")
        logprobs = self._logprobs.translate(content) if content else None
        return {"index": 0, "text": answer["response"], "logprobs": logprobs, "finish_reason": reason}


def _extra_fields(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in _KNOWN_IN_ANSWER}
