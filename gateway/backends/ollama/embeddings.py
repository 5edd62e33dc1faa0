"""Translates embeddings to Ollama's native `/api/embed` and back.

Formats: Ollama docs/api.md, api/types.go (`EmbedRequest`, `EmbedResponse`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.ollama.options import native_fields
from gateway.backends.parameters import unsupported
from gateway.backends.vectors import embedding
from gateway.request.usage import usage_from_counts

if TYPE_CHECKING:
    from gateway.backends.base import Call
    from gateway.request.usage import Usage

_TRANSLATED = frozenset({"input", "encoding_format", "truncate"})
_NATIVE = frozenset({"keep_alive", "dimensions"})
_KNOWN_IN_ANSWER = frozenset({"model", "embeddings", "prompt_eval_count"})


def embed_request(call: Call) -> dict[str, Any]:
    """The body for `POST /api/embed`.

    Raises:
        InvalidRequest: Ollama's format cannot express the request.
    """
    texts = call.fields["input"]
    if isinstance(texts, list) and not isinstance(texts[0], str):
        raise unsupported("input", "takes text, and no ids of tokens", "Send a string, or an array of strings.")
    request = native_fields(call, translated=_TRANSLATED, native=_NATIVE)
    # A text that does not fit is an error: the vector of its beginning would pass for one of the whole text.
    return request | {"model": call.backend_model, "input": texts, "truncate": False}


class Embeddings:
    """Translates the answer of one call.

    Args:
        call: the call.
    """

    def __init__(self, call: Call) -> None:
        texts = call.fields["input"]
        self._count = len(texts) if isinstance(texts, list) else 1
        self._packed = call.fields.get("encoding_format") == "base64"

    def completion(self, answer: dict[str, Any]) -> bytes:
        """Translate the answer into a list of `embedding` objects.

        Raises:
            struct.error, OverflowError: an element of a vector is no number, or exceeds 32 bits.
        """
        data = [embedding(index, vector, packed=self._packed) for index, vector in enumerate(answer["embeddings"])]
        extra = {key: value for key, value in answer.items() if key not in _KNOWN_IN_ANSWER}
        tokens = answer.get("prompt_eval_count")
        usage = None if tokens is None else {"prompt_tokens": tokens, "total_tokens": tokens}
        return orjson.dumps({"object": "list", "data": data, "model": answer.get("model"), "usage": usage, **extra})

    @staticmethod
    def parse_usage(answer: dict[str, Any]) -> Usage | None:
        """The usage for all texts; None if it is missing."""
        return usage_from_counts(answer.get("prompt_eval_count"), 0)

    def is_answer(self, answer: dict[str, Any]) -> bool:
        """Whether the answer has a vector for each text."""
        vectors = answer.get("embeddings")
        return (
            isinstance(vectors, list)
            and len(vectors) == self._count
            and all(isinstance(vector, list) and vector for vector in vectors)
            and isinstance(answer.get("prompt_eval_count"), int | None)
        )
