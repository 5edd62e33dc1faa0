"""What clients ask a model for.

The names are those of OpenTelemetry's conventions for generative AI (`gen_ai.operation.name`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One endpoint, and for OpenAI's that of every backend that speaks its format.

    Attributes:
        name: its name in metrics and traces.
        path: below the `/v1` of the gateway, and below the address of a backend.
        asks: the field that holds the question.
        answer: what a whole answer is, for messages.
        holds: the field of a whole answer that holds what was asked for.
    """

    name: str
    path: str
    asks: str
    answer: str
    holds: str

    @property
    def url_path(self) -> str:
        """Its path at the gateway."""
        return f"/v1{self.path}"

    @property
    def streams(self) -> bool:
        """Whether a client may ask for a stream."""
        return self.holds == "choices"

    def choices(self, fields: dict[str, Any]) -> int:
        """How many choices a request asks for: `n` for each of its prompts."""
        asked = fields.get("n") or 1
        return asked * prompts_in(fields["prompt"]) if self is TEXT_COMPLETION else asked


CHAT = Operation("chat", "/chat/completions", "messages", "chat completion", "choices")
TEXT_COMPLETION = Operation("text_completion", "/completions", "prompt", "text completion", "choices")
EMBEDDINGS = Operation("embeddings", "/embeddings", "input", "list of embeddings", "data")
DEFAULT_TEXT_TOKENS = 16
"""OpenAI's limit of a text completion that names none; Ollama and llama.cpp would go on until the context is full."""
OPERATIONS = (CHAT, TEXT_COMPLETION, EMBEDDINGS)
"""Those of OpenAI's API."""
COUNT_TOKENS = Operation("count_tokens", "/messages/count_tokens", "messages", "count of tokens", "input_tokens")
"""Anthropic's: how long the prompt of a request would be."""


def prompts_in(prompt: Any) -> int:
    """How many texts there are: one as a string or as token ids, or a list of such."""
    if not isinstance(prompt, list) or not prompt or isinstance(prompt[0], int):
        return 1
    return len(prompt)
