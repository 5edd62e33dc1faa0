"""Translates the messages of an OpenAI chat request into Anthropic's `messages` and `system`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.backends.anthropic.tool_ids import anthropic_id
from gateway.backends.parameters import refusal_as_content, unsupported
from gateway.backends.tool_arguments import arguments_of

if TYPE_CHECKING:
    from gateway.backends.base import Call

# RFC 2397: a type, parameters, which Anthropic does not have, and the data; schemes ignore case (RFC 3986 §3.1).
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,(.*)", re.DOTALL | re.IGNORECASE)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
# A type that browsers and clients write, and its registered name.
_MEDIA_TYPES = {"image/jpg": "image/jpeg"}
# Anthropic takes no turn without text.
_PLACEHOLDER = "."
_SYSTEM = frozenset({"system", "developer"})
# `reasoning` repeats the text of `thinking_blocks`.
_KNOWN = frozenset({"role", "content", "tool_calls", "tool_call_id", "reasoning", "thinking_blocks"})

Block = dict[str, Any]


def messages_and_system(call: Call) -> tuple[list[dict[str, Any]], str | list[Block]]:
    """Anthropic's messages, and the system messages from all positions.

    Consecutive tool results become one message, as Anthropic requires. An assistant's turn without text is left out; a
    user's, which may be what the model has to answer, gets a placeholder, and so does a conversation without turns.

    Raises:
        InvalidRequest: Anthropic's format cannot express a message.
    """
    messages: list[dict[str, Any]] = []
    system: list[Block] = []
    results: list[Block] = []
    for index, message in enumerate(map(refusal_as_content, call.fields["messages"])):
        at = f"messages[{index}]"
        _check(call, message, at)
        content = message.get("content")
        if message["role"] in _SYSTEM:
            system += _blocks(call, content, at)
        elif message["role"] == "tool":
            result = {
                "type": "tool_result",
                "tool_use_id": anthropic_id(message["tool_call_id"]),
                "content": content if isinstance(content, str) else _blocks(call, content, at),
            }
            if results:
                results.append(result)
            else:
                results = [result]
                messages.append({"role": "user", "content": results})
            continue
        else:
            # Thoughts go back unchanged, with their signature: Anthropic requires it while tools are used.
            thoughts, calls = _thoughts(message, at), _tool_calls(message, at)
            is_plain = isinstance(content, str) and not thoughts and not calls
            blocks = content if is_plain else [*thoughts, *_blocks(call, content, at), *calls]
            if not (blocks.strip() if isinstance(blocks, str) else blocks):
                if message["role"] == "assistant":
                    continue
                blocks = _PLACEHOLDER
            messages.append({"role": message["role"], "content": blocks})
        results = []
    if not messages:
        messages.append({"role": "user", "content": _PLACEHOLDER})
    if len(system) == 1 and system[0].keys() == {"type", "text"}:
        return messages, system[0]["text"]
    return messages, system


def _check(call: Call, message: dict[str, Any], at: str) -> None:
    if message["role"] == "function" or message.get("function_call"):
        raise unsupported(at, "knows tools only", "Send 'tool_calls' and messages of the role 'tool' instead.")
    for key, value in message.items():
        if value and key not in _KNOWN:
            call.drop(f"messages[].{key}")


def _blocks(call: Call, content: Any, at: str) -> list[Block]:
    """Content parts as blocks, without blank text, which Anthropic refuses."""
    if not isinstance(content, list):
        return [{"type": "text", "text": content}] if content and content.strip() else []
    blocks = [_block(call, part, f"{at}.content[{number}]") for number, part in enumerate(content)]
    return [block for block in blocks if block["type"] != "text" or block["text"].strip()]


def _block(call: Call, part: dict[str, Any], at: str) -> Block:
    match part:
        case {"type": "text"}:
            return part  # the same in both formats, `cache_control` included
        case {"type": "refusal", "refusal": text}:
            return {"type": "text", "text": text}
        case {"type": "image_url", "image_url": image}:
            if image.get("detail") not in {None, "auto"}:
                call.drop("messages[].content[].image_url.detail")
            return {"type": "image", "source": _source(image["url"], f"{at}.image_url.url")}
        case {"type": "input_audio" | "file"}:
            raise unsupported(
                at, "takes parts of type 'text' and 'image_url'", "Change the part, or ask another model."
            )
    # A block of Anthropic's own, such as `document`.
    return part


def _source(url: str, at: str) -> dict[str, str]:
    if data := _DATA_URL.fullmatch(url):
        kind = data[1].lower()
        return {"type": "base64", "media_type": _MEDIA_TYPES.get(kind, kind), "data": data[2]}
    if _ADDRESS.match(url):
        return {"type": "url", "url": url}
    raise unsupported(at, "takes images by address or as data", "Send https://… or data:image/png;base64,….")


def _thoughts(message: dict[str, Any], at: str) -> list[Block]:
    """The blocks that the gateway gave for the thoughts of an earlier answer."""
    thoughts = message.get("thinking_blocks") or []
    if not (isinstance(thoughts, list) and all(isinstance(block, dict) for block in thoughts)):
        raise unsupported(
            f"{at}.thinking_blocks", "takes an array of blocks", "Send them as they came, or leave them out."
        )
    return thoughts


def _tool_calls(message: dict[str, Any], at: str) -> list[Block]:
    """The tool calls of an assistant's message as `tool_use` blocks, their arguments as objects."""
    blocks = []
    for number, call in enumerate(message.get("tool_calls") or ()):
        where = f"{at}.tool_calls[{number}]"
        arguments = arguments_of(call, where)
        blocks.append(
            {"type": "tool_use", "id": anthropic_id(call["id"]), "name": call["function"]["name"], "input": arguments}
        )
    return blocks
