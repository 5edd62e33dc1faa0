"""The tables `[backends.<name>]`: one class for each kind of backend."""

# ruff: file-ignore[TC003]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.config.problems import unknown_name
from gateway.config.section import Section
from gateway.text.control_families import FAMILIES, known

_SHORTEST_TOKEN = 3


class NeutralisingConfig(Section):
    """A backend of any kind.

    Attributes:
        neutralise: break control tokens in what clients send: those of all families, of none, or of the families, and
            the tokens, that are listed. It is on where the server is known to take a user's `<|im_end|>` for the
            template's own, and off for services that encode a message's text as text.
    """

    neutralise: bool | tuple[str, ...] = False

    @field_validator("neutralise", mode="before")
    @classmethod
    def _check_neutralise(cls, value: Any) -> Any:
        if isinstance(value, bool) or str(value).lower() in {"true", "false"}:  # the latter from the environment
            return value
        if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
            raise PydanticCustomError(
                "neutralise", 'is neither a switch nor a list of texts; write true, false or ["chatml", "<|my_token|>"]'
            )
        for name in value:
            # A token of letters alone would break ordinary words.
            if name not in FAMILIES and (len(name) < _SHORTEST_TOKEN or name.replace("_", "").isalnum()):
                raise PydanticCustomError(
                    "neutralise",
                    "names '{name}', which is neither a family nor a token; {mend}",
                    {"name": name, "mend": unknown_name(name, FAMILIES, "or write a token as it stands in prompts")},
                )
        return tuple(value)

    @property
    def control_tokens(self) -> frozenset[str]:
        """The tokens to break, as far as the configuration knows them."""
        if isinstance(self.neutralise, bool):
            return known(FAMILIES) if self.neutralise else frozenset()
        return known(self.neutralise)


class KeyedConfig(NeutralisingConfig):
    """A backend that may demand a key.

    Attributes:
        api_key_env: name of the environment variable that holds the key for it.
        strict: refuse a parameter that it cannot take, rather than drop it and name it in `x-gateway-dropped-params`.
    """

    api_key_env: str | None = None
    strict: bool = False

    @field_validator("api_key_env")
    @classmethod
    def _check_api_key_env(cls, value: str | None) -> str | None:
        # The value is never repeated: someone may have pasted the key itself.
        if value is not None and not re.match(r"^[A-Z_][A-Z0-9_]*$", value):
            raise PydanticCustomError(
                "api_key_env",
                "is not the name of an environment variable (capitals, digits, underscores); "
                "put the key into a variable such as MY_API_KEY and write that name here",
            )
        if value is not None and not os.environ.get(value):
            raise PydanticCustomError(
                "api_key_env",
                "names the environment variable {variable}, which is not set; export it, or remove this line",
                {"variable": value},
            )
        return value

    @property
    def api_key(self) -> SecretStr | None:
        """The key for the backend, read from the environment."""
        return SecretStr(os.environ[self.api_key_env]) if self.api_key_env else None


def _check_base_url(value: str) -> str:
    if not re.match(r"^https?://[^/\s@]+(/[^\s?#]*)?$", value):
        raise PydanticCustomError(
            "base_url", "is no plain http(s) address; write it as http://host:port/path, without a key or a query"
        )
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_check_base_url)]
"""A plain address, without a key or a query."""


class RemoteConfig(KeyedConfig):
    """A backend at an address.

    Attributes:
        base_url: a plain address, without a key or a query.
    """

    base_url: BaseUrl


class OpenAIConfig(RemoteConfig):
    """Any OpenAI-compatible server; `base_url` includes `/v1` where the server has it."""

    kind: Literal["openai"] = "openai"


class OllamaConfig(RemoteConfig):
    """An Ollama server, spoken to in its native format; `base_url` such as `http://127.0.0.1:11434`."""

    kind: Literal["ollama"] = "ollama"
    neutralise: bool | tuple[str, ...] = True


class AzureConfig(RemoteConfig):
    """Azure OpenAI; the model of a route is the name of a deployment.

    Attributes:
        base_url: the resource, such as `https://my-resource.openai.azure.com`.
        api_key_env: its value goes into the header `api-key`.
        api_version: such as `2024-10-21`, for the address of each deployment; unset, the v1 address is used.
        token_file: holds an Entra ID access token, used in place of a key. It is read anew whenever it changes, so that
            whatever renews the token (workload identity, `az account get-access-token`) only has to write the file.
    """

    kind: Literal["azure"] = "azure"
    api_version: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}(-preview)?$")
    token_file: Path | None = None

    @model_validator(mode="after")
    def _check_one_credential(self) -> Self:
        if self.api_key_env is not None and self.token_file is not None:
            raise PydanticCustomError(
                "token_file", "has both 'api_key_env' and 'token_file'; Azure takes one of them: remove the other"
            )
        return self


class NimConfig(RemoteConfig):
    """NVIDIA NIM: `https://integrate.api.nvidia.com/v1`, or a container of one's own at `http://host:8000/v1`."""

    kind: Literal["nim"] = "nim"
    neutralise: bool | tuple[str, ...] = True


class AnthropicConfig(RemoteConfig):
    """Anthropic's Messages API.

    Attributes:
        base_url: the address without `/v1`.
        api_key_env: its value goes into the header `x-api-key`.
        max_tokens: the limit for an answer whose request names none, for Anthropic demands one.
    """

    kind: Literal["anthropic"] = "anthropic"
    base_url: BaseUrl = "https://api.anthropic.com"
    max_tokens: int = Field(default=4096, ge=1)


class LiteLLMConfig(KeyedConfig):
    """Whatever LiteLLM's SDK speaks to; the model of a route is `provider/model`, as LiteLLM's documentation names it.

    Attributes:
        base_url: an address in place of the provider's own; without `api_key_env` it gets no key.
        api_key_env: unset, LiteLLM looks for the provider's own variable, such as `MISTRAL_API_KEY`. Whatever else a
            provider needs (`AWS_REGION_NAME` …) it takes from the environment too.
    """

    kind: Literal["litellm"] = "litellm"
    base_url: BaseUrl | None = None


class LlamaCppConfig(NeutralisingConfig):
    """The embedded model: llama.cpp in a child process.

    Attributes:
        model_path: a GGUF file; unset, the one that `gateway models pull` fetched, or `GATEWAY_MODEL`.
        context_tokens: context of each slot, prompt and answer together.
        slots: how many calls are answered at once.
        cache_prompt: reuse the common prefix of earlier prompts. Off, the same prompt takes the same path and gives
            the same answer.
        neutralise: as for every backend; unless it is off, the tokens of the weights themselves are broken as well.
        embeddings: how the vectors of a text's tokens become one; `model` is what the file says. Unset, there are no
            embeddings, and no memory is set aside to read a text of `context_tokens` at once.
    """

    kind: Literal["llamacpp"] = "llamacpp"
    neutralise: bool | tuple[str, ...] = True
    model_path: Path | None = None
    context_tokens: int = Field(default=2048, ge=64)
    slots: int = Field(default=4, ge=1, le=256)
    cache_prompt: bool = False
    embeddings: Literal["model", "mean", "cls", "last"] | None = None


BackendConfig = Annotated[
    OpenAIConfig | AzureConfig | NimConfig | AnthropicConfig | OllamaConfig | LiteLLMConfig | LlamaCppConfig,
    Field(discriminator="kind"),
]
KINDS: dict[str, type[Section]] = {
    "openai": OpenAIConfig,
    "azure": AzureConfig,
    "nim": NimConfig,
    "anthropic": AnthropicConfig,
    "ollama": OllamaConfig,
    "litellm": LiteLLMConfig,
    "llamacpp": LlamaCppConfig,
}
