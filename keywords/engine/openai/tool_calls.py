"""Tool calls of an answer, assembled from the pieces of a stream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keywords.engine.openai.stream import StreamedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.openai.answer import Answer


@dataclass(slots=True)
class CalledTool:
    """One tool call; `arguments` is the model's JSON text, unchanged."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def __str__(self) -> str:
        """The name and the arguments in normalised JSON; arguments that are no JSON stay unchanged."""
        try:
            arguments = json.dumps(json.loads(self.arguments), sort_keys=True)
        except ValueError:
            arguments = f"(no JSON: {self.arguments!r})"
        return f"{self.name} {arguments}"


def tool_calls(answer: Answer | StreamedAnswer) -> list[CalledTool]:
    """The tool calls of the first choice, in the order of their index.

    Raises:
        ValueError: a piece of a call lacks its index, or a call has no id or two names.
    """
    calls: dict[int, CalledTool] = {}
    for position, piece in enumerate(_pieces(answer)):
        index = piece.get("index") if isinstance(answer, StreamedAnswer) else position
        if not isinstance(index, int):
            raise ValueError(f"a piece of a call has no index: {piece}")  # noqa: TRY004  # a defect of the answer
        call, function = calls.setdefault(index, CalledTool()), piece.get("function") or {}
        if call.name and function.get("name"):
            raise ValueError(f"call {index} has a second name: {piece}")
        call.id = piece.get("id") or call.id
        call.name = function.get("name") or call.name
        call.arguments += function.get("arguments") or ""
    nameless = [index for index, call in calls.items() if not call.id or not call.name]
    if nameless:
        raise ValueError(f"calls without an id or a name: {nameless}")
    return [calls[index] for index in sorted(calls)]


def _pieces(answer: Answer | StreamedAnswer) -> Iterator[dict[str, Any]]:
    if not isinstance(answer, StreamedAnswer):
        yield from answer.exchange.json()["choices"][0]["message"].get("tool_calls") or []
        return
    for event in answer.events:
        if event.data == "[DONE]":
            continue
        for choice in json.loads(event.data).get("choices") or []:
            if choice.get("index", 0) == 0:
                yield from choice["delta"].get("tool_calls") or []
