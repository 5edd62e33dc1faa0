"""The messages of an OpenAI chat request as Anthropic's: turns of content blocks, with `system` beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.backends.parameters import unsupported
from gateway.backends.tool_arguments import arguments_of

if TYPE_CHECKING:
    from gateway.backends.base import Call

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
_SYSTEM = frozenset({"system", "developer"})
# `reasoning` only repeats what stands in the `thinking_blocks` beside it.
_KNOWN = frozenset({"role", "content", "tool_calls", "tool_call_id", "reasoning", "thinking_blocks"})

Block = dict[str, Any]


def messages_and_system(call: Call) -> tuple[list[dict[str, Any]], str | list[Block]]:
    """The turns, and what all the system messages say, wherever they stood.

    Results of tools that follow each other become one turn, as Anthropic demands.

    Raises:
        InvalidRequest: a message that Anthropic's format cannot carry.
    """
    turns: list[dict[str, Any]] = []
    system: list[Block] = []
    results: list[Block] = []
    for index, message in enumerate(call.fields["messages"]):
        at = f"messages[{index}]"
        _check(call, message, at)
        content = message.get("content")
        if message["role"] in _SYSTEM:
            system += _blocks(call, content, at)
        elif message["role"] == "tool":
            result = {
                "type": "tool_result",
                "tool_use_id": message["tool_call_id"],
                "content": content if isinstance(content, str) else _blocks(call, content, at),
            }
            if results:
                results.append(result)
            else:
                results = [result]
                turns.append({"role": "user", "content": results})
            continue
        else:
            # Thoughts go back as they came, signature included: Anthropic demands it while tools are used.
            thoughts, calls = message.get("thinking_blocks") or [], _calls(message, at)
            plain = isinstance(content, str) and not thoughts and not calls
            blocks = content if plain else [*thoughts, *_blocks(call, content, at), *calls]
            turns.append({"role": message["role"], "content": blocks})
        results = []
    if len(system) == 1 and system[0].keys() == {"type", "text"}:
        return turns, system[0]["text"]
    return turns, system


def _check(call: Call, message: dict[str, Any], at: str) -> None:
    if message["role"] == "function" or message.get("function_call"):
        raise unsupported(at, "knows tools only", "Send 'tool_calls' and messages of the role 'tool' instead.")
    for key, value in message.items():
        if value and key not in _KNOWN:
            call.drop(f"messages[].{key}")


def _blocks(call: Call, content: Any, at: str) -> list[Block]:
    """Content parts as blocks; an empty text, which Anthropic refuses, is none."""
    if not isinstance(content, list):
        return [{"type": "text", "text": content}] if content else []
    blocks = [_block(call, part, f"{at}.content[{number}]") for number, part in enumerate(content)]
    return [block for block in blocks if block.get("text") != ""]


def _block(call: Call, part: dict[str, Any], at: str) -> Block:
    match part:
        case {"type": "text"}:
            return part  # the same in both, `cache_control` included
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
        return {"type": "base64", "media_type": data[1], "data": data[2]}
    if url.startswith(("https://", "http://")):
        return {"type": "url", "url": url}
    raise unsupported(at, "takes images by address or as data", "Send https://… or data:image/png;base64,….")


def _calls(message: dict[str, Any], at: str) -> list[Block]:
    """The calls of tools in an assistant's message as `tool_use` blocks, their arguments as objects."""
    blocks = []
    for number, call in enumerate(message.get("tool_calls") or ()):
        where = f"{at}.tool_calls[{number}]"
        arguments = arguments_of(call, where)
        blocks.append({"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": arguments})
    return blocks
