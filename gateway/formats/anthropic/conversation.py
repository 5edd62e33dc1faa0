"""Translates the conversation of a Messages request to the messages of a chat request.

Blocks become content parts, tool uses become tool calls, tool results become separate messages, `system` becomes the
first message. A field without a counterpart is dropped and named, or refused if that would change the meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.backends.anthropic.vocabulary import THOUGHTS
from gateway.backends.parameters import unsupported
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.backends.base import Call

_BLOCK = "messages[].content[]"
# The keys of each block that have a counterpart; others are dropped.
_KNOWN = {
    "text": {"type", "text"},
    "image": {"type", "source"},
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
        messages.append({"role": "system", "content": _content(call, system, "system", "system[]")})
    for index, message in enumerate(fields["messages"]):
        messages += _translated(call, message, f"messages[{index}].content")
    return messages


def drop_unknown(call: Call, value: dict[str, Any], known: Collection[str], place: str) -> None:
    """Drop the keys of an object that have no counterpart.

    Args:
        call: notes the dropped keys.
        value: the object.
        known: the keys that have a counterpart.
        place: path of the object without indexes; empty for the request itself.
    """
    for key, item in value.items():
        if item and key not in known:
            call.drop(f"{place}.{key}" if place else key)


def _translated(call: Call, message: dict[str, Any], at: str) -> list[Message]:
    """The chat messages of one message: several if it holds tool results."""
    role, content = message["role"], message["content"]
    if isinstance(content, str):
        return [{"role": role, "content": content}]
    messages: list[Message] = []
    calls: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for number, block in enumerate(content):
        match block["type"]:
            case "tool_use":
                calls.append(_tool_call(call, block))
            case "tool_result":
                if parts:
                    messages.append({"role": role, "content": _content_of(parts)})
                    parts = []
                messages.append(_tool_message(call, block, f"{at}[{number}]"))
            case thoughts if thoughts in THOUGHTS:
                call.drop(f"{_BLOCK}.{thoughts}")
            case _:
                parts.append(_part(call, block, f"{at}[{number}]", _BLOCK))
    if calls:
        messages.append({"role": role, "content": _content_of(parts) if parts else None, "tool_calls": calls})
    elif parts:
        messages.append({"role": role, "content": _content_of(parts)})
    return messages


def _tool_call(call: Call, block: dict[str, Any]) -> dict[str, Any]:
    drop_unknown(call, block, _KNOWN["tool_use"], _BLOCK)
    function = {"name": block["name"], "arguments": dump(block["input"]).decode()}
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
    return _content_of([_part(call, block, f"{at}[{number}]", place) for number, block in enumerate(content)])


def _content_of(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """The parts as content: a single text as a string, since not every backend accepts parts."""
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
