"""Tool calls of an answer, assembled from the pieces of a stream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keywords.engine.http.exchange import parse_json
from keywords.engine.openai.answer import first_choice
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
            arguments = json.dumps(parse_json(self.arguments), sort_keys=True)
        except ValueError:
            arguments = f"(no JSON: {self.arguments!r})"
        return f"{self.name} {arguments}"


def tool_calls(answer: Answer | StreamedAnswer) -> list[CalledTool]:
    """The tool calls of the first choice, in the order of their index.

    Raises:
        ValueError: a call is malformed: a piece of it lacks its index, or it has no id or two names.
    """
    calls: dict[int, CalledTool] = {}
    for position, piece in enumerate(_pieces(answer)):
        index = piece.get("index") if isinstance(answer, StreamedAnswer) else position
        if not isinstance(index, int):
            raise ValueError(f"a piece of a call has no index: {piece}")  # noqa: TRY004  # a defect of the answer
        call, function = calls.setdefault(index, CalledTool()), piece.get("function") or {}
        if not isinstance(function, dict):
            raise ValueError(f"the function of call {index} is no object: {piece}")  # noqa: TRY004  # as above
        texts = [piece.get("id") or "", function.get("name") or "", function.get("arguments") or ""]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"id, name and arguments of call {index} must be texts: {piece}")
        if call.name and texts[1]:
            raise ValueError(f"call {index} has a second name: {piece}")
        call.id, call.name = texts[0] or call.id, texts[1] or call.name
        call.arguments += texts[2]
    nameless = [index for index, call in calls.items() if not call.id or not call.name]
    if nameless:
        raise ValueError(f"calls without an id or a name: {nameless}")
    return [calls[index] for index in sorted(calls)]


def _pieces(answer: Answer | StreamedAnswer) -> Iterator[dict[str, Any]]:
    if not isinstance(answer, StreamedAnswer):
        yield from _calls_in(first_choice(answer), "message")
        return
    for event in answer.events:
        body = None if event.is_done else event.json()
        choices = body.get("choices") if isinstance(body, dict) else None
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                yield from _calls_in(choice, "delta")


def _calls_in(choice: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The calls in the message or delta of a choice.

    Raises:
        ValueError: the message, or one of the calls, is no object.
    """
    message = choice.get(name)
    if not isinstance(message, dict):
        raise ValueError(f"the {name} of the first choice is no object: {message!r}")  # noqa: TRY004  # as above
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise ValueError(f"tool_calls must be an array of objects: {calls!r}")
    return calls
