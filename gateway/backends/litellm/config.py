"""The table `[backends.<name>]` of a backend behind LiteLLM."""

from __future__ import annotations

from typing import Literal

from gateway.config.backends import KeyedConfig


class LiteLLMConfig(KeyedConfig):
    """A provider of LiteLLM's SDK; a route's model is `provider/model`, as LiteLLM's documentation names it.

    Attributes:
        base_url: an address in place of the provider's own; without `api_key_env` no key is sent to it.
        api_key_env: unset, LiteLLM reads the provider's own variable, such as `MISTRAL_API_KEY`. It also reads a
            provider's further settings (`AWS_REGION_NAME` …) from the environment.
    """

    kind: Literal["litellm"] = "litellm"
