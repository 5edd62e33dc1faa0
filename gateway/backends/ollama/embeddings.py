"""Embeddings by Ollama's native `/api/embed`, and back.

Formats: Ollama docs/api.md, api/types.go (`EmbedRequest`, `EmbedResponse`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.ollama.options import native_fields
from gateway.backends.parameters import unsupported
from gateway.backends.vectors import embedding
from gateway.request import usage as meter

if TYPE_CHECKING:
    from gateway.backends.base import Call
    from gateway.request.usage import Usage

_TRANSLATED = frozenset({"input", "encoding_format", "truncate"})
_NATIVE = frozenset({"keep_alive", "dimensions"})
_KNOWN_IN_ANSWER = frozenset({"model", "embeddings", "prompt_eval_count"})


def embed_request(call: Call) -> dict[str, Any]:
    """The body for `POST /api/embed`.

    Raises:
        InvalidRequest: the request asks for something that Ollama's format cannot carry.
    """
    asked = call.fields["input"]
    if isinstance(asked, list) and not isinstance(asked[0], str):
        raise unsupported("input", "takes text, and no ids of tokens", "Send a string, or an array of strings.")
    request = native_fields(call, translated=_TRANSLATED, native=_NATIVE)
    # A text that does not fit shall be an error: a vector of its beginning would pass for one of all of it.
    return request | {"model": call.backend_model, "input": asked, "truncate": False}


class Embeddings:
    """Translates what comes for one call.

    Args:
        call: the call.
    """

    def __init__(self, call: Call) -> None:
        asked = call.fields["input"]
        self._texts = len(asked) if isinstance(asked, list) else 1
        self._packed = call.fields.get("encoding_format") == "base64"

    def whole(self, answer: dict[str, Any]) -> bytes:
        """A list of `embedding` objects.

        Raises:
            struct.error, OverflowError: something in a vector is no number, or too large for one.
        """
        data = [embedding(index, vector, packed=self._packed) for index, vector in enumerate(answer["embeddings"])]
        rest = {key: value for key, value in answer.items() if key not in _KNOWN_IN_ANSWER}
        tokens = answer.get("prompt_eval_count")
        usage = None if tokens is None else {"prompt_tokens": tokens, "total_tokens": tokens}
        return orjson.dumps({"object": "list", "data": data, "model": answer.get("model"), "usage": usage, **rest})

    @staticmethod
    def counted(answer: dict[str, Any]) -> Usage | None:
        """The tokens of all texts, if the answer tells them."""
        return meter.usage_from_counts(answer.get("prompt_eval_count"), 0)

    def is_answer(self, answer: dict[str, Any]) -> bool:
        """Whether there is a vector for each text."""
        vectors = answer.get("embeddings")
        return (
            isinstance(vectors, list)
            and len(vectors) == self._texts
            and all(isinstance(vector, list) and vector for vector in vectors)
            and isinstance(answer.get("prompt_eval_count"), int | None)
        )
