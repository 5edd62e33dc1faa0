"""Translates an OpenAI chat request into Anthropic's `POST /v1/messages`.

System messages move to `system`, tool calls and their results become content blocks, images become `source` objects.
Anthropic's own fields (`top_k`, `thinking`, …) pass. Anthropic refuses unknown fields, so every other field is dropped
by name, or refused if that would change the meaning of the answer.

Formats: docs.claude.com/en/api/messages, /en/docs/build-with-claude/structured-outputs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.backends.anthropic.conversation import messages_and_system
from gateway.backends.anthropic.vocabulary import EFFORTS, TOOL_CHOICES
from gateway.backends.parameters import refuse_openai_only, stop_texts, supported_parameters, unsupported

if TYPE_CHECKING:
    from gateway.backends.base import Call

_UNCHANGED = frozenset({"temperature", "top_p", "stream", "top_k", "thinking"})
_TRANSLATED = frozenset(
    {
        *("model", "messages", "max_tokens", "max_completion_tokens", "stop", "user", "n", "functions", "modalities"),
        *("tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "service_tier"),
        # The gateway itself writes the usage.
        "stream_options",
    }
)
_KNOWN = _UNCHANGED | _TRANSLATED
_SERVICE_TIERS = frozenset({"auto", "standard_only"})
_ASK_FOR_JSON = "Answer with one JSON object and nothing else: no explanation and no code fence."
_NO_PARAMETERS = {"type": "object", "properties": {}}


def anthropic_request(call: Call, *, max_tokens: int) -> dict[str, Any]:
    """The body for `POST /v1/messages`.

    Args:
        call: the call.
        max_tokens: the limit for a request without one, because Anthropic requires it.

    Raises:
        InvalidRequest: Anthropic's format cannot express the request, or the call is strict and a parameter would be
            dropped.
    """
    refuse_openai_only(call)
    call = replace(call, fields=call.exact_fields())
    fields = supported_parameters(call, _KNOWN)
    messages, system = messages_and_system(call)
    request = {name: value for name, value in fields.items() if name in _UNCHANGED}
    request |= {
        "model": call.backend_model,
        "max_tokens": fields.get("max_completion_tokens") or fields.get("max_tokens") or max_tokens,
        "messages": messages,
    }
    if system:
        request["system"] = system
    if stops := _stop_sequences(call):
        request["stop_sequences"] = stops
    if "user" in fields:
        request["metadata"] = {"user_id": fields["user"]}
    _add_service_tier(call, request, fields.get("service_tier"))
    _add_output_config(call, request, fields)
    _add_tools(request, fields)
    return request


def _stop_sequences(call: Call) -> list[str]:
    """The stops; Anthropic refuses blank ones, of which OpenAI takes the empty ones for no stop."""
    stops = stop_texts(call)
    if not all(stop.strip() for stop in stops):
        call.drop("stop")
    return [stop for stop in stops if stop.strip()]


def _add_service_tier(call: Call, request: dict[str, Any], tier: Any) -> None:
    if isinstance(tier, str) and tier in _SERVICE_TIERS:
        request["service_tier"] = tier
    elif tier is not None:
        call.drop("service_tier")


def _add_output_config(call: Call, request: dict[str, Any], fields: dict[str, Any]) -> None:
    """Add the effort, and the JSON schema of the answer."""
    config: dict[str, Any] = {}
    effort = fields.get("reasoning_effort")
    if effort in EFFORTS:
        config["effort"] = effort
    elif effort is not None:
        call.drop("reasoning_effort")
    match fields.get("response_format"):
        case None | {"type": "text"}:
            pass
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            config["format"] = {"type": "json_schema", "schema": schema}
        case {"type": "json_object"}:
            # Anthropic has no such form; without a schema only the model itself can be asked for it.
            call.drop("response_format")
            _add_to_system(request, _ASK_FOR_JSON)
        case _:
            raise unsupported(
                "response_format.type", "gives text or JSON", 'Send "text", "json_object" or "json_schema".'
            )
    if config:
        request["output_config"] = config


def _add_to_system(request: dict[str, Any], text: str) -> None:
    system = request.get("system") or []
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    request["system"] = [*blocks, {"type": "text", "text": text}] if blocks else text


def _add_tools(request: dict[str, Any], fields: dict[str, Any]) -> None:
    tools = fields.get("tools")
    if not tools:
        return
    request["tools"] = [_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools)]
    choice = _tool_choice(fields.get("tool_choice"))
    if fields.get("parallel_tool_calls") is False and (choice or {}).get("type") != "none":
        choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    if choice:
        request["tool_choice"] = choice


def _tool(tool: dict[str, Any], at: str) -> dict[str, Any]:
    match tool:
        case {"type": "function", "function": function}:
            new = {
                "name": function["name"],
                "input_schema": _input_schema(function.get("parameters") or _NO_PARAMETERS),
            }
            new |= {key: function[key] for key in ("description", "strict") if function.get(key) is not None}
            # Anthropic's own field for prompt caching, beside OpenAI's fields.
            return new | ({"cache_control": tool["cache_control"]} if tool.get("cache_control") else {})
        case {"type": "custom"}:
            raise unsupported(f"{at}.type", "knows no custom tools", 'Send "function", or ask another model.')
    # A tool of Anthropic's own, such as its web search.
    return tool


def _input_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with a type, which Anthropic demands at its top and OpenAI does not."""
    return schema if schema.get("type") else {**schema, "type": "object"}


def _tool_choice(choice: Any) -> dict[str, Any] | None:
    match choice:
        case None:
            return None
        case str(name) if name in TOOL_CHOICES:
            return {"type": TOOL_CHOICES[name]}
        case {"type": "function", "function": {"name": name}}:
            return {"type": "tool", "name": name}
    raise unsupported(
        "tool_choice",
        "can be bound to one function, to any, or to none",
        'Send "auto", "none", "required" or a function\'s name.',
    )
