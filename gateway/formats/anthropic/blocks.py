"""What the messages of a Messages request consist of: blocks of text, images, tools used and their results."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from gateway.formats.schema import FIRST, OTHER, Bool, Object, Open, Text1, by_type, text_or


class TextBlock(Open):
    """A piece of text."""

    type: Literal["text"]
    text: str


class Base64Source(Open):
    """An image itself."""

    type: Literal["base64"]
    media_type: Text1
    data: Text1


class UrlSource(Open):
    """An image's address."""

    type: Literal["url"]
    url: Text1


class OtherSource(Open):
    """An image kept elsewhere, such as one of Anthropic's files."""

    type: Text1


class ImageBlock(Open):
    """An image."""

    type: Literal["image"]
    source: Annotated[
        Annotated[Base64Source, Tag("<base64>")]
        | Annotated[UrlSource, Tag("<url>")]
        | Annotated[OtherSource, Tag(OTHER)],
        by_type("base64", "url"),
    ]


class ToolUseBlock(Open):
    """A call of a tool, as the model made it."""

    type: Literal["tool_use"]
    id: Text1
    name: Text1
    input: Object


class ThinkingBlock(Open):
    """What the model thought, with the signature that says so."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinkingBlock(Open):
    """What the model thought, unreadable."""

    type: Literal["redacted_thinking"]
    data: str


class OtherBlock(Open):
    """A block that only Anthropic knows, such as `document`."""

    type: Text1


ResultBlock = Annotated[
    Annotated[TextBlock, Tag("<text>")] | Annotated[ImageBlock, Tag("<image>")] | Annotated[OtherBlock, Tag(OTHER)],
    by_type("text", "image"),
]


class ToolResultBlock(Open):
    """What a tool gave back."""

    type: Literal["tool_result"]
    tool_use_id: Text1
    content: (
        Annotated[
            Annotated[str, Tag("<text>")] | Annotated[Annotated[list[ResultBlock], FIRST], Tag("<blocks>")],
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
    Annotated[str, Tag("<text>")] | Annotated[Annotated[list[Block], Field(min_length=1), FIRST], Tag("<blocks>")],
    text_or("<blocks>", list),
]
System = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Annotated[list[TextBlock], FIRST], Tag("<blocks>")],
    text_or("<blocks>", list),
]


class InputMessage(Open):
    """One turn of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: Blocks
