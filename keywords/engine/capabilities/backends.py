"""What kinds of backends take: requests that ask for one thing each, and what became of it on the way.

Where a thing stands in each family's request: OpenAI's `CreateChatCompletionRequest`, Ollama's docs/api.md, Anthropic's
API reference ("Messages").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.http.exchange import Exchange

Outcome = Literal["taken", "dropped", "refused", "lost"]
Wire = Literal["openai", "ollama", "anthropic"]

DROPPED_HEADER = "x-gateway-dropped-params"
WIRES: dict[str, Wire] = {"ollama": "ollama", "anthropic": "anthropic"}
"""The wire format of each kind of backend; those that are missing speak OpenAI's."""

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
    """One thing to ask for.

    Attributes:
        fields: of the request, over a plain one.
        path: where OpenAI's format has it; names and indexes separated by dots.
        ollama: the path in Ollama's format, where that has it.
        anthropic: the path in Anthropic's.
        asked_at: the endpoint, if it is another than that of chat; a model without it is refused by its name.
    """

    fields: Mapping[str, Any]
    path: str
    ollama: str | None = None
    anthropic: str | None = None
    asked_at: str | None = None

    @property
    def param(self) -> str:
        """What a refusal names."""
        return "model" if self.asked_at else self.path.split(".")[0]

    def path_in(self, wire: Wire) -> str | None:
        """Where the thing stands in a request of this format."""
        return {"openai": self.path, "ollama": self.ollama, "anthropic": self.anthropic}[wire]


def _same(name: str, value: object) -> Capability:
    """A field that OpenAI's format alone has."""
    return Capability({name: value}, name)


CAPABILITIES: dict[str, Capability] = {
    "max_tokens": Capability({"max_tokens": 9}, "max_tokens", "options.num_predict", "max_tokens"),
    "temperature": Capability({"temperature": 0.5}, "temperature", "options.temperature", "temperature"),
    "stop": Capability({"stop": ["END"]}, "stop.0", "options.stop.0", "stop_sequences.0"),
    "seed": Capability({"seed": 7}, "seed", "options.seed"),
    "presence_penalty": Capability({"presence_penalty": 1}, "presence_penalty", "options.presence_penalty"),
    "logit_bias": _same("logit_bias", {"50256": -100}),
    "logprobs": Capability({"logprobs": True}, "logprobs", "logprobs"),
    "n>1": _same("n", 2),
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
    "a field of its own": _same("x_field_of_its_own", 1),
    "text completions": Capability({"prompt": "Hello."}, "prompt", "prompt", asked_at="/v1/completions"),
    "embeddings": Capability({"input": "Hello."}, "input", "input", asked_at="/v1/embeddings"),
}  # fmt: skip


def outcome(capability: Capability, wire: Wire, exchange: Exchange, received: Any) -> Outcome:
    """What became of the thing that was asked for.

    Args:
        capability: what was asked for.
        wire: the format that the backend speaks.
        exchange: the client's side.
        received: the backend's: the request as JSON, or None if none came.

    Returns:
        `taken`: it reached the backend. `dropped`: it did not, and the answer names it. `refused`: the request was
        refused for it, and no request went out. `lost`: it did not reach the backend, and nobody was told.

    Raises:
        ValueError: the refusal is of another field, or the thing was named as dropped and sent all the same.
    """
    param = capability.param
    if exchange.status == 400:  # noqa: PLR2004  # HTTP's own number
        at_fault = exchange.json()["error"]["param"] or ""
        if received is not None or not at_fault.startswith(param):
            raise ValueError(f"refused for {at_fault!r}, after {'a' if received else 'no'} request to the backend")
        return "refused"
    if exchange.status != 200:  # noqa: PLR2004  # as above
        raise ValueError(f"answered with {exchange.status}: {exchange.body.decode()}")
    named = param in (exchange.response_headers.get(DROPPED_HEADER) or "").split(", ")
    path = capability.path_in(wire)
    arrived = path is not None and _found(received, path)
    if named and (arrived or param in received):
        raise ValueError(f"{param} is named as dropped, but the backend got it")
    if arrived:
        return "taken"
    return "dropped" if named else "lost"


def table(outcomes: Mapping[str, Mapping[str, Outcome]]) -> str:
    """A Markdown table, a line for each capability and a column for each kind of backend.

    Args:
        outcomes: by capability and kind of backend.
    """
    kinds = list(dict.fromkeys(kind for row in outcomes.values() for kind in row))
    lines = [f"| asked for | {' | '.join(kinds)} |", f"| --- {'| --- ' * len(kinds)}|"]
    for capability, row in outcomes.items():
        lines.append(f"| {capability} | {' | '.join(row.get(kind, '') for kind in kinds)} |")
    return "\n".join((*lines, ""))


def _found(value: Any, path: str) -> bool:
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
    return value is not None
