"""Words that Anthropic's format has others for than OpenAI's; both directions of the translation read them here.

Source: platform.claude.com/docs/en/api/messages, /errors, /versioning.
"""

from __future__ import annotations

VERSION = "2023-06-01"
"""The version of the API that the gateway itself asks for, and takes a request for that names none."""

WITHOUT_SAMPLING = "2026-10-21"
"""The version that no longer takes `temperature`, `top_p` and `top_k` (platform.claude.com/docs/en/api/versioning)."""

VERSIONS = (VERSION, WITHOUT_SAMPLING)
"""The versions whose answers look as the gateway writes them."""

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""OpenAI's finish reason for each of Anthropic's stop reasons."""

STOP_REASONS = {finish: stop for stop, finish in reversed(FINISH_REASONS.items())}
"""Anthropic's stop reason for each of OpenAI's finish reasons: the first of several, which says the least."""

TOOL_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
"""Anthropic's word for OpenAI's choice among tools, where no tool is named."""

EFFORTS = frozenset({"low", "medium", "high"})
"""How much a model may think: the words that both have."""

THOUGHTS = frozenset({"thinking", "redacted_thinking"})
"""Types of the blocks that hold a model's thoughts."""
