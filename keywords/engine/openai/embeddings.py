"""Embeddings: requests, and conformance of their answers to OpenAI's specification.

Source: openai-openapi, schemas `CreateEmbeddingResponse` and `Embedding`.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from keywords.engine.openai.answer import NotAnAnswer, Usage, read_object, read_usage

if TYPE_CHECKING:
    from keywords.engine.http.exchange import Exchange
    from keywords.engine.openai.client import ChatClient

EMBEDDINGS = "/v1/embeddings"
Format = Literal["float", "base64"]
Input = str | list[str] | list[int] | list[list[int]]
_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True, repr=False)
class Embeddings:
    """Vectors of texts.

    Attributes:
        vectors: one for each text, in the order of their index.
        usage: the token counts; None if there are none.
        exchange: the HTTP exchange.
    """

    vectors: list[list[float]]
    usage: Usage | None
    exchange: Exchange

    def __repr__(self) -> str:
        return f"Embeddings({len(self.vectors)} of {[len(vector) for vector in self.vectors[:3]]} numbers)"


def embed(client: ChatClient, text: Input, **params: Any) -> Embeddings:
    """Request the vectors of one or several texts; fields that are None are left out.

    Raises:
        GatewayRefused: the gateway answered with an error.
        AnswerBrokeOff: no answer came, or not all of it.
        NotAnAnswer: the body is no list of embeddings in the requested format.
    """
    fields = {name: value for name, value in params.items() if value is not None}
    body = json.dumps({"model": client.model, "input": text, **fields}).encode()
    exchange = client.send("POST", EMBEDDINGS, body=body, headers={"content-type": "application/json"})
    answer = read_object(exchange, "a list of embeddings")
    packed = fields.get("encoding_format") == "base64"
    try:
        entries = sorted(answer["data"], key=lambda entry: entry["index"])
        vectors = [_vector(entry["embedding"], packed=packed) for entry in entries]
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise NotAnAnswer(exchange, f"a list of embeddings ({error!r})") from error
    return Embeddings(vectors, read_usage(answer.get("usage")), exchange)


def embeddings_defects(body: Any, texts: int) -> list[str]:
    """Defects of an answer that must hold the vectors of `texts` texts."""
    if not isinstance(body, dict):
        return [f"the body must be an object, it is {type(body).__name__}"]
    defects = [] if body.get("object") == "list" else [f"object must be 'list', it is {body.get('object')!r}"]
    if not (isinstance(body.get("model"), str) and body["model"]):
        defects.append("model must be a text, not empty")
    entries = body.get("data")
    if not isinstance(entries, list) or len(entries) != texts:
        return [*defects, f"data must be an array of {texts}"]
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            defects.append(f"data[{position}] must be an object, it is {entry!r}")
            continue
        if entry.get("object") != "embedding":
            defects.append(f"data[{position}].object must be 'embedding', it is {entry.get('object')!r}")
        if entry.get("index") != position:
            defects.append(f"data[{position}].index must be {position}, it is {entry.get('index')!r}")
    usage = body.get("usage")
    if not isinstance(usage, dict) or type(usage.get("prompt_tokens")) is not int:
        return [*defects, f"usage must be an object with numbers, it is {usage!r}"]
    if usage.get("total_tokens") != usage["prompt_tokens"]:
        defects.append("usage: an embedding has no tokens but those of its prompt, so both numbers must be the same")
    return defects


def similarity(one: list[float], other: list[float]) -> float:
    """The cosine of the angle between two vectors, from -1 to 1.

    Raises:
        ValueError: their lengths differ, or one has no direction.
    """
    if not any(one) or not any(other):
        raise ValueError("a vector of zeros has no direction")
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other))


def _vector(value: Any, *, packed: bool) -> list[float]:
    if isinstance(value, str) is not packed:
        raise ValueError(f"an embedding is {'text' if isinstance(value, str) else 'an array'}")
    if not packed:
        return [float(number) for number in value]
    data = base64.b64decode(value, validate=True)
    return list(struct.unpack(f"<{len(data) // _FLOAT_BYTES}f", data))
