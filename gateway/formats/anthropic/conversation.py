"""Translates the conversation of a Messages request to the messages of a chat request.

Blocks become content parts, tool uses become tool calls, tool results become separate messages, `system` becomes the
first message. A field without a counterpart is dropped and named, or refused if that would change the meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.backends.anthropic.tool_ids import original_id
from gateway.backends.anthropic.vocabulary import THOUGHTS
from gateway.formats.anthropic.parts import Part, content_of, content_parts, drop_unknown, parts_of
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from gateway.backends.base import Call

_BLOCK = "messages[].content[]"
# The keys of each block that have a counterpart; others are dropped.
_KNOWN = {
    "tool_use": {"type", "id", "name", "input"},
    "tool_result": {"type", "tool_use_id", "content"},
}

Message = dict[str, Any]


def chat_messages(call: Call) -> list[Message]:
    """The messages of the chat request.

    Raises:
        InvalidRequest: a block has no counterpart in chat, or the call is strict and a field would be dropped.
    """
    fields = call.fields
    messages: list[Message] = []
    if system := fields.get("system"):
        messages.append({"role": "system", "content": content_parts(call, system, "system", "system[]")})
    # Where the results of the latest calls end. OpenAI takes them right after the calls only, Anthropic also later.
    results_end = len(messages)
    for index, message in enumerate(fields["messages"]):
        results, rest = _translated(call, message, f"messages[{index}].content")
        messages[results_end:results_end] = results
        results_end += len(results)
        messages += rest
        if message["role"] != "user":
            results_end = len(messages)
    return messages


def _translated(call: Call, message: dict[str, Any], at: str) -> tuple[list[Message], list[Message]]:
    """The results of tools in one message, and what is left of it: at most one message."""
    role, content = message["role"], message["content"]
    if isinstance(content, str):
        return [], [{"role": role, "content": content}]
    results: list[Message] = []
    calls: list[dict[str, Any]] = []
    parts: list[Part] = []
    # OpenAI's results of tools are text; what else they hold is shown by the user, before the user's own parts.
    shown: list[Part] = []
    for number, block in enumerate(content):
        match block["type"]:
            case "tool_use":
                calls.append(_tool_call(call, block))
            case "tool_result":
                result, others = _tool_message(call, block, f"{at}[{number}]")
                results.append(result)
                shown += others
            case thoughts if thoughts in THOUGHTS:
                call.drop(f"{_BLOCK}.{thoughts}")
            case _:
                parts += parts_of(call, block, f"{at}[{number}]", _BLOCK)
    parts = shown + parts
    if calls:
        return results, [{"role": role, "content": content_of(parts) if parts else None, "tool_calls": calls}]
    return results, [{"role": role, "content": content_of(parts)}] if parts else []


def _tool_call(call: Call, block: dict[str, Any]) -> dict[str, Any]:
    drop_unknown(call, block, _KNOWN["tool_use"], _BLOCK)
    function = {"name": block["name"], "arguments": dump(block["input"]).decode()}
    return {"id": original_id(block["id"]), "type": "function", "function": function}


def _tool_message(call: Call, block: dict[str, Any], at: str) -> tuple[Message, list[Part]]:
    """The message with the text of a tool's result, and its other parts behind a text that says whose they are."""
    drop_unknown(call, block, _KNOWN["tool_result"], _BLOCK)
    call_id = original_id(block["tool_use_id"])
    content = content_parts(call, block.get("content") or "", f"{at}.content", f"{_BLOCK}.content[]")
    others: list[Part] = []
    if isinstance(content, list):
        others = [part for part in content if part["type"] != "text"]
        content = content_of([part for part in content if part["type"] == "text"])
    if others:
        content = content or "The user shows the result."
        others = [{"type": "text", "text": f"Result of the tool call {call_id}:"}, *others]
    return {"role": "tool", "tool_call_id": call_id, "content": content}, others
