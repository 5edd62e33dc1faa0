"""The tables `[backends.<name>]`: one class for each kind of backend."""

# ruff: file-ignore[TC003]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from gateway.config_sections import Section


class _RemoteConfig(Section):
    base_url: str
    api_key_env: str | None = None
    # Refuse a parameter that the backend cannot take, rather than drop it and name it in x-gateway-dropped-params.
    strict: bool = False

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        if not re.match(r"^https?://[^/\s@]+(/[^\s?#]*)?$", value):
            raise PydanticCustomError(
                "base_url", "is no plain http(s) address; write it as http://host:port/path, without a key or a query"
            )
        return value.rstrip("/")

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


class OpenAIConfig(_RemoteConfig):
    """Any OpenAI-compatible server; `base_url` includes `/v1` where the server has it."""

    kind: Literal["openai"] = "openai"


class OllamaConfig(_RemoteConfig):
    """An Ollama server, spoken to in its native format; `base_url` such as `http://127.0.0.1:11434`."""

    kind: Literal["ollama"] = "ollama"


class LlamaCppConfig(Section):
    """The embedded model: llama.cpp in a child process.

    Attributes:
        model_path: a GGUF file; unset, the one that `gateway models pull` fetched, or `GATEWAY_MODEL`.
        context_tokens: context of each slot, prompt and answer together.
        slots: how many calls are answered at once.
        cache_prompt: reuse the common prefix of earlier prompts. Off, the same prompt takes the same path and gives
            the same answer.
    """

    kind: Literal["llamacpp"] = "llamacpp"
    model_path: Path | None = None
    context_tokens: int = Field(default=2048, ge=64)
    slots: int = Field(default=4, ge=1, le=256)
    cache_prompt: bool = False


BackendConfig = Annotated[OpenAIConfig | OllamaConfig | LlamaCppConfig, Field(discriminator="kind")]
KINDS: dict[str, type[Section]] = {"openai": OpenAIConfig, "ollama": OllamaConfig, "llamacpp": LlamaCppConfig}
