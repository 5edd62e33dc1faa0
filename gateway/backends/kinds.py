"""The kinds of backends. To add one, write its module and its line in `KINDS`."""

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
        config: the class of its configuration table.
        backend: creates a backend from the table, `name` and `arguments`. Its optional packages are imported when it
            starts, not with its module.
        arguments: further arguments of `backend`: `connect_s`, the limit for making a connection; `models`, the names
            of its models in the routes.
    """

    config: type[_Table]
    backend: Callable[Concatenate[_Table, ...], Backend]
    arguments: tuple[str, ...] = ("connect_s",)


KINDS: dict[str, Kind[Any]] = {
    "llamacpp": Kind(LlamaCppConfig, LlamaCppBackend, arguments=("models",)),
    "openai": Kind(OpenAIConfig, OpenAIBackend),
    "azure": Kind(AzureConfig, AzureBackend),
    "nim": Kind(NimConfig, NimBackend),
    "anthropic": Kind(AnthropicConfig, AnthropicBackend),
    "ollama": Kind(OllamaConfig, OllamaBackend),
    "litellm": Kind(LiteLLMConfig, LiteLLMBackend, arguments=("models", "connect_s")),
}
GatewayConfig = Config.with_kinds({name: kind.config for name, kind in KINDS.items()})
"""The configuration with all these kinds of backends."""


def load(path: Path | None = None) -> Config:
    """Read and validate the configuration; see `gateway.config.load.load`."""
    return config_file.load(path, GatewayConfig)


def create_backends(
    config: Config, running: Mapping[str, Backend] | None = None, before: Config | None = None
) -> dict[str, Backend]:
    """Create one backend per table `[backends.<name>]`, without starting it.

    Args:
        config: the configuration.
        running: existing backends; reused where the table is unchanged.
        before: the configuration of the existing backends.

    Raises:
        ConfigError: LiteLLM is not installed, and a backend needs it.
        EmbeddedModelError: an embedded model lacks its weights or its engine; the message says how to get them.
    """
    backends: dict[str, Backend] = {}
    for name in config.backends:
        if running and before and _is_unchanged(name, before, config):
            backends[name] = running[name]
        else:
            backends[name] = _create(name, config)
    return backends


def _create(name: str, config: Config) -> Backend:
    settings = config.backends[name]
    kind = KINDS[settings.kind]
    arguments: dict[str, object] = {"connect_s": config.timeouts.connect_s, "models": _models_on(config, name)}
    backend = kind.backend(settings, name=name, **{key: arguments[key] for key in kind.arguments})
    backend.check()
    if settings.control_tokens:
        backend.control_tokens = ControlTokens(settings.control_tokens)
    return backend


def _is_unchanged(name: str, old: Config, new: Config) -> bool:
    settings = new.backends[name]
    connects = "connect_s" in KINDS[settings.kind].arguments
    return old.backends.get(name) == settings and (not connects or old.timeouts.connect_s == new.timeouts.connect_s)


def _models_on(config: Config, backend: str) -> list[str]:
    """The names of the backend's models in the routes, each once."""
    names = [
        candidate.model or model
        for model, settings in config.models.items()
        for candidate in settings.route
        if candidate.backend == backend
    ]
    return list(dict.fromkeys(names))
