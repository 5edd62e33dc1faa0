"""The bounds of a request for embeddings: `CreateEmbeddingRequest` of github.com/openai/openai-openapi."""

# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from gateway.formats.openai.completion import BY_KIND, TEXTS, Token
from gateway.formats.schema import FIRST, Open, Text1

# The same bound for a text in tokens: "any array must be 2048 dimensions or less".
_Tokens = Annotated[list[Token], Field(min_length=1, max_length=TEXTS), FIRST]
Input = Annotated[
    Annotated[Text1, Tag("<text>")]
    | Annotated[Annotated[list[Text1], Field(min_length=1, max_length=TEXTS), FIRST], Tag("<texts>")]
    | Annotated[_Tokens, Tag("<tokens>")]
    | Annotated[Annotated[list[_Tokens], Field(min_length=1, max_length=TEXTS), FIRST], Tag("<lists of tokens>")],
    BY_KIND,
]


class EmbeddingsRequest(Open):
    """What `POST /v1/embeddings` takes."""

    model: Text1
    input: Input
    dimensions: Annotated[int | None, Field(ge=1)] = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None
