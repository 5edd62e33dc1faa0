"""The keys that LiteLLM reads by itself, from the variables of its providers (docs.litellm.ai/docs/providers)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gateway.config.problems import Problem
from gateway.config.secret_values import fault_of_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of the names of such variables: MISTRAL_API_KEY, AWS_SECRET_ACCESS_KEY, HF_TOKEN.
_SECRET_WORDS = frozenset({"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIALS"})
_SHORTEST_KEY = 8


def problems_of_keys(backend: str, models: Iterable[str]) -> list[Problem]:
    """The problems of keys that no header can carry, in the variables `<PROVIDER>_API_KEY`, as nearly all are named.

    Args:
        backend: the backend's name.
        models: names of its models, each `provider/model`.
    """
    variables = {f"{model.partition('/')[0].upper().replace('-', '_')}_API_KEY" for model in models}
    return [
        Problem(f"environment variable {name}", f"a key for backends.{backend} that {fault[0]}", fault[1])
        for name in sorted(variables)
        if (fault := fault_of_secret(os.environ.get(name, "")))
    ]


def keys_in_environment() -> list[str]:
    """The values of all variables that may hold a provider's key."""
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_KEY and not _SECRET_WORDS.isdisjoint(name.split("_"))
    ]
