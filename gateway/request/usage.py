"""The tokens of one request, and the time that the gateway waited for its backends.

The meter travels with each call to a backend. The connection adds its waits; the code that reads an answer notes the
backend's token count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard

from gateway.request.estimate import SAMPLE_BYTES, content_bytes, prompt_tokens, streamed_tokens, text_tokens
from gateway.text.json_values import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

# No answer is as long; beyond this, sums and the ledger's integers would not be exact.
_MOST_TOKENS = 2**53

Source = Literal["backend", "tokenizer", "estimate"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one request.

    Attributes:
        prompt_tokens: of all messages.
        completion_tokens: of all choices.
        source: `backend`: the backend's own count. Without one, `tokenizer`: the model's tokenizer counted the prompt
            and the answer as far as it came; or `estimate`: the gateway's guess.
        cached_tokens: the part of `prompt_tokens` that the backend found in its cache.
    """

    prompt_tokens: int
    completion_tokens: int
    source: Source
    cached_tokens: int = 0


class TokenCounter(Protocol):
    """Counts the tokens of one call afterwards, with the backend's tokenizer."""

    async def count(self) -> Usage | None:
        """Count the prompt and the answer as far as it came; None if they are too long to be counted.

        Raises:
            GatewayError: the backend gave no count.
        """


@dataclass(slots=True)
class Meter:
    """Filled while one request is answered.

    Attributes:
        waited_s: seconds that the gateway waited for backends, or for a client that did not read.
        reported: the backend's own count, if its answer was translated.
        answer: the backend's answer in OpenAI's form, if it was parsed anyway.
        block: the last block of a stream that may hold a count.
        events: how many events of a stream went out.
        stream_bytes: their size.
        sample: the first of them, in blocks.
        hidden_bytes: text of a stream that the client's format does not show.
        prompt_tokens: the backend's own count of the prompt, where it comes before that of the answer.
        asks_usage: whether a stream's backend is to be asked for a count that the client does not want.
        token_counter: for the call of the last attempt, in case the backend reports no count.
    """

    waited_s: float = 0.0
    reported: Usage | None = None
    answer: dict[str, Any] | None = None
    block: bytes = b""
    events: int = 0
    stream_bytes: int = 0
    sample: list[bytes] = field(default_factory=list)
    hidden_bytes: int = 0
    prompt_tokens: int | None = None
    asks_usage: bool = False
    token_counter: TokenCounter | None = None

    def start_attempt(self) -> None:
        """Forget what an earlier attempt reported."""
        self.reported = self.answer = self.prompt_tokens = self.token_counter = None
        self.hidden_bytes = 0

    def add_wait(self, began: float, ended: float) -> None:
        """Add a wait between two readings of `time.perf_counter()`; ignore one that ended before it began."""
        if ended > began:
            self.waited_s += ended - began

    def note_block(self, block: bytes) -> None:
        """Note a block of whole events, without parsing it."""
        self.events += block.count(b"\n\n")
        if self.stream_bytes < SAMPLE_BYTES:
            self.sample.append(block)
        self.stream_bytes += len(block)
        if (b'"usage"' in block and (b'"usage":{' in block or b'"usage": {' in block)) or b'"timings":' in block:
            self.block = block

    def usage(self) -> Usage | None:
        """The backend's own count, if it reported one."""
        if self.reported is not None:
            return self.reported
        if self.answer is not None:
            return parse_usage(self.answer)
        for line in reversed(self.block.splitlines()):
            if line.startswith(b"data:") and (usage := parse_usage(_parsed(line.removeprefix(b"data:")))):
                return usage
        return None

    def estimate(self, fields: Mapping[str, Any], question_field: str) -> Usage:
        """Estimate the tokens of a request, and of its answer as far as it came.

        Args:
            fields: the client's request.
            question_field: of its operation.
        """
        if self.answer is None:
            completion = streamed_tokens(self.sample, self.events, self.stream_bytes, self.hidden_bytes)
        else:
            completion = text_tokens(content_bytes(self.answer))
        prompt = self.prompt_tokens
        return Usage(prompt_tokens(fields, question_field) if prompt is None else prompt, completion, "estimate")

    def drop_contents(self) -> None:
        """Drop what was kept of the answer."""
        self.answer = None
        self.block = b""
        self.sample = []


def _parsed(data: bytes) -> Any:
    try:
        return parse_json(data)
    except ValueError:
        return None


def parse_usage(answer: Any) -> Usage | None:
    """Read OpenAI's `usage`, else llama.cpp's `timings` (tools/server/README.md), which end each of its streams."""
    if not isinstance(answer, dict):
        return None
    usage, timings = answer.get("usage"), answer.get("timings")
    if isinstance(usage, dict):
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    elif isinstance(timings, dict):
        # `prompt_n` leaves out what llama.cpp found in its cache.
        prompt, completion = timings.get("prompt_n"), timings.get("predicted_n")
        cached = timings.get("cache_n", 0)
        prompt = prompt + cached if _is_count(prompt) and _is_count(cached) else None
    else:
        return None
    return usage_from_counts(prompt, completion, cached)


def usage_from_counts(prompt: Any, completion: Any, cached: Any = 0) -> Usage | None:
    """Make a `Usage` from a backend's values, which may be anything; None unless the first two are counts.

    No prompt is without a token, so two zeros are no count: some servers send them where they counted nothing.
    """
    if not (_is_count(prompt) and _is_count(completion)) or prompt == completion == 0:
        return None
    return Usage(prompt, completion, "backend", min(cached, prompt) if _is_count(cached) else 0)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
