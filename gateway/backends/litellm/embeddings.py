"""Embeddings through LiteLLM's SDK (docs.litellm.ai/docs/embedding/supported_embedding).

Providers are asked for plain numbers, which all of them have, and the gateway packs them itself.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.parameters import supported_parameters, unsupported
from gateway.backends.vectors import embedding

if TYPE_CHECKING:
    from gateway.backends.base import Call

# What the gateway says itself, and what LiteLLM has for every provider.
_ALWAYS_TAKEN = frozenset({"model", "input", "encoding_format"})
_TRIED = {"dimensions": 1, "user": "u"}
# LiteLLM keeps it from servers that only look like OpenAI; they may answer for themselves.
_LET_THROUGH = ("dimensions",)
# Elsewhere ids would be taken for text, or for another model's.
_TAKE_IDS = frozenset({"azure", "openai"})


def params_for_embeddings(sdk: Any, model: str) -> frozenset[str]:
    """Which of OpenAI's parameters the provider of a model takes; LiteLLM has no list of them that holds.

    Args:
        sdk: LiteLLM.
        model: `provider/model`.

    Returns:
        Names of fields, and `ids` where an input may be the ids of its tokens.

    Raises:
        BadRequestError: LiteLLM's, where it knows no such provider.
    """
    model, provider, *_ = sdk.get_llm_provider(model)
    known = {"ids"} if provider in _TAKE_IDS else set()
    for name, value in _TRIED.items():
        try:
            sdk.utils.get_optional_params_embeddings(
                model=model, custom_llm_provider=provider, allowed_openai_params=[*_LET_THROUGH], **{name: value}
            )
        except sdk.UnsupportedParamsError:
            continue
        known.add(name)
    return frozenset(known)


def embedding_params(call: Call, known: frozenset[str]) -> dict[str, Any]:
    """What LiteLLM is asked, beside the address and the key.

    Args:
        call: the call.
        known: what `params_for_embeddings` gave.

    Raises:
        InvalidRequest: the request asks for something that the provider cannot give, or the call is strict and a
            parameter would be dropped.
    """
    asked = call.fields["input"]
    if isinstance(asked, list) and not isinstance(asked[0], str) and "ids" not in known:
        raise unsupported("input", "takes text, and no ids of tokens", "Send a string, or an array of strings.")
    if call.fields.get("dimensions") is not None and "dimensions" not in known:
        raise unsupported("dimensions", "gives vectors of one length only", "Leave it out, or ask another model.")
    fields = supported_parameters(call, (known - {"ids"}) | _ALWAYS_TAKEN)
    return {
        **{name: value for name, value in fields.items() if name in _TRIED},
        "input": [asked] if isinstance(asked, str) else asked,
        "allowed_openai_params": [*_LET_THROUGH],
    }


def embeddings_of(answer: dict[str, Any], call: Call) -> bytes | None:
    """A list of `embedding` objects as JSON, in the order of the texts; None if there is not one for each.

    Args:
        answer: what LiteLLM gave, as a dictionary.
        call: the call that it answers.
    """
    packed = call.fields.get("encoding_format") == "base64"
    asked = call.fields["input"]
    texts = len(asked) if isinstance(asked, list) and not isinstance(asked[0], int) else 1
    try:
        found = {each.get("index", at): each["embedding"] for at, each in enumerate(answer["data"])}
        if len(answer["data"]) != texts or not all(found[index] for index in range(texts)):
            return None
        answer["data"] = [embedding(index, found[index], packed=packed) for index in range(texts)]
        usage = answer.get("usage")
        if isinstance(usage, dict):
            answer["usage"] = {name: usage[name] for name in ("prompt_tokens", "total_tokens") if name in usage}
        return orjson.dumps({"object": "list", **answer})
    except (KeyError, TypeError, AttributeError, struct.error, OverflowError):
        # A number of more than 64 bits is one of the TypeErrors.
        return None
