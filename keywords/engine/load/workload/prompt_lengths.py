"""How many words make a prompt of n tokens: measured once against the server, by its own usage.

A server counts more tokens than a text has: its chat template adds roles and marks, some a system message. Neither
these nor the tokens of a word are guessed. For each entry of the mix the server counts a short and a long prompt, which
gives the tokens of a word and those around the text; a third one, as long as the entry's long prompts, shows the error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

TokenCounter = Callable[[Sequence[Mapping[str, Any]]], int | None]
"""Prompt tokens that the server's usage counts for a conversation; None where it gives no usage."""


@dataclass(frozen=True, slots=True)
class PromptLengths:
    """Lengths of synthetic prompts on one server with one model.

    Attributes:
        source: what the workload's lengths are counted in: the server's tokens, or words where it does not count.
        why_words: why they are words; empty for tokens.
        tokens_per_word: of synthetic text.
        around: tokens of a conversation's first request beside its synthetic text, by entry: template, system message,
            and unique prefix.
        around_later: tokens that a later turn adds beside its text and the answer before it, by entry.
        largest_error: tokens by which the checks differed at most; None without checks.
        checks: number of prompts that were made by these figures, and counted.
    """

    source: Literal["usage", "words"] = "words"
    why_words: str = "they were not measured"
    tokens_per_word: float = 1.0
    around: Mapping[str, float] = field(default_factory=dict)
    around_later: Mapping[str, float] = field(default_factory=dict)
    largest_error: int | None = None
    checks: int = 0

    def words(self, tokens: int, around: float = 0.0) -> int:
        """Words of a text of so many tokens, what is around it included; at least one."""
        return max(1, round((tokens - around) / self.tokens_per_word))

    def __str__(self) -> str:
        if self.source == "words":
            return f"prompt lengths are in words, not in tokens: {self.why_words}"
        around = ", ".join(f"{tokens:.0f} ({name})" for name, tokens in self.around.items())
        return (
            f"prompt lengths by the server's usage: {self.tokens_per_word:.3f} tokens a word, {around} around it, "
            f"largest error of {self.checks} checks {self.largest_error} tokens"
        )
