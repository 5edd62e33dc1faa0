"""The table `[backends.<name>]` of a backend that LiteLLM speaks to."""

from __future__ import annotations

from typing import Literal

from gateway.config.backends import KeyedConfig


class LiteLLMConfig(KeyedConfig):
    """Whatever LiteLLM's SDK speaks to; the model of a route is `provider/model`, as LiteLLM's documentation names it.

    Attributes:
        base_url: an address in place of the provider's own; without `api_key_env` it gets no key.
        api_key_env: unset, LiteLLM looks for the provider's own variable, such as `MISTRAL_API_KEY`. Whatever else a
            provider needs (`AWS_REGION_NAME` …) it takes from the environment too.
    """

    kind: Literal["litellm"] = "litellm"
