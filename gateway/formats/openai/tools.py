"""The models of tools, tool choice and response format in a chat request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, Tag

from gateway.formats.schema import FAIL_FAST, OTHER, Bool, NonEmptyText, Object, OpenModel, by_type, invalid, text_or

if TYPE_CHECKING:
    from collections.abc import Sequence


class FunctionDefinition(OpenModel):
    """A function that the model may call; `parameters` is a JSON schema."""

    name: NonEmptyText
    description: str | None = None
    parameters: Object | None = None
    strict: Bool = None


class FunctionTool(OpenModel):
    """A tool that is a function."""

    type: Literal["function"]
    function: FunctionDefinition


class Named(OpenModel):
    """Something by its name."""

    name: NonEmptyText


class CustomTool(OpenModel):
    """A tool that takes free text."""

    type: Literal["custom"]
    custom: Named


class OtherTool(OpenModel):
    """A tool that OpenAI does not know; the backend may."""

    type: NonEmptyText


Tool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[CustomTool, Tag("<custom>")]
    | Annotated[OtherTool, Tag(OTHER)],
    by_type("function", "custom"),
]


class FunctionChoice(OpenModel):
    """This function, and no other."""

    type: Literal["function"]
    function: Named


class CustomChoice(OpenModel):
    """This custom tool, and no other."""

    type: Literal["custom"]
    custom: Named


class AllowedTools(OpenModel):
    """Some of the tools; `required` makes the model call one of them."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[Object], FAIL_FAST]


class AllowedToolsChoice(OpenModel):
    """One of some of the tools."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


class OtherChoice(OpenModel):
    """A choice that OpenAI does not know; the backend may."""

    type: NonEmptyText


ToolChoiceObject = Annotated[
    Annotated[FunctionChoice, Tag("<function>")]
    | Annotated[CustomChoice, Tag("<custom>")]
    | Annotated[AllowedToolsChoice, Tag("<allowed_tools>")]
    | Annotated[OtherChoice, Tag(OTHER)],
    by_type("function", "custom", "allowed_tools"),
]
ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("<text>")] | Annotated[ToolChoiceObject, Tag("<object>")],
    text_or("<object>", dict),
]
FunctionCallChoice = Annotated[
    Annotated[Literal["none", "auto"], Tag("<text>")] | Annotated[Named, Tag("<object>")], text_or("<object>", dict)
]


def check_tool_choice(choice: Any, tools: Sequence[Any] | None) -> None:
    """Refuse a choice that needs tools where there are none, or another one than those that are offered.

    `auto` and `none` need none. OpenAI answers so: "'tool_choice' is only allowed when 'tools' are specified".

    Args:
        choice: a valid `ToolChoice`, or None.
        tools: valid tools, or None.
    """
    if choice != "required" and not isinstance(choice, FunctionChoice | CustomChoice | AllowedToolsChoice):
        return
    if not tools:
        raise invalid("tool_choice", "is only allowed with 'tools' to choose from. Send 'tools', or leave it out.")
    match choice:
        case FunctionChoice():
            name = choice.function.name
            offered = [tool.function.name for tool in tools if isinstance(tool, FunctionTool)]
        case CustomChoice():
            name = choice.custom.name
            offered = [tool.custom.name for tool in tools if isinstance(tool, CustomTool)]
        case _:
            return
    if name not in offered and not any(isinstance(tool, OtherTool) for tool in tools):
        raise invalid("tool_choice", "names a tool that is not among 'tools'. Send that tool too, or name another one.")


def check_function_call(choice: Any, functions: Sequence[FunctionDefinition] | None) -> None:
    """The same for `function_call` and `functions`, which are OpenAI's older names."""
    if isinstance(choice, Named) and choice.name not in [function.name for function in functions or ()]:
        raise invalid(
            "function_call", "names a function that is not among 'functions'. Send that function, or leave it out."
        )


class NamedSchema(OpenModel):
    """A JSON schema and its name."""

    name: NonEmptyText
    # OpenAI's document calls it optional; its service refuses a request without it.
    json_schema: Object = Field(alias="schema")
    description: str | None = None
    strict: Bool = None


class JsonSchemaFormat(OpenModel):
    """An answer that follows a JSON schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


class OtherFormat(OpenModel):
    """`text`, `json_object`, or a format that OpenAI does not know; the backend may."""

    type: NonEmptyText


ResponseFormat = Annotated[
    Annotated[JsonSchemaFormat, Tag("<json_schema>")] | Annotated[OtherFormat, Tag(OTHER)], by_type("json_schema")
]
