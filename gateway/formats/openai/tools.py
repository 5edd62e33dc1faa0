"""The tools of a chat request, the choice among them, and the shape of the answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from gateway.formats.schema import FIRST, OTHER, Bool, Object, Open, Text1, by_type, text_or


class FunctionDefinition(Open):
    """A function that the model may call; `parameters` is a JSON schema."""

    name: Text1
    description: str | None = None
    parameters: Object | None = None
    strict: Bool = None


class FunctionTool(Open):
    """A tool that is a function."""

    type: Literal["function"]
    function: FunctionDefinition


class Named(Open):
    """Something by its name."""

    name: Text1


class CustomTool(Open):
    """A tool that takes free text."""

    type: Literal["custom"]
    custom: Named


class OtherTool(Open):
    """A tool that OpenAI does not know; the backend may."""

    type: Text1


Tool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[CustomTool, Tag("<custom>")]
    | Annotated[OtherTool, Tag(OTHER)],
    by_type("function", "custom"),
]


class FunctionChoice(Open):
    """This function, and no other."""

    type: Literal["function"]
    function: Named


class CustomChoice(Open):
    """This custom tool, and no other."""

    type: Literal["custom"]
    custom: Named


class AllowedTools(Open):
    """Some of the tools; `required` makes the model call one of them."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[Object], FIRST]


class AllowedToolsChoice(Open):
    """One of some of the tools."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


class OtherChoice(Open):
    """A choice that OpenAI does not know; the backend may."""

    type: Text1


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


class NamedSchema(Open):
    """A JSON schema and its name."""

    name: Text1
    # OpenAI's document calls it optional; its service refuses a request without it.
    json_schema: Object = Field(alias="schema")
    description: str | None = None
    strict: Bool = None


class JsonSchemaFormat(Open):
    """An answer that follows a JSON schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


class OtherFormat(Open):
    """`text`, `json_object`, or a format that OpenAI does not know; the backend may."""

    type: Text1


ResponseFormat = Annotated[
    Annotated[JsonSchemaFormat, Tag("<json_schema>")] | Annotated[OtherFormat, Tag(OTHER)], by_type("json_schema")
]
