"""Scripted backends, and gateway configurations that route to them."""

import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.scripted.backend import ScriptedBackend
from keywords.run.arguments import CONVERTERS, Settings, json_or_text
from keywords.run.gateway_config import add_table, write_config
from keywords.run.output_folder import new_work_file
from keywords.run.scopes import SCOPES


class Kind(Enum):
    """A kind of backend: `kind` in the gateway's configuration, the path of the address, further keys of the table.

    Rows write the name with a hyphen or an underscore.
    """

    openai = "openai", "/v1"
    azure = "azure", ""
    azure_deployment = "azure", "", {"api_version": "2024-10-21"}
    nim = "nim", "/v1"
    anthropic = "anthropic", ""
    ollama = "ollama", ""
    vllm = "openai", "/v1", {"tokenizer": "vllm"}
    litellm = "litellm", "/v1"

    def __init__(self, configured: str, path: str, further: Mapping[str, object] | None = None) -> None:
        self.configured = configured
        self.path = path
        self.further = further or {}
        self.model = self.name.replace("_", "-")


# LiteLLM's kind needs a package that not every environment has.
_KINDS_WITHOUT_PACKAGE = tuple(kind for kind in Kind if kind is not Kind.litellm)


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS, listener=SCOPES)
class ScriptedBackendLibrary:
    """Put a scripted backend behind a gateway.

    `ScriptingLibrary` scripts its answers, `RecordingLibrary` reads its record.

    ```robotframework
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}    openai
    ${gateway} =    Start Gateway    config=${config}
    ```
    """

    @keyword
    def start_scripted_backend(self, *models: str) -> ScriptedBackend:
        """Start a backend that answers at once with five words until it is scripted otherwise.

        It ends with the row that starts it, or the suite in whose setup it is started.

        Args:
            models: names of its models; `scripted` if left out.

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
        """Drop its connections and free its port, as a backend that is switched off.

        ```robotframework
        Stop Scripted Backend    ${backend}
        ```
        """
        backend.stop()

    @keyword
    def restart_scripted_backend(self, backend: ScriptedBackend) -> None:
        """Start a stopped backend again, on its old port and with its last script.

        It ends with the row or suite that started it first.

        Raises:
            OSError: another program has taken the port in the meantime.

        ```robotframework
        Restart Scripted Backend    ${backend}
        ```
        """
        backend.start()
        logger.info(f"Scripted backend listens at {backend.url} again")

    @keyword
    def ignore_connections(self, backend: ScriptedBackend) -> None:
        """Reset its connections, and let later attempts to connect time out, as with a dead machine.

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
        """Reset every connection of the backend, idle ones included.

        ```robotframework
        Drop Connections    ${backend}
        ```
        """
        backend.drop_connections()

    @keyword
    def write_gateway_config(
        self,
        backend: ScriptedBackend,
        kind: Kind = Kind.openai,
        *,
        model: str = "scripted",
        limits: Settings = None,
        strict: bool = False,
    ) -> Path:
        """Write a configuration whose one model routes to a scripted backend.

        Args:
            backend: the backend of the model; it need not run.
            kind: the wire format that the gateway speaks to it; `azure` is Azure's v1 address, `azure-deployment` the
                older one of each deployment, `vllm` a server that counts prompts too, `litellm` the format of the
                provider that the backend's first model names.
            model: the id in requests; the gateway asks the backend for the first model that it lists.
            limits: limits that differ from the gateway's defaults, by their names in its configuration, such as
                `idle_s=1 json_depth=20`.
            strict: whether the gateway refuses a field that the backend cannot take, instead of dropping it.

        Returns:
            The file, in the folder of the running row or suite below `work` in the results.

        ```robotframework
        ${config} =    Write Gateway Config    ${backend}    ollama    limits=idle_s=1
        ```
        """
        return self._write(
            {
                "backends": {"scripted": _backend(backend, kind, strict=strict)},
                "models": {model: _model(backend, "scripted")},
                **_limits(limits or {}),
            }
        )

    @keyword
    def write_gateway_config_of_all_kinds(self, backend: ScriptedBackend) -> Path:
        """Write a configuration in which one scripted backend stands for a backend of each kind.

        Args:
            backend: the backend of all models; it need not run.

        Returns:
            The file. Each model, and its backend, is called like its kind; `litellm` is left
            out.

        ```robotframework
        ${config} =    Write Gateway Config Of All Kinds    ${backend}
        ${gateway} =    Start Gateway    config=${config}
        Ask    Hello.    model=anthropic
        ```
        """
        kinds = _KINDS_WITHOUT_PACKAGE
        return self._write(
            {
                "backends": {kind.model: _backend(backend, kind) for kind in kinds},
                "models": {kind.model: _model(backend, kind.model) for kind in kinds},
            }
        )

    @keyword
    def add_to_gateway_config(self, config: Path, table: str, **settings: str) -> Path:
        """Add a table to a configuration.

        Args:
            config: the file.
            table: its name, such as `keys`; the file must not have it yet.
            settings: its settings. A text that is JSON is taken as JSON, so `rpm=3` is a number and
                `queue={"slots": 2}` a table.

        Returns:
            The same file.

        ```robotframework
        Add To Gateway Config    ${config}    keys    rpm=3    window_s=2
        ```
        """
        add_table(config, table, {name: json_or_text(value) for name, value in settings.items()})
        logger.info(config.read_text("utf-8"))
        return config

    def _write(self, tables: Mapping[str, Any]) -> Path:
        return write_config(new_work_file("scripted", ".toml"), tables)


def _backend(backend: ScriptedBackend, kind: Kind, *, strict: bool = False) -> dict[str, object]:
    table = {"kind": kind.configured, "base_url": backend.url + kind.path, **kind.further}
    return table | ({"strict": True} if strict else {})


def _model(backend: ScriptedBackend, name: str) -> dict[str, object]:
    return {"route": [{"backend": name, "model": backend.models[0]}]}


def _limits(limits: Mapping[str, float]) -> dict[str, dict[str, float]]:
    tables = {
        table: {name: value for name, value in limits.items() if name.endswith("_s") is in_seconds}
        for table, in_seconds in (("timeouts", True), ("limits", False))
    }
    return {table: settings for table, settings in tables.items() if settings}
