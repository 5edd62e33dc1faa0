"""Embeddings through LiteLLM's SDK (docs.litellm.ai/docs/embedding/supported_embedding).

The gateway requests plain numbers, which all providers support, and encodes base64 itself.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.parameters import supported_parameters, unsupported
from gateway.backends.vectors import embedding

if TYPE_CHECKING:
    from gateway.backends.base import Call

# Set by the gateway, or supported by LiteLLM for every provider.
_ALWAYS_SUPPORTED = frozenset({"model", "input", "encoding_format"})
_OPTIONAL = {"dimensions": 1, "user": "u"}
# LiteLLM withholds it from OpenAI-compatible servers; the gateway lets them decide.
_PASSED_ON = ("dimensions",)
# Other providers would take token ids for text, or for another model's ids.
_ACCEPT_IDS = frozenset({"azure", "openai"})


def params_for_embeddings(sdk: Any, model: str) -> frozenset[str]:
    """The OpenAI parameters that a model's provider supports, found by trial: LiteLLM has no reliable list.

    Args:
        sdk: LiteLLM.
        model: `provider/model`.

    Returns:
        Names of fields, and `ids` if an input may be token ids.

    Raises:
        BadRequestError: LiteLLM's, if it does not know the provider.
    """
    model, provider, *_ = sdk.get_llm_provider(model)
    supported = {"ids"} if provider in _ACCEPT_IDS else set()
    for name, value in _OPTIONAL.items():
        try:
            sdk.utils.get_optional_params_embeddings(
                model=model, custom_llm_provider=provider, allowed_openai_params=[*_PASSED_ON], **{name: value}
            )
        except sdk.UnsupportedParamsError:
            continue
        supported.add(name)
    return frozenset(supported)


def embedding_params(call: Call, supported: frozenset[str]) -> dict[str, Any]:
    """LiteLLM's parameters besides the address and the key.

    Args:
        call: the call.
        supported: the result of `params_for_embeddings`.

    Raises:
        InvalidRequest: the provider does not support the request, or the call is strict and a parameter would be
            dropped.
    """
    texts = call.fields["input"]
    if isinstance(texts, list) and not isinstance(texts[0], str) and "ids" not in supported:
        raise unsupported("input", "takes text, and no ids of tokens", "Send a string, or an array of strings.")
    if call.fields.get("dimensions") is not None and "dimensions" not in supported:
        raise unsupported("dimensions", "gives vectors of one length only", "Leave it out, or ask another model.")
    fields = supported_parameters(call, (supported - {"ids"}) | _ALWAYS_SUPPORTED)
    return {
        **{name: value for name, value in fields.items() if name in _OPTIONAL},
        "input": [texts] if isinstance(texts, str) else texts,
        "allowed_openai_params": [*_PASSED_ON],
    }


def embeddings_of(answer: dict[str, Any], call: Call) -> bytes | None:
    """A list of `embedding` objects as JSON, in the order of the texts; None if one is missing.

    Args:
        answer: LiteLLM's answer as a dictionary.
        call: the answered call.
    """
    packed = call.fields.get("encoding_format") == "base64"
    texts = call.fields["input"]
    count = len(texts) if isinstance(texts, list) and not isinstance(texts[0], int) else 1
    try:
        vectors = {item.get("index", position): item["embedding"] for position, item in enumerate(answer["data"])}
        if len(answer["data"]) != count or not all(vectors[index] for index in range(count)):
            return None
        answer["data"] = [embedding(index, vectors[index], packed=packed) for index in range(count)]
        usage = answer.get("usage")
        if isinstance(usage, dict):
            answer["usage"] = {name: usage[name] for name in ("prompt_tokens", "total_tokens") if name in usage}
        return orjson.dumps({"object": "list", **answer})
    except (KeyError, TypeError, AttributeError, struct.error, OverflowError):
        # A number of more than 64 bits raises a TypeError.
        return None
