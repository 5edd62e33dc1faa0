"""Capabilities of the kinds of backends: each request uses one, and its outcome is what happens to it on the way.

Sources of the paths: OpenAI's `CreateChatCompletionRequest`, Ollama's docs/api.md, Anthropic's API reference
("Messages").
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.http.exchange import Exchange

Outcome = Literal["taken", "dropped", "refused", "lost"]
Wire = Literal["openai", "ollama", "anthropic"]

DROPPED_HEADER = "x-gateway-dropped-params"
WIRES: dict[str, Wire] = {"ollama": "ollama", "anthropic": "anthropic"}
"""The wire formats of the kinds of backends that do not speak OpenAI's."""

_ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
_TOOL_RESULT = [
    {"role": "user", "content": "1 + 1?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "2"},
]
_SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
_PNG = "data:image/png;base64,iVBORw0KGgo="


def _image(url: str) -> dict[str, Any]:
    image = {"type": "image_url", "image_url": {"url": url}}
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}]}


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability.

    Attributes:
        fields: fields of the request that use it, beyond a plain request.
        path: its place in OpenAI's format; names and indexes separated by dots.
        ollama: its path in Ollama's format; None if that has none.
        anthropic: its path in Anthropic's format; None if that has none.
        endpoint: the endpoint, unless it is chat; a refusal then names the model.
    """

    fields: Mapping[str, Any]
    path: str
    ollama: str | None = None
    anthropic: str | None = None
    endpoint: str | None = None

    @property
    def param(self) -> str:
        """The parameter that a refusal names."""
        return "model" if self.endpoint else self.path.split(".")[0]

    def path_in(self, wire: Wire) -> str | None:
        """Its path in a request of a format; None if the format has none."""
        return {"openai": self.path, "ollama": self.ollama, "anthropic": self.anthropic}[wire]


def _openai_only(name: str, value: object) -> Capability:
    """A field that only OpenAI's format has."""
    return Capability({name: value}, name)


CAPABILITIES: dict[str, Capability] = {
    "max_tokens": Capability({"max_tokens": 9}, "max_tokens", "options.num_predict", "max_tokens"),
    "temperature": Capability({"temperature": 0.5}, "temperature", "options.temperature", "temperature"),
    "stop": Capability({"stop": ["END"]}, "stop.0", "options.stop.0", "stop_sequences.0"),
    "seed": Capability({"seed": 7}, "seed", "options.seed"),
    "presence_penalty": Capability({"presence_penalty": 1}, "presence_penalty", "options.presence_penalty"),
    "logit_bias": _openai_only("logit_bias", {"50256": -100}),
    "logprobs": Capability({"logprobs": True}, "logprobs", "logprobs"),
    "n>1": _openai_only("n", 2),
    "tools": Capability({"tools": [_ADD]}, "tools.0.function", "tools.0.function", "tools.0.input_schema"),
    "a forced tool": Capability(
        {"tools": [_ADD], "tool_choice": "required"}, "tool_choice", anthropic="tool_choice.type"
    ),
    "one tool at a time": Capability(
        {"tools": [_ADD], "parallel_tool_calls": False},
        "parallel_tool_calls",
        anthropic="tool_choice.disable_parallel_tool_use",
    ),
    "a tool's result": Capability(
        {"tools": [_ADD], "messages": _TOOL_RESULT},
        "messages.2.tool_call_id",
        "messages.2.tool_name",
        "messages.2.content.0.tool_use_id",
    ),
    "json_schema": Capability(
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": _SCHEMA}}},
        "response_format.json_schema.schema",
        "format.properties",
        "output_config.format.schema",
    ),
    "json_object": Capability({"response_format": {"type": "json_object"}}, "response_format.type", "format"),
    "an image": Capability(
        _image(_PNG), "messages.0.content.1.image_url", "messages.0.images.0", "messages.0.content.1.source.data"
    ),
    "an image by address": Capability(
        _image("https://example.org/a.png"),
        "messages.0.content.1.image_url",
        anthropic="messages.0.content.1.source.url",
    ),
    "reasoning_effort": Capability(
        {"reasoning_effort": "low"}, "reasoning_effort", "think", "output_config.effort"
    ),
    "user": Capability({"user": "u1"}, "user", anthropic="metadata.user_id"),
    "a field of its own": _openai_only("x_field_of_its_own", 1),
    "text completions": Capability({"prompt": "Hello."}, "prompt", "prompt", endpoint="/v1/completions"),
    "embeddings": Capability({"input": "Hello."}, "input", "input", endpoint="/v1/embeddings"),
}  # fmt: skip


def outcome(capability: Capability, wire: Wire, exchange: Exchange, received: Any) -> Outcome:
    """What happened to a capability on its way to the backend.

    Args:
        capability: the capability that the request uses.
        wire: the backend's format.
        exchange: the client's exchange.
        received: the request that the backend got, as JSON; None if it got none.

    Returns:
        `taken`: it reached the backend. `dropped`: it did not, and the answer names it. `refused`: the gateway
        refused the request for it and sent none. `lost`: it did not reach the backend, and the answer does not say so.

    Raises:
        ValueError: the refusal is of another field, or the answer names a field as dropped that was sent.
    """
    param = capability.param
    if exchange.status == HTTPStatus.BAD_REQUEST:
        at_fault = exchange.json()["error"]["param"] or ""
        if received is not None or not at_fault.startswith(param):
            raise ValueError(f"refused for {at_fault!r}, after {'a' if received else 'no'} request to the backend")
        return "refused"
    if exchange.status != HTTPStatus.OK:
        raise ValueError(f"answered with {exchange.status}: {exchange.body.decode()}")
    named = param in (exchange.response_headers.get(DROPPED_HEADER) or "").split(", ")
    path = capability.path_in(wire)
    arrived = path is not None and _has(received, path)
    if named and (arrived or param in received):
        raise ValueError(f"{param} is named as dropped, but the backend got it")
    if arrived:
        return "taken"
    return "dropped" if named else "lost"


def table(outcomes: Mapping[str, Mapping[str, Outcome]]) -> str:
    """A Markdown table with a line for each capability and a column for each kind of backend.

    Args:
        outcomes: outcomes by capability and kind of backend.
    """
    kinds = list(dict.fromkeys(kind for row in outcomes.values() for kind in row))
    lines = [f"| asked for | {' | '.join(kinds)} |", f"| --- {'| --- ' * len(kinds)}|"]
    for capability, row in outcomes.items():
        lines.append(f"| {capability} | {' | '.join(row.get(kind, '') for kind in kinds)} |")
    return "\n".join((*lines, ""))


def _has(value: Any, path: str) -> bool:
    for step in path.split("."):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
    return value is not None
