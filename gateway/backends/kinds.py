"""From the configuration to backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.backends.anthropic.backend import AnthropicBackend
from gateway.backends.litellm.backend import LiteLLMBackend, check_installed
from gateway.backends.ollama.backend import OllamaBackend
from gateway.backends.openai.azure import AzureBackend
from gateway.backends.openai.backend import OpenAIBackend
from gateway.backends.openai.nim import NimBackend
from gateway.config.backends import AnthropicConfig, AzureConfig, LiteLLMConfig, LlamaCppConfig, NimConfig, OllamaConfig
from gateway.text.control_tokens import ControlTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.backends.base import Backend
    from gateway.config.backends import RemoteConfig
    from gateway.config.load import Config


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
    for name, settings in config.backends.items():
        if running and before and _is_same(name, before, config):
            backends[name] = running[name]
        elif isinstance(settings, LlamaCppConfig):
            # llama.cpp is an extra: a gateway without an embedded model does not need it installed.
            from gateway.backends.llamacpp.backend import LlamaCppBackend  # noqa: PLC0415  # see the line above

            embedded = LlamaCppBackend(settings, name=name, models=_models_on(config, name))
            embedded.check()
            backends[name] = embedded
        elif isinstance(settings, LiteLLMConfig):
            check_installed(name)
            backends[name] = LiteLLMBackend(
                settings, name=name, models=_models_on(config, name), connect_s=config.timeouts.connect_s
            )
        else:
            backends[name] = _remote(settings, name, config.timeouts.connect_s)
        if settings.control_tokens:
            backends[name].control_tokens = ControlTokens(settings.control_tokens)
    return backends


def _remote(settings: RemoteConfig, name: str, connect_s: float) -> Backend:
    match settings:
        case AzureConfig():
            return AzureBackend(settings, name=name, connect_s=connect_s)
        case NimConfig():
            return NimBackend(settings, name=name, connect_s=connect_s)
        case AnthropicConfig():
            return AnthropicBackend(settings, name=name, connect_s=connect_s)
        case OllamaConfig():
            return OllamaBackend(settings, name=name, connect_s=connect_s)
    return OpenAIBackend(settings, name=name, connect_s=connect_s)


def _is_same(name: str, one: Config, other: Config) -> bool:
    settings = other.backends[name]
    embedded = isinstance(settings, LlamaCppConfig)
    return one.backends.get(name) == settings and (embedded or one.timeouts.connect_s == other.timeouts.connect_s)


def _models_on(config: Config, backend: str) -> list[str]:
    """The names under which the routes ask `backend` for a model, each once."""
    names = [
        step.model or model
        for model, settings in config.models.items()
        for step in settings.route
        if step.backend == backend
    ]
    return list(dict.fromkeys(names))
