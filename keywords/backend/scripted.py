"""Scripted backends, and gateways' configurations that lead to them."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run.arguments import CONVERTERS, Settings
from keywords.run.context import output_dir
from keywords.run.scopes import SCOPES

Kind = Literal["openai", "azure", "azure-deployment", "nim", "anthropic", "ollama", "litellm"]
# What stands in the configuration for each kind: the gateway's own word for it, the end of its address, further keys.
_KINDS: dict[Kind, tuple[str, str, dict[str, object]]] = {
    "openai": ("openai", "/v1", {}),
    "azure": ("azure", "", {}),
    "azure-deployment": ("azure", "", {"api_version": "2024-10-21"}),
    "nim": ("nim", "/v1", {}),
    "anthropic": ("anthropic", "", {}),
    "ollama": ("ollama", "", {}),
    "litellm": ("litellm", "/v1", {}),
}
# Those that need nothing but the gateway itself.
_OWN_KINDS = tuple(kind for kind in _KINDS if kind != "litellm")


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS, listener=SCOPES)
class BackendsLibrary:
    """Put a scripted backend behind a gateway.

    What it does is said by `ScriptingLibrary`, what it saw by `RecordingLibrary`.

    ```robotframework
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}    openai
    ${gateway} =    Start Gateway    config=${config}
    ```
    """

    def __init__(self) -> None:
        self._written = 0

    @keyword
    def start_scripted_backend(self, *models: str) -> ScriptedBackend:
        """Start a backend that answers at once with five words until it is scripted otherwise.

        It ends with the row that starts it, or the suite in whose setup it is started.

        Args:
            models: names that it lists; `scripted` if left out.

        Returns:
            A handle; its `url` is the address without a path, for the wire formats of all families.
        """
        backend = ScriptedBackend(models=models or ("scripted",))
        backend.start()
        SCOPES.remember(backend.stop)
        logger.info(f"Scripted backend listens at {backend.url}")
        return backend

    @keyword
    def stop_scripted_backend(self, backend: ScriptedBackend) -> None:
        """Drop its connections and give its port back, as a backend that is switched off.

        ```robotframework
        Stop Scripted Backend    ${backend}
        ```
        """
        backend.stop()

    @keyword
    def restart_scripted_backend(self, backend: ScriptedBackend) -> None:
        """Start a stopped backend again, on its old port and with the script it had last.

        Raises:
            OSError: another program has taken the port in the meantime.

        ```robotframework
        Restart Scripted Backend    ${backend}
        ```
        """
        backend.start()
        SCOPES.remember(backend.stop)
        logger.info(f"Scripted backend listens at {backend.url} again")

    @keyword
    def ignore_connections(self, backend: ScriptedBackend) -> None:
        """Reset its connections and let every attempt to connect time out from now on, as with a dead machine.

        Works on Linux. [Accept Connections] ends it.

        ```robotframework
        Ignore Connections    ${backend}
        ```
        """
        if sys.platform != "linux":
            raise SkipExecution("Only Linux ignores connections to a socket whose queue is full.")
        backend.ignore_connections()

    @keyword
    def accept_connections(self, backend: ScriptedBackend) -> None:
        """Accept connections again after [Ignore Connections].

        ```robotframework
        Accept Connections    ${backend}
        ```
        """
        backend.accept_connections()

    @keyword
    def drop_connections(self, backend: ScriptedBackend) -> None:
        """Reset every connection of the backend, those that are kept alive between two requests too.

        ```robotframework
        Drop Connections    ${backend}
        ```
        """
        backend.drop_connections()

    @keyword
    def write_gateway_config(
        self,
        backend: ScriptedBackend,
        kind: Kind = "openai",
        *,
        model: str = "scripted",
        limits: Settings = None,
        strict: bool = False,
    ) -> Path:
        """Write a configuration whose one model leads to a scripted backend.

        Args:
            backend: where the model leads; it need not run.
            kind: the wire format that the gateway shall speak to it; `azure` is Azure's v1 address,
                `azure-deployment` the older one of each deployment, `litellm` whatever the backend's first model names
                as its provider.
            model: the id that clients ask for; the backend's name for it is the first one it lists.
            limits: limits that differ from the gateway's defaults, by their names in its configuration, such as
                `idle_s=1 json_depth=20`.
            strict: the gateway refuses what the backend cannot take, rather than drop it.

        Returns:
            The file, in the output directory.

        ```robotframework
        ${config} =    Write Gateway Config    ${backend}    ollama    limits=idle_s=1
        ```
        """
        table = _backend(backend, kind, "scripted", strict=strict)
        return self._write([*table, *_model(backend, "scripted", model), *_limits(limits or {})])

    @keyword
    def write_gateway_config_of_all_kinds(self, backend: ScriptedBackend) -> Path:
        """Write a configuration in which one scripted backend stands for a backend of each kind.

        Args:
            backend: where all the models lead; it need not run.

        Returns:
            The file, in the output directory. The models, and their backends, are called `openai`, `azure`,
            `azure-deployment`, `nim`, `anthropic` and `ollama`.

        ```robotframework
        ${config} =    Write Gateway Config Of All Kinds    ${backend}
        ${gateway} =    Start Gateway    config=${config}
        Ask    Hello.    model=anthropic
        ```
        """
        tables = [line for kind in _OWN_KINDS for line in _backend(backend, kind, kind)]
        return self._write([*tables, *(line for kind in _OWN_KINDS for line in _model(backend, kind, kind))])

    @keyword
    def add_to_gateway_config(self, config: Path, table: str, **settings: str) -> Path:
        """Add a table to a configuration.

        Args:
            config: the file.
            table: its name, such as `keys`; the file does not have it yet.
            settings: what stands in it. A text that is JSON is taken as JSON, so `rpm=3` is a number and
                `queue={"places": 2}` an inline table.

        Returns:
            The same file.

        ```robotframework
        Add To Gateway Config    ${config}    keys    rpm=3    window_s=2
        ```
        """
        lines = (f"{name} = {_toml(value)}" for name, value in settings.items())
        with config.open("a", encoding="utf-8") as file:
            file.write("\n".join((f"[{table}]", *lines, "")))
        logger.info(config.read_text("utf-8"))
        return config

    def _write(self, lines: list[str]) -> Path:
        self._written += 1
        path = output_dir() / f"gateway-scripted-{self._written}.toml"
        path.write_text("\n".join((*lines, "")), "utf-8")
        logger.info(path.read_text("utf-8"))
        return path


def _backend(backend: ScriptedBackend, kind: Kind, name: str, *, strict: bool = False) -> list[str]:
    word, suffix, further = _KINDS[kind]
    keys = {"kind": word, "base_url": backend.url + suffix, **further, **({"strict": True} if strict else {})}
    return [f"[backends.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]


def _model(backend: ScriptedBackend, name: str, model: str) -> list[str]:
    step = f'{{ backend = "{name}", model = {json.dumps(backend.models[0])} }}'
    return [f"[models.{json.dumps(model)}]", f"route = [{step}]"]


def _limits(limits: Mapping[str, float]) -> list[str]:
    lines = []
    for table, belongs in (("timeouts", True), ("limits", False)):
        settings = [f"{name} = {value}" for name, value in limits.items() if name.endswith("_s") is belongs]
        lines += [f"[{table}]", *settings] if settings else []
    return lines


def _toml(text: str) -> str:
    """A value as TOML writes it: that of a text which is JSON, else the text itself."""
    try:
        return _written(json.loads(text))
    except ValueError:
        return json.dumps(text)


def _written(value: object) -> str:
    """A value of JSON in TOML, which differs in objects only."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_written(item)}' for key, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value)
