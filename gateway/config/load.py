"""The configuration: `gateway.toml`, overridden by environment variables, validated as a whole before the start.

`GATEWAY_<SECTION>__<FIELD>` overrides a field, as in `GATEWAY_SERVER__PORT=9000`. Keys never stand in the file:
`GATEWAY_API_KEYS` lists the keys that clients may use, and `api_key_env` names the variable that holds a backend's key.
"""

from __future__ import annotations

import tomllib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union

from pydantic import Field, SecretStr, ValidationError, create_model, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from gateway.config.backends import BackendConfig  # noqa: TC001  # pydantic reads the annotation
from gateway.config.environment import ENV_PREFIX, misspelt_tables, unread
from gateway.config.keys import RATE_LIMITS, KeysConfig, SharedConfig
from gateway.config.observability import LedgerConfig, LogConfig, MetricsConfig, OtelConfig, Price
from gateway.config.problems import ConfigError, Problem, problems_of, unknown_name, wrong_types
from gateway.config.prompts import ExampleMessage, TemplateConfig, TemplateName
from gateway.config.secret_values import fault_of_secret
from gateway.config.section import Section
from gateway.config.server import BreakerConfig, Limits, Retries, ServerConfig, Timeouts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_PATH = Path("gateway.toml")
BUILT_IN = Path(__file__).with_name("default.toml")

# Both appear in response headers: no space, no line end, ASCII only.
BackendName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
ModelId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/@+-]{1,200}$")]


class RouteStep(Section):
    """One backend of a route.

    Attributes:
        backend: name of the backend.
        model: the backend's name for the model; unset, the same id.
        weight: neighbours with a weight share the load in proportion.
    """

    backend: str
    model: str | None = Field(default=None, min_length=1)
    weight: float | None = Field(default=None, gt=0, le=1000)


class ModelConfig(Section):
    """One model.

    Attributes:
        route: backends in order; a retryable failure of one leads to the next.
        templates: prompt templates by name.
        answer_tokens: the longest answer to a request without a limit, reserved from the key's budget and `tpm`;
            unset, an estimate is reserved.
    """

    route: list[RouteStep] = Field(min_length=1)
    templates: dict[TemplateName, TemplateConfig] = Field(default={})
    answer_tokens: int | None = Field(default=None, ge=1)


class Tables(Section):
    """The tables of the file; `Config.with_kinds` reads its backends."""

    server: ServerConfig = ServerConfig()
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    breaker: BreakerConfig = BreakerConfig()
    keys: KeysConfig = KeysConfig()
    shared: SharedConfig = SharedConfig()
    log: LogConfig = LogConfig()
    ledger: LedgerConfig = LedgerConfig()
    metrics: MetricsConfig = MetricsConfig()
    otel: OtelConfig = OtelConfig()
    prices: dict[ModelId, Price] = Field(default={})
    backends: dict[BackendName, BackendConfig] = Field(min_length=1)
    models: dict[ModelId, ModelConfig] = Field(min_length=1)


class Config(Tables, BaseSettings):
    """The whole configuration.

    This class takes backends as objects only; `with_kinds` gives one that reads their tables.

    Attributes:
        kinds: the classes of the tables `[backends.<name>]`, by the name of the kind.
        tables: the model of the file alone, for its strict types.
        api_keys: keys of clients, from `GATEWAY_API_KEYS` (comma separated).
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    kinds: ClassVar[Mapping[str, type[BackendConfig]]] = {}
    tables: ClassVar[type[Tables]] = Tables

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    @classmethod
    def with_kinds(cls, kinds: Mapping[str, type[BackendConfig]]) -> type[Config]:
        """Create the class that reads a table `[backends.<name>]` by the class of its kind.

        Args:
            kinds: at least two classes, by the name that stands in `kind`.
        """
        table: Any = Annotated[Union[tuple(kinds.values())], Field(discriminator="kind")]  # noqa: UP007  # built at run time
        backends: Any = (dict[BackendName, table], Field(min_length=1))
        config = create_model("Config", __base__=cls, backends=backends)
        config.kinds = kinds
        config.tables = create_model("Tables", __base__=Tables, backends=backends)
        return config

    @classmethod
    def settings_customise_sources(  # pydantic-settings' own signature
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # unused
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # unused
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # unused
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Give the environment precedence over the file."""
        return env_settings, init_settings

    @property
    def is_open(self) -> bool:
        """Whether no key is needed."""
        return not self.api_keys and self.keys.file is None

    def unpriced(self, key: str) -> list[Problem]:
        """The models without a price, as problems of a key with a budget in USD."""
        return [
            Problem(f'prices."{model}"', f"is missing, and key '{key}' has a budget in USD", "add the model's price")
            for model in self.models
            if model not in self.prices
        ]

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        keys = [key.strip() for key in value.split(",")]
        for fault in filter(None, map(fault_of_secret, keys)):
            raise PydanticCustomError(
                "api_keys", "holds a key that {what}; {fix}", dict(zip(("what", "fix"), fault, strict=True))
            )
        if value and not any(keys):
            # Perhaps made of unset variables; it must not open the gateway.
            raise PydanticCustomError("api_keys", "holds no key; name one, or unset it")
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
        problems += [
            Problem(
                f'prices."{model}"',
                "there is no such model",
                unknown_name(model, self.models, "or add a table [models.<id>]"),
            )
            for model in self.prices
            if model not in self.models
        ]
        if problems:
            raise ConfigError(problems)
        return self


_SECTIONS: dict[str, type[Section]] = {
    name: field.annotation
    for name, field in Tables.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}


def _fields_at(kinds: Mapping[str, type[Section]], loc: tuple[int | str, ...]) -> Iterable[str]:
    """The known keys of the table at `loc[:-1]`; `loc` is pydantic's, with the kind of a backend in it."""
    table: type[Section]
    match loc:
        case ("backends", _, str(kind), _):
            table = kinds[kind]
        case ("models", _, "route", _, _):
            table = RouteStep
        case ("models", _, "templates", _, "messages", _, _):
            table = ExampleMessage
        case ("models", _, "templates", _, _):
            table = TemplateConfig
        case ("models", _, _):
            table = ModelConfig
        case ("prices", _, _):
            table = Price
        case (str(section), _) if section in _SECTIONS:
            table = _SECTIONS[section]
        case _:
            return Tables.model_fields
    return table.model_fields


def find(path: Path | None) -> Path:
    """The file to read: `path`, else `./gateway.toml` if it exists, else the built-in default."""
    if path is not None:
        return path
    return DEFAULT_PATH if DEFAULT_PATH.exists() else BUILT_IN


def load(path: Path | None, config_class: type[Config]) -> Config:
    """Load and validate the configuration.

    Args:
        path: a TOML file; None takes the one of `find`.
        config_class: from `Config.with_kinds`.

    Raises:
        ConfigError: all problems, each with place, cause and remedy.
    """
    source = find(path)
    try:
        with source.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise ConfigError([Problem(str(source), f"cannot be read ({error.strerror})", "check the path")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(source), f"is not TOML: {error}", "fix the syntax there")]) from error
    problems = [
        Problem(key, "is a secret's place, or no setting at all", "keep keys in GATEWAY_API_KEYS only; remove it here")
        for key in data
        if key == "api_keys" or key.startswith("_")
    ]
    problems += misspelt_tables(Tables.model_fields)
    if problems:
        raise ConfigError(problems)
    try:
        config = config_class(**data)
    except ValidationError as error:
        fields_at = partial(_fields_at, config_class.kinds)
        raise ConfigError(problems_of(error, fields_at, ENV_PREFIX, config_class.kinds)) from error
    except SettingsError as error:
        raise ConfigError(
            [Problem("environment", str(error), f"write {ENV_PREFIX}… variables as JSON there")]
        ) from error
    typos, _ = _unread(config)
    if problems := _wrong_types(data, config_class) + typos:
        raise ConfigError(problems)
    return config


def _wrong_types(data: dict[str, Any], config_class: type[Config]) -> list[Problem]:
    """The problems of values in the file that only lax types would accept."""
    try:
        config_class.tables.of_toml(data)
    except ValidationError as error:
        # The environment has fixed all other errors.
        return wrong_types(error, partial(_fields_at, config_class.kinds))
    return []


def remarks(config: Config) -> list[Problem]:
    """Warnings: variables that are not read, and limits of keys without any key."""
    _, others = _unread(config)
    limits = [name for name in RATE_LIMITS if config.is_open and getattr(config.keys, name) is not None]
    what, fix = "there are no keys, so all clients share it", "set GATEWAY_API_KEYS or keys.file to count each alone"
    return [*others, *(Problem(f"keys.{name}", what, fix) for name in limits)]


def _unread(config: Config) -> tuple[list[Problem], list[Problem]]:
    settings = {f"{table}__{name}".upper() for table, section in _SECTIONS.items() for name in section.model_fields}
    settings |= {table.upper() for table in Tables.model_fields}
    named = {config.shared.redis_url_env, *(getattr(one, "api_key_env", None) for one in config.backends.values())}
    return unread(settings, {name for name in named if name is not None})
