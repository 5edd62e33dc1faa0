"""Translates a Messages request to a chat request, for backends that do not speak Anthropic's format.

The counterpart of `gateway.backends.anthropic.request`. Fields that chat does not have are dropped and named. `top_k`
is kept: it is not OpenAI's, but most servers of its format accept it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.backends.anthropic.vocabulary import EFFORTS, TOOL_CHOICES
from gateway.backends.parameters import unsupported
from gateway.formats.anthropic.conversation import chat_messages
from gateway.formats.anthropic.parts import drop_unknown
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from gateway.backends.base import Call

_SAME = ("temperature", "top_p", "top_k")
_KNOWN = frozenset(
    {
        *_SAME,
        *("model", "max_tokens", "messages", "metadata", "output_config", "stop_sequences", "stream", "system"),
        *("thinking", "tool_choice", "tools", "output_format", "mcp_servers"),
    }
)
_CHOICES = {anthropic: openai for openai, anthropic in TOOL_CHOICES.items()}


def chat_call(call: Call, limit_field: str) -> Call:
    """Translate a call to OpenAI's format.

    Args:
        call: the call with the client's own bytes and fields.
        limit_field: the backend's name for `max_tokens`.

    Raises:
        InvalidRequest: the request needs something that chat does not have, or the call is strict and a parameter
            would be dropped.
    """
    fields = {name: value for name, value in call.exact_fields().items() if value is not None}
    call = replace(call, fields=fields)
    drop_unknown(call, fields, _KNOWN, "")
    limit = fields["max_tokens"]
    if not limit:
        raise unsupported("max_tokens", "keeps no prompt without answering it", "Send 1 or more.")
    request: dict[str, Any] = {"model": call.model, "messages": chat_messages(call), limit_field: limit}
    request |= {name: fields[name] for name in _SAME if name in fields}
    if stops := fields.get("stop_sequences"):
        request["stop"] = stops
    if call.stream:
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    metadata = fields.get("metadata") or {}
    drop_unknown(call, metadata, {"user_id"}, "metadata")
    if metadata.get("user_id"):
        request["user"] = metadata["user_id"]
    if (fields.get("thinking") or {}).get("type") not in {None, "disabled"}:
        call.drop("thinking")
    if fields.get("mcp_servers"):
        raise unsupported(
            "mcp_servers", "connects to no MCP servers", "Send 'tools' of your own, or ask another model."
        )
    # The beta's name for `output_config.format`.
    beta = {"format": fields["output_format"]} if "output_format" in fields else {}
    _add_output_config(call, request, beta | (fields.get("output_config") or {}))
    _add_tools(call, request, fields)
    return replace(call, body=dump(request), fields=request)


def _add_output_config(call: Call, request: dict[str, Any], config: dict[str, Any]) -> None:
    drop_unknown(call, config, {"effort", "format"}, "output_config")
    effort = config.get("effort")
    if effort in EFFORTS:
        request["reasoning_effort"] = effort
    elif effort is not None:
        call.drop("output_config.effort")
    if answer_format := config.get("format"):
        # OpenAI's schema needs a name, Anthropic's has none.
        schema = {"name": "answer", "schema": answer_format["schema"], "strict": True}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}


def _add_tools(call: Call, request: dict[str, Any], fields: dict[str, Any]) -> None:
    if not fields.get("tools"):
        if (fields.get("tool_choice") or {}).get("type") in {"any", "tool"}:
            raise unsupported("tool_choice", "can make no call without tools", "Send 'tools', or leave it out.")
        return
    request["tools"] = [_tool(call, tool, f"tools[{index}]") for index, tool in enumerate(fields["tools"])]
    choice = fields.get("tool_choice")
    if not choice:
        return
    drop_unknown(call, choice, {"type", "name", "disable_parallel_tool_use"}, "tool_choice")
    request["tool_choice"] = _CHOICES.get(choice["type"]) or {"type": "function", "function": {"name": choice["name"]}}
    if choice.get("disable_parallel_tool_use"):
        request["parallel_tool_calls"] = False


def _tool(call: Call, tool: dict[str, Any], at: str) -> dict[str, Any]:
    if tool.get("type") not in {None, "custom"}:
        raise unsupported(f"{at}.type", "has none of Anthropic's own tools", "Send a tool of your own.")
    drop_unknown(call, tool, {"type", "name", "description", "input_schema", "strict"}, "tools[]")
    function = {"name": tool["name"], "parameters": tool["input_schema"]}
    function |= {key: tool[key] for key in ("description", "strict") if tool.get(key) is not None}
    return {"type": "function", "function": function}
