"""Constants of Anthropic's format, and their counterparts in OpenAI's, for both directions of the translation.

Source: platform.claude.com/docs/en/api/messages, /errors, /versioning.
"""

from __future__ import annotations

VERSION = "2023-06-01"
"""The version of the API that the gateway requests, and assumes for a request without one."""

WITHOUT_SAMPLING = "2026-10-21"
"""The version that no longer takes `temperature`, `top_p` and `top_k` (platform.claude.com/docs/en/api/versioning)."""

VERSIONS = (VERSION, WITHOUT_SAMPLING)
"""The versions whose answers have the format that the gateway writes."""

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
"""Anthropic's stop reason for each of OpenAI's finish reasons; of several the first, which is the least specific."""

UNFINISHED = frozenset({"length", "content_filter"})
"""OpenAI's finish reasons that say more than whether the answer has tool calls."""

TOOL_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
"""Anthropic's tool choice for each of OpenAI's that names no tool."""

EFFORTS = frozenset({"low", "medium", "high"})
"""The reasoning efforts that both formats have."""

THOUGHTS = frozenset({"thinking", "redacted_thinking"})
"""The types of blocks with a model's thoughts."""
