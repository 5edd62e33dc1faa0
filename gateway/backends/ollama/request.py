"""Translates an OpenAI chat request into Ollama's native format.

Messages (content parts, images, tool calls), sampling parameters and the output format are translated. Ollama's own
fields pass. A parameter that cannot be dropped without changing the answer (several choices, a forced tool) is refused.

Formats: Ollama docs/api.md, api/types.go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.backends.ollama.options import native_fields
from gateway.backends.parameters import refusal_as_content, refuse_openai_only, unsupported
from gateway.backends.tool_arguments import arguments_of

if TYPE_CHECKING:
    from gateway.backends.base import Call

_TRANSLATED = frozenset(
    {
        *("messages", "response_format", "tool_choice", "tools"),
        # Refused unless they are empty.
        *("functions", "function_call"),
    }
)
# `ChatRequest` in api/types.go; the effort becomes `think`.
_NATIVE = frozenset({"keep_alive", "think", "logprobs", "top_logprobs", "format", "reasoning_effort"})
# `Message` in api/types.go; the gateway returns `thinking` as `reasoning`.
_MESSAGE = {name: name for name in ("role", "thinking", "images", "tool_name", "tool_call_id")} | {
    "reasoning": "thinking"
}
_THINK_OF_EFFORT: dict[str, bool | str] = {"none": False, "low": "low", "medium": "medium", "high": "high"}


def ollama_request(call: Call) -> dict[str, Any]:
    """The body for `POST /api/chat`.

    Raises:
        InvalidRequest: Ollama's format cannot express the request.
    """
    refuse_openai_only(call)
    call = replace(call, fields=call.exact_fields())
    fields = call.fields
    request = native_fields(call, translated=_TRANSLATED, native=_NATIVE)
    # A prompt that does not fit is an error, and an answer keeps its beginning.
    request |= {
        "model": call.backend_model,
        "messages": _messages(call),
        "stream": call.stream,
        "truncate": False,
        "shift": False,
    }
    effort = request.pop("reasoning_effort", None)
    if effort in _THINK_OF_EFFORT:
        request.setdefault("think", _THINK_OF_EFFORT[effort])
    elif effort is not None:
        call.drop("reasoning_effort")
    _add_format(request, fields.get("response_format"))
    _add_tools(request, fields.get("tools"), fields.get("tool_choice"))
    return request


def _add_format(request: dict[str, Any], response_format: dict[str, Any] | None) -> None:
    """Add `format`: `json` or a JSON schema."""
    match response_format:
        case None | {"type": "text"}:
            pass
        case {"type": "json_object"}:
            request["format"] = "json"
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            request["format"] = schema
        case _:
            raise unsupported(
                "response_format.type", "gives text or JSON", 'Send "text", "json_object" or "json_schema".'
            )


def _add_tools(request: dict[str, Any], tools: list[Any] | None, choice: Any) -> None:
    if choice not in (None, "auto", "none"):
        raise unsupported("tool_choice", "cannot be made to call a tool", 'Send "auto" or "none".')
    if tools and choice != "none":
        request["tools"] = tools


def _messages(call: Call) -> list[dict[str, Any]]:
    names_of_calls: dict[str, str] = {}
    translated = []
    for index, message in enumerate(map(refusal_as_content, call.fields["messages"])):
        at = f"messages[{index}]"
        if message.get("function_call"):
            raise unsupported(f"{at}.function_call", "knows tools only", "Send 'tool_calls' instead.")
        new = {_MESSAGE[key]: value for key, value in message.items() if key in _MESSAGE and value is not None}
        for key, value in message.items():
            is_translated = key in {"content", "tool_calls"} or (key == "name" and message["role"] == "function")
            if value and key not in _MESSAGE and not is_translated:
                call.drop(f"messages[].{key}")
        new["content"], images = _content(call, message.get("content"), at)
        if images:
            new["images"] = images
        if message.get("tool_calls"):
            new["tool_calls"] = [
                _tool_call(tool_call, f"{at}.tool_calls[{number}]", names_of_calls)
                for number, tool_call in enumerate(message["tool_calls"])
            ]
        if message["role"] == "developer":
            new["role"] = "system"
        elif message["role"] == "function":
            new["role"], new["tool_name"] = "tool", message["name"]
        elif message["role"] == "tool" and message["tool_call_id"] in names_of_calls:
            new["tool_name"] = names_of_calls[message["tool_call_id"]]
        translated.append(new)
    return translated


def _content(call: Call, content: Any, at: str) -> tuple[str, list[str]]:
    """A message's text, its parts joined by line ends, and its images as bare base64."""
    if not isinstance(content, list):
        return content or "", []
    texts: list[str] = []
    images: list[str] = []
    for number, part in enumerate(content):
        where = f"{at}.content[{number}]"
        if part["type"] == "text":
            texts.append(part["text"])
        elif part["type"] == "refusal":
            texts.append(part["refusal"])
        elif part["type"] == "image_url":
            images.append(_image(part["image_url"]["url"], f"{where}.image_url.url"))
            if part["image_url"].get("detail") not in (None, "auto"):
                call.drop("messages[].content[].image_url.detail")
        else:
            raise unsupported(
                where, "takes parts of type 'text' and 'image_url'", "Change the part, or ask another model."
            )
    return "\n".join(texts), images


def _image(url: str, at: str) -> str:
    head, comma, data = url.partition(",")
    if not (head[:5].lower() == "data:" and head[-7:].lower() == ";base64" and comma):
        raise unsupported(at, "fetches no images", "Send the image itself as data:image/png;base64,….")
    return data


def _tool_call(call: dict[str, Any], at: str, names: dict[str, str]) -> dict[str, Any]:
    """The tool call with its arguments as an object; adds its name to `names` under its id."""
    arguments = arguments_of(call, at)
    function = call["function"]
    names[call["id"]] = function["name"]
    return {**call, "function": {**function, "arguments": arguments}}
