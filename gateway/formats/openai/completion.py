"""The model of a text completion request: `CreateCompletionRequest` of github.com/openai/openai-openapi."""

# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from gateway.formats.openai.chat import STREAM_RULE, Penalty, Stop, StreamOptions
from gateway.formats.schema import FAIL_FAST, Bool, NonEmptyText, OpenModel, invalid

TEXTS = 2048
"""The most texts in one request. OpenAI states it for embeddings only; the gateway bounds prompts as well."""

Token = Annotated[int, Field(ge=0)]
Tokens = Annotated[list[Token], Field(min_length=1), FAIL_FAST]


def _kind(value: Any) -> str | None:
    """The tag of one of the four forms, by the first item: a wrong value gives one error, not one per form."""
    if isinstance(value, str):
        return "<text>"
    if not isinstance(value, list):
        return None
    first = value[0] if value else ""
    if isinstance(first, list):
        return "<lists of tokens>"
    return "<tokens>" if isinstance(first, int) else "<texts>"


BY_KIND = Discriminator(_kind)
Prompt = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[Annotated[list[str], Field(min_length=1, max_length=TEXTS), FAIL_FAST], Tag("<texts>")]
    | Annotated[Tokens, Tag("<tokens>")]
    | Annotated[Annotated[list[Tokens], Field(min_length=1, max_length=TEXTS), FAIL_FAST], Tag("<lists of tokens>")],
    BY_KIND,
]


class CompletionRequest(OpenModel):
    """What `POST /v1/completions` takes."""

    model_config = ConfigDict(json_schema_extra={"allOf": [STREAM_RULE]})

    model: NonEmptyText
    prompt: Prompt | None
    # OpenAI's document says 0, but the best of none is less than one choice.
    best_of: Annotated[int | None, Field(ge=1, le=20)] = None
    echo: Bool = None
    frequency_penalty: Penalty = None
    logit_bias: Annotated[dict[str, Annotated[float, Field(ge=-100, le=100)]], FAIL_FAST] | None = None
    logprobs: Annotated[int | None, Field(ge=0, le=5)] = None
    max_tokens: Annotated[int | None, Field(ge=0)] = None
    n: Annotated[int | None, Field(ge=1, le=128)] = None
    presence_penalty: Penalty = None
    seed: Annotated[int | None, Field(ge=-(2**63), le=2**63 - 1)] = None
    stop: Stop | None = None
    stream: Bool = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    user: str | None = None

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise invalid(
                "stream_options", "is only allowed when 'stream' is true. Send \"stream\": true or leave it out."
            )
        if self.best_of is not None and self.best_of < (self.n or 1):
            raise invalid("best_of", "is less than 'n', which asks for the best of so many. Send n or more.")
        if self.best_of is not None and self.best_of > (self.n or 1) and self.stream:
            raise invalid("best_of", "cannot be streamed: all are compared first. Leave it out, or stream nothing.")
        return self
