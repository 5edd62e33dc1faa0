"""Blocks `tool_use` from the tool calls of a chat completion or chat stream.

Servers of OpenAI's format differ in what they make of a call: ids are missing or not unique, arguments are an object,
`null` or cut off.
"""

from __future__ import annotations

import uuid
from typing import Any

import pydantic_core

from gateway.backends.anthropic.tool_ids import anthropic_id
from gateway.backends.tool_arguments import INVALID
from gateway.text.json_values import dump_whole
from gateway.text.numbers import load


class ToolUseIds:
    """Gives each tool use of one answer an id of its own."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def next(self, call_id: Any) -> str:
        """The id of the next tool use: that of the call, or a new one if it has none or one that is taken."""
        given = anthropic_id(call_id) if isinstance(call_id, str) and call_id else ""
        if not given or given in self._given:
            given = f"toolu_{uuid.uuid4().hex}"
        self._given.add(given)
        return given


def arguments_text(arguments: Any) -> str:
    """The arguments of a call, or a part of them, as text; some servers send an object."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else dump_whole(arguments).decode()


def begins_no_object(text: str) -> bool:
    """Whether the beginning of some arguments is blank or of `null`, which both stand for no arguments."""
    return "null".startswith(text.strip())


def tool_input(text: str, *, cut_off: bool) -> dict[str, Any]:
    """The input of a tool use.

    Args:
        text: the arguments of the call.
        cut_off: whether the limit of tokens ended the answer.

    Returns:
        The arguments; of those that are cut off the complete members, as the package `anthropic` reads them from a
        stream; other text under `INVALID`.
    """
    if begins_no_object(text):
        return {}
    try:
        arguments = load(text)
    except (ValueError, RecursionError):
        arguments = _complete_members(text) if cut_off else None
    return arguments if isinstance(arguments, dict) else {INVALID: text}


def _complete_members(text: str) -> Any:
    try:
        return pydantic_core.from_json(text, allow_partial=True, allow_inf_nan=False)
    except ValueError:
        return None


def is_object(text: str) -> bool:
    """Whether the arguments so far make a whole JSON object."""
    try:
        return isinstance(load(text), dict)
    except (ValueError, RecursionError):
        return False
