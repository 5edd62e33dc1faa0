"""The models of messages in a chat request, with content parts and tool calls."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, Tag, model_validator

from gateway.formats.schema import (
    FAIL_FAST,
    NOT_NULL,
    OTHER,
    NonEmptyText,
    Object,
    OpenModel,
    by_type,
    missing,
    object_with,
    rule,
    text_or,
)


class TextPart(OpenModel):
    """A piece of text."""

    type: Literal["text"]
    text: str


class RefusalPart(OpenModel):
    """What an assistant said when it refused."""

    type: Literal["refusal"]
    refusal: str


class ImageUrl(OpenModel):
    """An image's address, or the image itself as `data:image/png;base64,…`."""

    url: str
    detail: str | None = None


class ImagePart(OpenModel):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


class InputAudio(OpenModel):
    """Audio in base64, and its format (`wav`, `mp3`)."""

    data: str
    format: str


class AudioPart(OpenModel):
    """A piece of audio."""

    type: Literal["input_audio"]
    input_audio: InputAudio


class FilePart(OpenModel):
    """A file."""

    type: Literal["file"]
    file: Object


class OtherPart(OpenModel):
    """A part that OpenAI does not know, such as `video_url`; the backend may."""

    type: NonEmptyText


ContentPart = Annotated[
    Annotated[TextPart, Tag("<text>")]
    | Annotated[RefusalPart, Tag("<refusal>")]
    | Annotated[ImagePart, Tag("<image_url>")]
    | Annotated[AudioPart, Tag("<input_audio>")]
    | Annotated[FilePart, Tag("<file>")]
    | Annotated[OtherPart, Tag(OTHER)],
    by_type("text", "refusal", "image_url", "input_audio", "file"),
]
Content = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[Annotated[list[ContentPart], Field(min_length=1), FAIL_FAST], Tag("<parts>")],
    text_or("<parts>", list),
]


class CalledFunction(OpenModel):
    """A function's name, and its arguments as the model wrote them: JSON as a rule."""

    name: str
    arguments: str


class FunctionCall(OpenModel):
    """A call of a function."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class CalledCustomTool(OpenModel):
    """A custom tool's name, and its input as the model wrote it."""

    name: str
    input: str


class CustomCall(OpenModel):
    """A call of a custom tool."""

    id: str
    type: Literal["custom"]
    custom: CalledCustomTool


class OtherCall(OpenModel):
    """A call of something that OpenAI does not know; the backend may."""

    id: str
    type: NonEmptyText


ToolCall = Annotated[
    Annotated[FunctionCall, Tag("<function>")]
    | Annotated[CustomCall, Tag("<custom>")]
    | Annotated[OtherCall, Tag(OTHER)],
    by_type("function", "custom"),
]


# What an assistant may say without `content`: OpenAI's own fields, and those in which open models' servers, OpenRouter
# and the gateway itself return thoughts, for a client that sends an answer back as it came.
_IN_PLACE_OF_CONTENT = (
    *("tool_calls", "function_call", "refusal", "audio"),
    *("reasoning_content", "reasoning", "reasoning_details", "thinking_blocks"),
)


_NOT_EMPTY: dict[str, Any] = {"not": {"enum": [None, "", [], {}, 0, False]}}
_WITH_CONTENT = object_with(content=NOT_NULL)


class Message(OpenModel):
    """One message; `content` may only be missing from an assistant's message that says something else."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                rule(object_with(role={"enum": ["system", "developer", "user", "tool"]}), _WITH_CONTENT),
                rule(
                    object_with(role={"const": "assistant"}),
                    {"anyOf": [_WITH_CONTENT, *(object_with(**{name: _NOT_EMPTY}) for name in _IN_PLACE_OF_CONTENT)]},
                ),
                rule(object_with(role={"const": "tool"}), object_with(tool_call_id=NOT_NULL)),
                rule(object_with(role={"const": "function"}), object_with(content={}, name=NOT_NULL)),
            ]
        }
    )

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content | None = None
    name: str | None = None
    refusal: str | None = None
    audio: Object | None = None
    tool_calls: Annotated[list[ToolCall], FAIL_FAST] | None = None
    function_call: CalledFunction | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _check_role(self) -> Self:
        if self.content is None and not (self.role == "assistant" and self._says_something_else()):
            if self.role == "function" and "content" in self.model_fields_set:
                return self
            raise missing("content", "a string or an array of content parts")
        if self.role == "tool" and self.tool_call_id is None:
            raise missing("tool_call_id", "the id of the tool call that this message answers")
        if self.role == "function" and self.name is None:
            raise missing("name", "the name of the function that this message answers for")
        return self

    def _says_something_else(self) -> bool:
        return any(getattr(self, name, None) for name in _IN_PLACE_OF_CONTENT)
