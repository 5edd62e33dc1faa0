"""The kinds of backends: to add one, write its module and its line in `KINDS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, TypeVar

from gateway.backends.anthropic.backend import AnthropicBackend, AnthropicConfig
from gateway.backends.litellm.backend import LiteLLMBackend
from gateway.backends.litellm.config import LiteLLMConfig
from gateway.backends.llamacpp.backend import LlamaCppBackend
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.backends.ollama.backend import OllamaBackend, OllamaConfig
from gateway.backends.openai.azure import AzureBackend, AzureConfig
from gateway.backends.openai.backend import OpenAIBackend, OpenAIConfig
from gateway.backends.openai.nim import NimBackend, NimConfig
from gateway.config import load as config_file
from gateway.config.backends import BackendConfig
from gateway.config.load import Config
from gateway.text.control_tokens import ControlTokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gateway.backends.base import Backend

_Table = TypeVar("_Table", bound=BackendConfig)


@dataclass(frozen=True, slots=True)
class Kind(Generic[_Table]):
    """One kind of backend.

    Attributes:
        config: its table; what the table's class says of the kind is asked of the table itself.
        backend: makes a backend of the table, its `name` and `takes`. Packages that not every gateway has installed are
            imported when it starts, not with its module.
        takes: what it is made with besides: `connect_s`, the limit for making a connection; `models`, the names under
            which routes ask it for models.
    """

    config: type[_Table]
    backend: Callable[Concatenate[_Table, ...], Backend]
    takes: tuple[str, ...] = ("connect_s",)


KINDS: dict[str, Kind[Any]] = {
    "llamacpp": Kind(LlamaCppConfig, LlamaCppBackend, takes=("models",)),
    "openai": Kind(OpenAIConfig, OpenAIBackend),
    "azure": Kind(AzureConfig, AzureBackend),
    "nim": Kind(NimConfig, NimBackend),
    "anthropic": Kind(AnthropicConfig, AnthropicBackend),
    "ollama": Kind(OllamaConfig, OllamaBackend),
    "litellm": Kind(LiteLLMConfig, LiteLLMBackend, takes=("models", "connect_s")),
}
GatewayConfig = Config.with_kinds({name: kind.config for name, kind in KINDS.items()})
"""The configuration with backends of all these kinds."""


def load(path: Path | None = None) -> Config:
    """Read and check the configuration; see `gateway.config.load.load`."""
    return config_file.load(path, GatewayConfig)


def create_backends(
    config: Config, running: Mapping[str, Backend] | None = None, before: Config | None = None
) -> dict[str, Backend]:
    """One backend per table `[backends.<name>]`; none is started.

    Args:
        config: the configuration.
        running: backends that are there already; one whose table did not change is taken as it is.
        before: the configuration that they come from.

    Raises:
        ConfigError: LiteLLM is not installed, and a backend needs it.
        EmbeddedModelError: an embedded model lacks its weights or its engine; the message says how to get them.
    """
    backends: dict[str, Backend] = {}
    for name in config.backends:
        if running and before and _is_same(name, before, config):
            backends[name] = running[name]
        else:
            backends[name] = _create(name, config)
    return backends


def _create(name: str, config: Config) -> Backend:
    settings = config.backends[name]
    kind = KINDS[settings.kind]
    known: dict[str, object] = {"connect_s": config.timeouts.connect_s, "models": _models_on(config, name)}
    backend = kind.backend(settings, name=name, **{what: known[what] for what in kind.takes})
    backend.check()
    if settings.control_tokens:
        backend.control_tokens = ControlTokens(settings.control_tokens)
    return backend


def _is_same(name: str, one: Config, other: Config) -> bool:
    settings = other.backends[name]
    connects = "connect_s" in KINDS[settings.kind].takes
    return one.backends.get(name) == settings and (not connects or one.timeouts.connect_s == other.timeouts.connect_s)


def _models_on(config: Config, backend: str) -> list[str]:
    """The names under which the routes ask `backend` for a model, each once."""
    names = [
        step.model or model
        for model, settings in config.models.items()
        for step in settings.route
        if step.backend == backend
    ]
    return list(dict.fromkeys(names))
