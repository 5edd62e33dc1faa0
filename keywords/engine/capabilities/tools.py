"""Trials of tools. Each returns what went wrong, as a sentence; empty if all is well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keywords.engine.capabilities.asking import finish_reason, prompt_tokens, text
from keywords.engine.openai.tool_calls import CalledTool, tool_calls

if TYPE_CHECKING:
    from keywords.engine.capabilities.asking import Asker

_PROMPT = "What is the weather in Oslo?"
_NAME = "get_time"
_FEW, _MORE = 2, 12


def _tool(name: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}},
        "required": ["city"],
        "additionalProperties": False,
    }
    function = {"name": name, "description": "Look something up for a city.", "parameters": schema}
    return {"type": "function", "function": function}


_TOOLS = [_tool("get_weather"), _tool(_NAME)]
_FORCED: dict[str, Any] = {
    "tools": _TOOLS,
    "tool_choice": {"type": "function", "function": {"name": _NAME}},
    "max_tokens": 64,
}


def offered_tools(ask: Asker) -> str:
    """Each of two offered tools makes the prompt longer."""
    none, one, both = (prompt_tokens(ask(max_tokens=1, tools=_TOOLS[:count] or None)) for count in (0, 1, 2))
    if none < one < both:
        return ""
    return f"two tools should reach the model, the prompt has {none} tokens without, {one} with one, {both} with both"


def forced_tool(ask: Asker) -> str:
    """The named one of two functions is called with arguments of its schema, though the question asks for the other."""
    answer = ask(_PROMPT, **_FORCED)
    calls = [
        CalledTool(call.get("id") or "", call["function"].get("name") or "", call["function"].get("arguments") or "")
        for call in answer["choices"][0]["message"].get("tool_calls") or ()
    ]
    return _call_defect(calls, text(answer))


def streamed_forced_tool(ask: Asker) -> str:
    """The same in a stream."""
    stream = ask.stream(_PROMPT, **_FORCED)
    return _call_defect(tool_calls(stream), stream.text)


def no_tool(ask: Asker) -> str:
    """With `tool_choice` none, an offered tool is not called."""
    answer = ask(_PROMPT, tools=_TOOLS, tool_choice="none", max_tokens=24)
    if not answer["choices"][0]["message"].get("tool_calls") and finish_reason(answer) != "tool_calls":
        return ""
    return f"with tool_choice none no tool should be called, got {answer['choices'][0]['message'].get('tool_calls')}"


def tool_result(ask: Asker) -> str:
    """A tool's longer result makes the prompt longer, by as much as the same words of the user."""
    base = prompt_tokens(ask(_conversation(_FEW, _FEW), max_tokens=1))
    result = prompt_tokens(ask(_conversation(_MORE, _FEW), max_tokens=1)) - base
    user = prompt_tokens(ask(_conversation(_FEW, _MORE), max_tokens=1)) - base
    if result == user > 0:
        return ""
    words = f"{_MORE - _FEW} more words in a tool's result"
    return f"{words} should add {user} tokens, as in the user's turn, they add {result}"


def _conversation(result: int, last: int) -> list[dict[str, Any]]:
    call = {"id": "call_1", "type": "function", "function": {"name": _NAME, "arguments": '{"city": "Oslo"}'}}
    return [
        {"role": "user", "content": _PROMPT},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": " ".join(["hello"] * result)},
        {"role": "user", "content": " ".join(["hello"] * last)},
    ]


def _call_defect(calls: list[CalledTool], said: str) -> str:
    expected = f"a forced call of {_NAME} with a city should come"
    if not calls:
        return f"{expected}, the answer calls no tool and says {said!r}"
    call = calls[0]
    try:
        city = json.loads(call.arguments)["city"]
    except (ValueError, KeyError, TypeError):
        return f"{expected}, its arguments are {call.arguments!r}"
    if call.name != _NAME or not call.id or city not in ("Oslo", "Rome"):
        return f"{expected}, got {call} with the id {call.id!r}"
    return ""
