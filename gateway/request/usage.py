"""What one request's backends took and counted: the time that the gateway waited for them, and the tokens.

The meter travels with each call to a backend: its connection adds the time that it waited, and the code that reads an
answer notes the backend's own count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeGuard

import orjson

# One token is about four bytes of English text (platform.openai.com/tokenizer).
BYTES_PER_TOKEN = 4

# No answer is so long; beyond it, neither sums nor the ledger's integers would be exact.
_MOST_TOKENS = 2**53

Source = Literal["backend", "tokenizer", "estimate"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one request.

    Attributes:
        prompt_tokens: of all messages.
        completion_tokens: of all choices.
        source: `backend` is the backend's own count; where there was none, `tokenizer` is what the model's tokenizer
            counts of the prompt and of what came of the answer, and `estimate` the gateway's guess.
        cached_tokens: those of `prompt_tokens` that the backend found in its cache.
    """

    prompt_tokens: int
    completion_tokens: int
    source: Source
    cached_tokens: int = 0


class TokenCounter(Protocol):
    """What a backend's tokenizer can count of one call afterwards."""

    async def count(self) -> Usage | None:
        """The tokens of the prompt and of what came of the answer; None if they are too long to be counted.

        Raises:
            GatewayError: the backend does not say.
        """


@dataclass(slots=True)
class Meter:
    """Filled while one request is answered.

    Attributes:
        waited_s: seconds that the gateway waited for backends, or for a client that did not read.
        reported: the backend's own count, where translating its answer brought it to light.
        answer: the backend's answer in OpenAI's form, if it was parsed anyway.
        block: the last block of a stream that may hold a count.
        events: how many events of a stream went out.
        token_counter: counts afterwards if the backend of the last attempt reported nothing.
    """

    waited_s: float = 0.0
    reported: Usage | None = None
    answer: dict[str, Any] | None = None
    block: bytes = b""
    events: int = 0
    token_counter: TokenCounter | None = None

    def add_wait(self, began: float, ended: float) -> None:
        """Count a wait between two readings of `time.perf_counter()`; one that ended before it began was none."""
        if ended > began:
            self.waited_s += ended - began

    def note_block(self, block: bytes) -> None:
        """Note a block of whole events without parsing it."""
        self.events += block.count(b"data:")
        if b'"usage":{' in block or b'"usage": {' in block or b'"timings":' in block:
            self.block = block

    def usage(self) -> Usage | None:
        """What the backend counted; None if it counted nothing."""
        if self.reported is not None:
            return self.reported
        if self.answer is not None:
            return parse_usage(self.answer)
        for line in reversed(self.block.splitlines()):
            if line.startswith(b"data:") and (found := parse_usage(_parsed(line.removeprefix(b"data:")))):
                return found
        return None

    def estimate(self, prompt: Any) -> Usage:
        """A guess from the sizes: of the messages or prompt, and of the answer as far as it came.

        A stream's first event tells the role and most have a last one with the finish reason, so this errs by a token
        or two where each event holds one token, and by more where a backend joins several.
        """
        choices = (self.answer or {}).get("choices")
        completion = _size(choices) if choices else max(self.events - 1, 0)
        return Usage(prompt_size(prompt), completion, "estimate")


def prompt_size(prompt: Any) -> int:
    """A guess at the tokens of messages or a prompt; of token ids it is no guess."""
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], int | list):
        return sum(len(ids) if isinstance(ids, list) else 1 for ids in prompt)
    return _size(prompt)


def _size(value: Any) -> int:
    try:
        return len(orjson.dumps(value)) // BYTES_PER_TOKEN
    except orjson.JSONEncodeError:
        # It reads what nests deeper than it writes.
        return len(str(value)) // BYTES_PER_TOKEN


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def parse_usage(answer: Any) -> Usage | None:
    """OpenAI's `usage`, else llama.cpp's `timings` (tools/server/README.md), which its streams end with unasked."""
    if not isinstance(answer, dict):
        return None
    usage, timings = answer.get("usage"), answer.get("timings")
    if isinstance(usage, dict):
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    elif isinstance(timings, dict):
        # A prompt that llama.cpp found in its cache counts as well.
        prompt, completion = timings.get("prompt_n"), timings.get("predicted_n")
        cached = timings.get("cache_n", 0)
        prompt = prompt + cached if _is_count(prompt) and _is_count(cached) else None
    else:
        return None
    return usage_from_counts(prompt, completion, cached)


def usage_from_counts(prompt: Any, completion: Any, cached: Any = 0) -> Usage | None:
    """What a backend counted, which may be anything: None unless the first two are counts."""
    if not (_is_count(prompt) and _is_count(completion)):
        return None
    return Usage(prompt, completion, "backend", min(cached, prompt) if _is_count(cached) else 0)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
