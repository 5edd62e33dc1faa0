"""The bounds of a chat request, and the words for what is out of them.

Types and bounds follow `CreateChatCompletionRequest` of github.com/openai/openai-openapi. Fields that it does not know
pass untouched. Nothing is coerced: `5.0` is no integer and `true` is no number.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from gateway.schema_problems import invalid_request

Bool = bool | None
Penalty = Annotated[float | None, Field(ge=-2, le=2)]
TokenLimit = Annotated[int | None, Field(ge=1)]
Object = dict[str, Any]


def _text_or(other: str, kind: type) -> Any:
    """A discriminator between a string and one other type: a wrong type gives one error, not one per type."""

    def tag(value: Any) -> str | None:
        if isinstance(value, str):
            return "text"
        return other if isinstance(value, kind) else None

    return Discriminator(tag)


TextOrObject = Annotated[Annotated[str, Tag("text")] | Annotated[Object, Tag("object")], _text_or("object", dict)]
Stop = Annotated[
    Annotated[str, Tag("text")] | Annotated[Annotated[list[str], Field(min_length=1, max_length=4)], Tag("list")],
    _text_or("list", list),
]


class _Open(BaseModel):
    """An object whose unknown keys pass."""

    model_config = ConfigDict(extra="allow", strict=True)


class ContentPart(_Open):
    """A piece of a message: text, image, audio or whatever the backend knows."""

    type: str = Field(min_length=1)


Content = Annotated[
    Annotated[str, Tag("text")] | Annotated[Annotated[list[ContentPart], Field(min_length=1)], Tag("parts")],
    _text_or("parts", list),
]


class Message(_Open):
    """One message; `content` may only be missing from an assistant's message that calls tools."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content | None = None
    name: str | None = None
    tool_calls: list[Object] | None = None
    function_call: Object | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _check_role(self) -> Self:
        if self.content is None and not (self.role == "assistant" and (self.tool_calls or self.function_call)):
            if self.role == "function" and "content" in self.model_fields_set:
                return self
            raise _missing("content", "a string or an array of content parts")
        if self.role == "tool" and self.tool_call_id is None:
            raise _missing("tool_call_id", "the id of the tool call that this message answers")
        if self.role == "function" and self.name is None:
            raise _missing("name", "the name of the function that this message answers for")
        return self


class StreamOptions(_Open):
    """Options of a stream."""

    include_usage: Bool = None


class Tool(_Open):
    """Something the model may call."""

    type: str = Field(min_length=1)
    function: Object | None = None


class ResponseFormat(_Open):
    """The shape of the answer: text, json_object, json_schema."""

    type: str = Field(min_length=1)


class ChatRequest(_Open):
    """What `POST /v1/chat/completions` takes."""

    model: str = Field(min_length=1)
    messages: list[Message] = Field(min_length=1)
    frequency_penalty: Penalty = None
    function_call: TextOrObject | None = None
    functions: Annotated[list[Object], Field(min_length=1, max_length=128)] | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    logprobs: Bool = None
    max_completion_tokens: TokenLimit = None
    max_tokens: TokenLimit = None
    metadata: Object | None = None
    n: Annotated[int | None, Field(ge=1, le=128)] = None
    parallel_tool_calls: Bool = None
    presence_penalty: Penalty = None
    reasoning_effort: str | None = None
    response_format: ResponseFormat | None = None
    seed: Annotated[int | None, Field(ge=-(2**63), le=2**63 - 1)] = None
    stop: Stop | None = None
    store: Bool = None
    stream: Bool = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    tool_choice: TextOrObject | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    user: str | None = None

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise _invalid(
                "stream_options", "is only allowed when 'stream' is true. Send \"stream\": true or leave it out."
            )
        if self.top_logprobs is not None and not self.logprobs:
            raise _invalid(
                "top_logprobs", "is only allowed when 'logprobs' is true. Send \"logprobs\": true or leave it out."
            )
        return self


def check(fields: dict[str, Any]) -> None:
    """Check a parsed request body.

    Args:
        fields: the JSON object as orjson parsed it; it is not changed.

    Raises:
        InvalidRequest: 400 with OpenAI's code and the path of the first field at fault.
    """
    try:
        ChatRequest.model_validate(fields)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False)[0], fields) from None


def _missing(field: str, expected: str) -> PydanticCustomError:
    return PydanticCustomError("missing_field", "{expected}", {"field": field, "expected": expected})


def _invalid(field: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("invalid_pair", "{why}", {"field": field, "why": why})
