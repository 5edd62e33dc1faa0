"""The turns of a Messages request as the messages of a chat request.

Blocks become content parts, calls of tools and their results become messages of their own, `system` becomes the first
message. What chat has no place for is dropped by name, or refused where that would change what was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.anthropic.vocabulary import THOUGHTS
from gateway.backends.parameters import unsupported

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.backends.base import Call

_BLOCK = "messages[].content[]"
# All the keys that have a counterpart; any other one of a block is dropped.
_KNOWN = {
    "text": {"type", "text"},
    "image": {"type", "source"},
    "tool_use": {"type", "id", "name", "input"},
    "tool_result": {"type", "tool_use_id", "content"},
}

Message = dict[str, Any]


def chat_messages(call: Call) -> list[Message]:
    """The messages of a chat request.

    Raises:
        InvalidRequest: a block that chat cannot carry, or the call is strict and something would be dropped.
    """
    fields = call.fields
    messages: list[Message] = []
    if system := fields.get("system"):
        messages.append({"role": "system", "content": _content(call, system, "system", "system[]")})
    for index, turn in enumerate(fields["messages"]):
        messages += _turn(call, turn, f"messages[{index}].content")
    return messages


def drop_unknown(call: Call, given: dict[str, Any], known: Collection[str], place: str) -> None:
    """Drop by name what stands in an object and has no counterpart.

    Args:
        call: the call on its way to the backend.
        given: the object.
        known: its keys that have one.
        place: where it stands, without indexes; empty for the request itself.
    """
    for key, value in given.items():
        if value and key not in known:
            call.drop(f"{place}.{key}" if place else key)


def _turn(call: Call, turn: dict[str, Any], at: str) -> list[Message]:
    """One turn as one message, or as several where it holds results of tools."""
    role, content = turn["role"], turn["content"]
    if isinstance(content, str):
        return [{"role": role, "content": content}]
    messages: list[Message] = []
    calls: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for number, block in enumerate(content):
        match block["type"]:
            case "tool_use":
                calls.append(_tool_call(call, block))
            case "tool_result":
                if said:
                    messages.append({"role": role, "content": _joined(said)})
                    said = []
                messages.append(_tool_message(call, block, f"{at}[{number}]"))
            case thoughts if thoughts in THOUGHTS:
                call.drop(f"{_BLOCK}.{thoughts}")
            case _:
                said.append(_part(call, block, f"{at}[{number}]", _BLOCK))
    if calls:
        messages.append({"role": role, "content": _joined(said) if said else None, "tool_calls": calls})
    elif said:
        messages.append({"role": role, "content": _joined(said)})
    return messages


def _tool_call(call: Call, block: dict[str, Any]) -> dict[str, Any]:
    drop_unknown(call, block, _KNOWN["tool_use"], _BLOCK)
    function = {"name": block["name"], "arguments": orjson.dumps(block["input"]).decode()}
    return {"id": block["id"], "type": "function", "function": function}


def _tool_message(call: Call, block: dict[str, Any], at: str) -> Message:
    drop_unknown(call, block, _KNOWN["tool_result"], _BLOCK)
    content = _content(call, block.get("content") or "", f"{at}.content", f"{_BLOCK}.content[]")
    if isinstance(content, list) and any(part["type"] != "text" for part in content):
        raise unsupported(
            f"{at}.content", "takes text as a tool's result", "Send text, or the image in a turn of its own."
        )
    return {"role": "tool", "tool_call_id": block["tool_use_id"], "content": content}


def _content(call: Call, content: str | list[dict[str, Any]], at: str, place: str) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    return _joined([_part(call, block, f"{at}[{number}]", place) for number, block in enumerate(content)])


def _joined(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """One text as it is: not every backend takes parts."""
    if not parts:
        return ""
    if len(parts) == 1 and parts[0]["type"] == "text":
        text: str = parts[0]["text"]
        return text
    return parts


def _part(call: Call, block: dict[str, Any], at: str, place: str) -> dict[str, Any]:
    """A block as a content part."""
    match block:
        case {"type": "text", "text": text}:
            drop_unknown(call, block, _KNOWN["text"], place)
            return {"type": "text", "text": text}
        case {"type": "image", "source": source}:
            drop_unknown(call, block, _KNOWN["image"], place)
            return {"type": "image_url", "image_url": {"url": _url(source, f"{at}.source.type")}}
    raise unsupported(
        f"{at}.type",
        "takes blocks of text, images, tools used and their results",
        "Send it as text, or ask another model.",
    )


def _url(source: dict[str, Any], at: str) -> str:
    match source:
        case {"type": "base64", "media_type": kind, "data": data}:
            return f"data:{kind};base64,{data}"
        case {"type": "url", "url": str(url)}:
            return url
    raise unsupported(at, "takes images by address or as data", 'Send "url" or "base64".')
