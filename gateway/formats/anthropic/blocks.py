"""The models of the content blocks in a Messages request: text, images, tool uses and tool results."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from gateway.formats.schema import FAIL_FAST, OTHER, Bool, NonEmptyText, Object, OpenModel, by_type, text_or


class TextBlock(OpenModel):
    """A piece of text."""

    type: Literal["text"]
    text: str


class Base64Source(OpenModel):
    """An image itself."""

    type: Literal["base64"]
    media_type: NonEmptyText
    data: NonEmptyText


class UrlSource(OpenModel):
    """An image's address."""

    type: Literal["url"]
    url: NonEmptyText


class OtherSource(OpenModel):
    """An image kept elsewhere, such as one of Anthropic's files."""

    type: NonEmptyText


class ImageBlock(OpenModel):
    """An image."""

    type: Literal["image"]
    source: Annotated[
        Annotated[Base64Source, Tag("<base64>")]
        | Annotated[UrlSource, Tag("<url>")]
        | Annotated[OtherSource, Tag(OTHER)],
        by_type("base64", "url"),
    ]


class ToolUseBlock(OpenModel):
    """A call of a tool, as the model made it."""

    type: Literal["tool_use"]
    id: NonEmptyText
    name: NonEmptyText
    input: Object


class ThinkingBlock(OpenModel):
    """What the model thought, with the signature that says so."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinkingBlock(OpenModel):
    """What the model thought, unreadable."""

    type: Literal["redacted_thinking"]
    data: str


class OtherBlock(OpenModel):
    """A block that only Anthropic knows, such as `document`."""

    type: NonEmptyText


ResultBlock = Annotated[
    Annotated[TextBlock, Tag("<text>")] | Annotated[ImageBlock, Tag("<image>")] | Annotated[OtherBlock, Tag(OTHER)],
    by_type("text", "image"),
]


class ToolResultBlock(OpenModel):
    """What a tool gave back."""

    type: Literal["tool_result"]
    tool_use_id: NonEmptyText
    content: (
        Annotated[
            Annotated[str, Tag("<text>")] | Annotated[Annotated[list[ResultBlock], FAIL_FAST], Tag("<blocks>")],
            text_or("<blocks>", list),
        ]
        | None
    ) = None
    is_error: Bool = None


Block = Annotated[
    Annotated[TextBlock, Tag("<text>")]
    | Annotated[ImageBlock, Tag("<image>")]
    | Annotated[ToolUseBlock, Tag("<tool_use>")]
    | Annotated[ToolResultBlock, Tag("<tool_result>")]
    | Annotated[ThinkingBlock, Tag("<thinking>")]
    | Annotated[RedactedThinkingBlock, Tag("<redacted_thinking>")]
    | Annotated[OtherBlock, Tag(OTHER)],
    by_type("text", "image", "tool_use", "tool_result", "thinking", "redacted_thinking"),
]
Blocks = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Annotated[list[Block], Field(min_length=1), FAIL_FAST], Tag("<blocks>")],
    text_or("<blocks>", list),
]
System = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Annotated[list[TextBlock], FAIL_FAST], Tag("<blocks>")],
    text_or("<blocks>", list),
]


class InputMessage(OpenModel):
    """One turn of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: Blocks
