"""The bounds of a Messages request; the words for what is out of them are those of chat.

Source: platform.claude.com/docs/en/api/messages, /versioning, and the types of the package `anthropic`.
"""

# ruff: file-ignore[TC001]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from gateway.backends.anthropic.vocabulary import VERSION, WITHOUT_SAMPLING
from gateway.errors.base import InvalidRequest
from gateway.formats import problems
from gateway.formats.anthropic.blocks import InputMessage, System
from gateway.formats.schema import FIRST, OTHER, Bool, Object, Open, Text1, by_type, invalid

_LEAST_BUDGET = 1024
_SAMPLING = ("temperature", "top_p", "top_k")


class Metadata(Open):
    """About the request: who is behind it."""

    user_id: str | None = None


class CustomTool(Open):
    """A tool that the client runs; `input_schema` is a JSON schema."""

    type: Literal["custom"] | None = None
    name: Text1
    input_schema: Object
    description: str | None = None
    strict: Bool = None


class ServerTool(Open):
    """A tool that Anthropic runs or knows, such as its web search."""

    type: Text1


class NamedChoice(Open):
    """This tool, and no other."""

    type: Literal["tool"]
    name: Text1
    disable_parallel_tool_use: Bool = None


class OtherChoice(Open):
    """One of the tools, any of them, or none."""

    type: Literal["auto", "any", "none", "tool"]
    disable_parallel_tool_use: Bool = None


class ThinkingBudget(Open):
    """Think before the answer, up to so many tokens of it."""

    type: Literal["enabled"]
    budget_tokens: Annotated[int, Field(ge=_LEAST_BUDGET)]


class OtherThinking(Open):
    """`disabled`, or as much as the model sees fit."""

    type: Text1


class SchemaFormat(Open):
    """An answer that follows a JSON schema."""

    type: Literal["json_schema"]
    json_schema: Object = Field(alias="schema")


class OutputConfig(Open):
    """How much effort the answer is worth, and its shape."""

    effort: str | None = None
    format: SchemaFormat | None = None


def _kind_of_tool(tool: Any) -> str:
    """Only Anthropic's own tools must have a type."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    return "<custom>" if kind in (None, "custom") else OTHER


Tool = Annotated[
    Annotated[CustomTool, Tag("<custom>")] | Annotated[ServerTool, Tag(OTHER)], Discriminator(_kind_of_tool)
]
ToolChoice = Annotated[Annotated[NamedChoice, Tag("<tool>")] | Annotated[OtherChoice, Tag(OTHER)], by_type("tool")]
Thinking = Annotated[
    Annotated[ThinkingBudget, Tag("<enabled>")] | Annotated[OtherThinking, Tag(OTHER)], by_type("enabled")
]


class CountTokensRequest(Open):
    """What `POST /v1/messages/count_tokens` takes: what a request's prompt is made of."""

    model: Text1
    messages: Annotated[list[InputMessage], FIRST] = Field(min_length=1)
    output_config: OutputConfig | None = None
    system: System | None = None
    thinking: Thinking | None = None
    tool_choice: ToolChoice | None = None
    tools: Annotated[list[Tool], FIRST] | None = None


class MessagesRequest(Open):
    """What `POST /v1/messages` takes."""

    model: Text1
    max_tokens: Annotated[int, Field(ge=0)]
    messages: Annotated[list[InputMessage], FIRST] = Field(min_length=1)
    metadata: Metadata | None = None
    output_config: OutputConfig | None = None
    stop_sequences: Annotated[list[Text1], FIRST] | None = None
    stream: Bool = None
    system: System | None = None
    temperature: Annotated[float | None, Field(ge=0, le=1)] = None
    thinking: Thinking | None = None
    tool_choice: ToolChoice | None = None
    tools: Annotated[list[Tool], FIRST] | None = None
    top_k: Annotated[int | None, Field(ge=0)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None

    @model_validator(mode="after")
    def _check_budget(self) -> Self:
        if isinstance(self.thinking, ThinkingBudget) and self.thinking.budget_tokens >= self.max_tokens:
            raise invalid("thinking", "has a budget that is no part of max_tokens. Lower it, or raise max_tokens.")
        return self


def check(fields: dict[str, Any], version: str, request: type[Open] = MessagesRequest) -> None:
    """Check a parsed request body.

    Args:
        fields: the JSON object as orjson parsed it; it is not changed.
        version: of Anthropic's API.
        request: the bounds.

    Raises:
        InvalidRequest: 400 with the path of the first field at fault.
    """
    problems.check(fields, request)
    if version == WITHOUT_SAMPLING:
        for name in _SAMPLING:
            if fields.get(name) is not None:
                raise InvalidRequest(
                    f"'{name}' is no parameter of version {version} of this API. "
                    f"Leave it out, or send the header anthropic-version: {VERSION}.",
                    param=name,
                    code="unsupported_parameter",
                )
