"""The model of a Messages request.

Source: platform.claude.com/docs/en/api/messages, /versioning, and the types of the package `anthropic`.
"""

# ruff: file-ignore[TC001]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from gateway.backends.anthropic.vocabulary import VERSION, WITHOUT_SAMPLING
from gateway.errors.base import InvalidRequest
from gateway.formats import problems
from gateway.formats.anthropic.blocks import InputMessage, System
from gateway.formats.schema import FAIL_FAST, OTHER, Bool, NonEmptyText, Object, OpenModel, by_type

_LEAST_BUDGET = 1024
_INTERLEAVED = "interleaved-thinking-"
_SAMPLING = ("temperature", "top_p", "top_k")


class Metadata(OpenModel):
    """About the request: who is behind it."""

    user_id: str | None = None


class CustomTool(OpenModel):
    """A tool that the client runs; `input_schema` is a JSON schema."""

    type: Literal["custom"] | None = None
    name: NonEmptyText
    input_schema: Object
    description: str | None = None
    strict: Bool = None


class ServerTool(OpenModel):
    """A tool that Anthropic runs or knows, such as its web search."""

    type: NonEmptyText


class NamedChoice(OpenModel):
    """This tool, and no other."""

    type: Literal["tool"]
    name: NonEmptyText
    disable_parallel_tool_use: Bool = None


class OtherChoice(OpenModel):
    """One of the tools, any of them, or none."""

    type: Literal["auto", "any", "none", "tool"]
    disable_parallel_tool_use: Bool = None


class ThinkingBudget(OpenModel):
    """Thoughts before the answer, up to a number of tokens."""

    type: Literal["enabled"]
    budget_tokens: Annotated[int, Field(ge=_LEAST_BUDGET)]


class OtherThinking(OpenModel):
    """`disabled`, or as much as the model sees fit."""

    type: NonEmptyText


class SchemaFormat(OpenModel):
    """An answer that follows a JSON schema."""

    type: Literal["json_schema"]
    json_schema: Object = Field(alias="schema")


class OutputConfig(OpenModel):
    """The effort and the form of the answer."""

    effort: str | None = None
    format: SchemaFormat | None = None


def _kind_of_tool(tool: Any) -> str:
    """The tag of a tool; only Anthropic's own tools must have a type."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    return "<custom>" if kind in (None, "custom") else OTHER


Tool = Annotated[
    Annotated[CustomTool, Tag("<custom>")] | Annotated[ServerTool, Tag(OTHER)], Discriminator(_kind_of_tool)
]
ToolChoice = Annotated[Annotated[NamedChoice, Tag("<tool>")] | Annotated[OtherChoice, Tag(OTHER)], by_type("tool")]
Thinking = Annotated[
    Annotated[ThinkingBudget, Tag("<enabled>")] | Annotated[OtherThinking, Tag(OTHER)], by_type("enabled")
]


class CountTokensRequest(OpenModel):
    """What `POST /v1/messages/count_tokens` takes: the fields of a prompt."""

    model: NonEmptyText
    messages: Annotated[list[InputMessage], FAIL_FAST] = Field(min_length=1)
    output_config: OutputConfig | None = None
    output_format: SchemaFormat | None = None
    system: System | None = None
    thinking: Thinking | None = None
    tool_choice: ToolChoice | None = None
    tools: Annotated[list[Tool], FAIL_FAST] | None = None


class MessagesRequest(OpenModel):
    """What `POST /v1/messages` takes."""

    model: NonEmptyText
    max_tokens: Annotated[int, Field(ge=0)]
    messages: Annotated[list[InputMessage], FAIL_FAST] = Field(min_length=1)
    metadata: Metadata | None = None
    output_config: OutputConfig | None = None
    output_format: SchemaFormat | None = None
    stop_sequences: Annotated[list[NonEmptyText], FAIL_FAST] | None = None
    stream: Bool = None
    system: System | None = None
    temperature: Annotated[float | None, Field(ge=0, le=1)] = None
    thinking: Thinking | None = None
    tool_choice: ToolChoice | None = None
    tools: Annotated[list[Tool], FAIL_FAST] | None = None
    top_k: Annotated[int | None, Field(ge=0)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None


def check_budget(fields: dict[str, Any], beta: str) -> None:
    """Check that a budget for thoughts is part of `max_tokens`, where Anthropic itself does not judge the request.

    With interleaved thinking and tools it is the budget of a whole turn, with thoughts between the calls, and may be
    larger (platform.claude.com/docs/en/build-with-claude/extended-thinking).

    Args:
        fields: of a request that `check` has passed.
        beta: the request's `anthropic-beta`.

    Raises:
        InvalidRequest: it is not.
    """
    budget = (fields.get("thinking") or {}).get("budget_tokens")
    if (fields.get("thinking") or {}).get("type") != "enabled" or budget < fields["max_tokens"]:
        return
    if not (fields.get("tools") and _INTERLEAVED in beta):
        raise InvalidRequest(
            "Invalid value for 'thinking': its budget is no part of max_tokens. Lower it, or raise max_tokens.",
            param="thinking",
            code="invalid_value",
        )


def check(fields: dict[str, Any], version: str, request: type[OpenModel] = MessagesRequest) -> None:
    """Validate a parsed request body.

    Args:
        fields: the JSON object as orjson parsed it; it is not changed.
        version: version of Anthropic's API.
        request: the model of the request.

    Raises:
        InvalidRequest: 400 with the path of the first invalid field.
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
