"""The operations that clients ask a model for.

Their names are those of OpenTelemetry's conventions for generative AI (`gen_ai.operation.name`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An operation and its endpoint: at the gateway, and at backends that speak the same format.

    Attributes:
        name: in metrics and traces.
        path: below `/v1` at the gateway, and below the address of a backend.
        question_field: the field of a request that holds the question.
        answer_name: what messages call a whole answer.
        answer_field: the field of a whole answer that holds its content.
    """

    name: str
    path: str
    question_field: str
    answer_name: str
    answer_field: str

    @property
    def url_path(self) -> str:
        """The path at the gateway."""
        return f"/v1{self.path}"

    @property
    def streams(self) -> bool:
        """Whether a client may ask for a stream."""
        return self.answer_field == "choices"

    def choices(self, fields: dict[str, Any]) -> int:
        """Count the choices that a request asks for: `n` for each of its prompts."""
        count = fields.get("n") or 1
        return count * prompts_in(fields["prompt"]) if self is TEXT_COMPLETION else count


CHAT = Operation("chat", "/chat/completions", "messages", "chat completion", "choices")
TEXT_COMPLETION = Operation("text_completion", "/completions", "prompt", "text completion", "choices")
EMBEDDINGS = Operation("embeddings", "/embeddings", "input", "list of embeddings", "data")
DEFAULT_TEXT_TOKENS = 16
"""OpenAI's default for a text completion; without a limit, Ollama and llama.cpp go on until the context is full."""
OPERATIONS = (CHAT, TEXT_COMPLETION, EMBEDDINGS)
"""The operations of OpenAI's API."""
COUNT_TOKENS = Operation("count_tokens", "/messages/count_tokens", "messages", "count of tokens", "input_tokens")
"""Anthropic's operation that counts the tokens of a prompt."""


def prompts_in(prompt: Any) -> int:
    """Count the prompts: one string or list of token ids is one; a list of these is as many as it holds."""
    if not isinstance(prompt, list) or not prompt or isinstance(prompt[0], int):
        return 1
    return len(prompt)
