"""Reading of the events of a streamed completion: of one that a row looks at, and of thousands in a load run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from keywords.engine.openai.answer import read_usage

if TYPE_CHECKING:
    from keywords.engine.openai.answer import Usage


class StreamEvents(ABC):
    """What the events of a streamed chat or text completion say; a subclass keeps of its text what it needs.

    Attributes:
        usage: the last token counts; None if none came.
        error: the `error` object of the first error event; None if there was none.
        error_at_s: when that event came.
        model: the model that the events name; None if they name none.
        closed: whether `[DONE]` came.
    """

    usage: Usage | None = None
    error: dict[str, Any] | None = None
    error_at_s: float | None = None
    model: str | None = None
    closed = False

    @abstractmethod
    def add_text(self, at_s: float, choice: int, field: str, text: str) -> None:
        """Take a piece of generated text that is not empty, with the field that it stands in."""

    @abstractmethod
    def add_finish_reason(self, reason: str) -> None:
        """Take a finish reason."""

    @abstractmethod
    def add_role(self, role: str) -> None:
        """Take a role."""

    @abstractmethod
    def add_tool_calls(self, at_s: float, calls: list[Any]) -> None:
        """Take pieces of tool calls; never an empty list."""

    def read_body(self, body: dict[str, Any], at_s: float) -> None:
        """Read the object of an event that came at a time."""
        error = body.get("error")
        if error and self.error is None:
            self.error = error if isinstance(error, dict) else {"message": str(error)}
            self.error_at_s = at_s
        usage = body.get("usage")
        if isinstance(usage, dict):
            self.usage = read_usage(usage)
        if self.model is None and isinstance(model := body.get("model"), str):
            self.model = model
        choices = body.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                if isinstance(choice, dict):
                    self._read_choice(choice, at_s)

    def _read_choice(self, choice: dict[str, Any], at_s: float) -> None:
        delta = choice.get("delta")
        if delta and isinstance(delta, dict):
            self._read_delta(delta, choice_index(choice), at_s)
        text = choice.get("text")
        if text and isinstance(text, str):
            self.add_text(at_s, choice_index(choice), "text", text)
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self.add_finish_reason(reason)

    def _read_delta(self, delta: dict[str, Any], index: int, at_s: float) -> None:
        for name, value in delta.items():
            if isinstance(value, str):
                if name == "role":
                    self.add_role(value)
                elif value and (name in _TEXT_FIELDS or (name == "reasoning" and "reasoning_content" not in delta)):
                    self.add_text(at_s, index, name, value)
            elif value and name == "tool_calls" and isinstance(value, list):
                self.add_tool_calls(at_s, value)


_TEXT_FIELDS = frozenset({"content", "reasoning_content", "refusal"})
"""Servers send thoughts as `reasoning_content`, or as `reasoning`; some send both, with the same text."""


def choice_index(choice: dict[str, Any]) -> int:
    """The index of a choice; 0 if it has none."""
    index = choice.get("index")
    return index if isinstance(index, int) else 0
