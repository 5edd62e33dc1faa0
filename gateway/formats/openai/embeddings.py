"""The model of an embeddings request: `CreateEmbeddingRequest` of github.com/openai/openai-openapi."""

# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from gateway.formats.openai.completion import BY_KIND, TEXTS, Tokens
from gateway.formats.schema import FAIL_FAST, NonEmptyText, OpenModel

# How many tokens a text may have depends on the model, so the backend decides: OpenAI's take 8192.
Input = Annotated[
    Annotated[NonEmptyText, Tag("<text>")]
    | Annotated[Annotated[list[NonEmptyText], Field(min_length=1, max_length=TEXTS), FAIL_FAST], Tag("<texts>")]
    | Annotated[Tokens, Tag("<tokens>")]
    | Annotated[Annotated[list[Tokens], Field(min_length=1, max_length=TEXTS), FAIL_FAST], Tag("<lists of tokens>")],
    BY_KIND,
]


class EmbeddingsRequest(OpenModel):
    """What `POST /v1/embeddings` takes."""

    model: NonEmptyText
    input: Input
    dimensions: Annotated[int | None, Field(ge=1)] = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None
