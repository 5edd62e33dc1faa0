"""The configuration: `gateway.toml`, overruled by environment variables, checked whole before anything starts.

`GATEWAY_<SECTION>__<FIELD>` overrules a field, as in `GATEWAY_SERVER__PORT=9000`. Keys never stand in the file:
`GATEWAY_API_KEYS` lists the keys that clients may use, and `api_key_env` names the variable that holds a backend's key.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from gateway.config_problems import ConfigError, Problem, problems_of, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PATH = Path("gateway.toml")
BUILT_IN = Path(__file__).with_name("default.toml")
ENV_PREFIX = "GATEWAY_"

# Both appear in response headers, so neither may hold a space, a line end or anything beyond ASCII.
BackendName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
ModelId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/@+-]{1,200}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    """A table in which a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerConfig(_Section):
    """Where the gateway listens. `port = 0` takes a free one."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)


class Limits(_Section):
    """What a request may be: its body in bytes, and how deep its JSON may nest."""

    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    # orjson reads deeper than the 254 levels that it writes.
    json_depth: int = Field(default=100, ge=8, le=200)


class Timeouts(_Section):
    """Limits in seconds on one backend.

    Attributes:
        connect_s: making the connection.
        first_byte_s: from sending the request to the first event of a stream.
        idle_s: silence between two events of a stream.
        total_s: the whole call over all attempts; the only limit but `connect_s` on an answer that is not a stream.
    """

    connect_s: Seconds = 5.0
    first_byte_s: Seconds = 120.0
    idle_s: Seconds = 30.0
    total_s: Seconds = 600.0


class _RemoteConfig(_Section):
    base_url: str
    api_key_env: str | None = None

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


class LlamaCppConfig(_Section):
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


class RouteStep(_Section):
    """One backend of a route, and the model's name there (unset: the same as here)."""

    backend: str
    model: str | None = Field(default=None, min_length=1)


class ModelConfig(_Section):
    """The route of one model: the next backend is taken only if the one before could not be reached at all."""

    route: list[RouteStep] = Field(min_length=1)


class Config(BaseSettings):
    """The whole configuration.

    Attributes:
        api_keys: keys that clients may use, from `GATEWAY_API_KEYS` (comma separated); none means open to everyone.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    server: ServerConfig = ServerConfig()
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    backends: dict[BackendName, BackendConfig] = Field(min_length=1)
    models: dict[ModelId, ModelConfig] = Field(min_length=1)
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    @classmethod
    def settings_customise_sources(  # pydantic-settings' own signature
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # as above
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file."""
        return env_settings, init_settings

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        keys = [key.strip() for key in value.split(",")]
        if any(not key.isascii() or " " in key for key in keys):
            raise PydanticCustomError("api_keys", "holds a key with a space or a character beyond ASCII; replace it")
        return [key for key in keys if key]

    @model_validator(mode="after")
    def _check_routes(self) -> Config:
        problems = [
            Problem(
                f'models."{model}".route[{index}].backend',
                f"'{step.backend}' is not configured",
                unknown_name(step.backend, self.backends, "or add a table [backends.<name>]"),
            )
            for model, config in self.models.items()
            for index, step in enumerate(config.route)
            if step.backend not in self.backends
        ]
        if problems:
            raise ConfigError(problems)
        return self


_KINDS: dict[str, type[_Section]] = {"openai": OpenAIConfig, "ollama": OllamaConfig, "llamacpp": LlamaCppConfig}
_SECTIONS: dict[str, type[_Section]] = {"server": ServerConfig, "limits": Limits, "timeouts": Timeouts}


def _fields_at(loc: tuple[int | str, ...]) -> Iterable[str]:
    """The keys that the table at `loc[:-1]` may hold; `loc` as pydantic writes it, with a backend's kind in it."""
    match loc:
        case ("backends", _, str(kind), _):
            return _KINDS[kind].model_fields
        case ("models", _, "route", _, _):
            return RouteStep.model_fields
        case ("models", _, _):
            return ModelConfig.model_fields
        case (str(section), _):
            return _SECTIONS[section].model_fields
    return Config.model_fields.keys() - {"api_keys"}


def find(path: Path | None) -> Path:
    """The file to read: `path` if given, else `./gateway.toml` if there is one, else the built-in default."""
    if path is not None:
        return path
    return DEFAULT_PATH if DEFAULT_PATH.exists() else BUILT_IN


def load(path: Path | None = None) -> Config:
    """Read and check the configuration.

    Args:
        path: a TOML file; None takes what `find` finds.

    Raises:
        ConfigError: everything that is wrong, each with its place and its remedy.
    """
    found = find(path)
    try:
        with found.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise ConfigError([Problem(str(found), f"cannot be read ({error.strerror})", "check the path")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(found), f"is not TOML: {error}", "mend the syntax there")]) from error
    early = [
        Problem(key, "is a secret's place, or no setting at all", "keep keys in GATEWAY_API_KEYS only; remove it here")
        for key in data
        if key == "api_keys" or key.startswith("_")
    ]
    if early:
        raise ConfigError(early)
    try:
        return Config(**data)
    except ValidationError as error:
        raise ConfigError(problems_of(error, _fields_at, ENV_PREFIX)) from error
    except SettingsError as error:
        raise ConfigError(
            [Problem("environment", str(error), f"write {ENV_PREFIX}… variables as JSON there")]
        ) from error
