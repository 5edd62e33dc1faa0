"""The model of a chat request.

Types and bounds follow `CreateChatCompletionRequest` of github.com/openai/openai-openapi. Fields that it does not know
pass untouched. Nothing is coerced: `5.0` is no integer and `true` is no number.
"""

# ruff: file-ignore[TC001]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, Tag, model_validator

from gateway.formats.openai.messages import Message
from gateway.formats.openai.tools import (
    FunctionCallChoice,
    FunctionDefinition,
    ResponseFormat,
    Tool,
    ToolChoice,
    check_function_call,
    check_tool_choice,
)
from gateway.formats.schema import (
    FAIL_FAST,
    NOT_NULL,
    Bool,
    NonEmptyText,
    Object,
    OpenModel,
    invalid,
    object_with,
    rule,
    text_or,
)

Penalty = Annotated[float | None, Field(ge=-2, le=2)]
TokenLimit = Annotated[int | None, Field(ge=1)]
Stop = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Annotated[list[str], Field(min_length=1, max_length=4)], Tag("<list>")],
    text_or("<list>", list),
]


STREAM_RULE = rule(object_with(stream_options=NOT_NULL), object_with(stream={"const": True}))
_FORCED = {
    "anyOf": [{"const": "required"}, object_with(type={"enum": ["function", "custom", "allowed_tools"]})],
}


class StreamOptions(OpenModel):
    """Options of a stream."""

    include_usage: Bool = None


class GatewayOptions(BaseModel):
    """Options for the gateway itself, which never reach a backend; an unknown key is an error.

    Attributes:
        template: name of one of the model's prompt templates; its messages come before the request's own.
        variables: values of its variables: strings, numbers, booleans, and lists of these.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    template: NonEmptyText | None = None
    variables: Object | None = None


class ChatRequest(OpenModel):
    """What `POST /v1/chat/completions` takes."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                STREAM_RULE,
                rule(object_with(top_logprobs=NOT_NULL), object_with(logprobs={"const": True})),
                rule(object_with(tool_choice=_FORCED), object_with(tools={"type": "array", "minItems": 1})),
                rule(object_with(function_call={"type": "object"}), object_with(functions={"type": "array"})),
            ]
        }
    )

    model: NonEmptyText
    messages: Annotated[list[Message], FAIL_FAST] = Field(min_length=1)
    frequency_penalty: Penalty = None
    function_call: FunctionCallChoice | None = None
    gateway: GatewayOptions | None = None
    functions: Annotated[list[FunctionDefinition], Field(min_length=1, max_length=128)] | None = None
    logit_bias: Annotated[dict[str, Annotated[float, Field(ge=-100, le=100)]], FAIL_FAST] | None = None
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
    tool_choice: ToolChoice | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    user: str | None = None

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise invalid(
                "stream_options", "is only allowed when 'stream' is true. Send \"stream\": true or leave it out."
            )
        if self.top_logprobs is not None and not self.logprobs:
            raise invalid(
                "top_logprobs", "is only allowed when 'logprobs' is true. Send \"logprobs\": true or leave it out."
            )
        check_tool_choice(self.tool_choice, self.tools)
        check_function_call(self.function_call, self.functions)
        return self
