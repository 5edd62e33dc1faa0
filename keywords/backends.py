"""Scripted backends, and gateways' configurations that lead to them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypedDict

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.scripted_backend import RecordedRequest, Script, ScriptedBackend
from keywords.judging import judge
from keywords.world import output_dir

Fault = Literal["cut", "silence", "error"]
FinishReason = Literal["stop", "length"]
Kind = Literal["openai", "ollama"]
_AT_ONCE = timedelta(0)


class Limits(TypedDict, total=False):
    """Limits of a gateway, as its configuration names them: seconds for `…_s`, else bytes and levels."""

    connect_s: float
    first_byte_s: float
    idle_s: float
    total_s: float
    body_bytes: int
    json_depth: int


@library(scope="GLOBAL", doc_format="MARKDOWN")
class BackendsLibrary:
    """Put a scripted backend behind a gateway and say what it does.

    ```robotframework
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}    openai
    ${gateway} =    Start Gateway    config=${config}
    Script Fault    ${backend}    cut    after=2
    ${recorded} =    Get Recorded Requests    ${backend}
    Stop Scripted Backend    ${backend}
    ```
    """

    def __init__(self) -> None:
        self._written = 0

    @keyword
    def start_scripted_backend(self, *models: str) -> ScriptedBackend:
        """Start a backend that answers at once with five words until it is scripted otherwise.

        Args:
            models: names that it lists; `scripted` if left out.

        Returns:
            A handle; its `url` is the address without a path, for OpenAI's wire format and for Ollama's.
        """
        backend = ScriptedBackend(models=models or ("scripted",))
        backend.start()
        logger.info(f"Scripted backend listens at {backend.url}")
        return backend

    @keyword
    def stop_scripted_backend(self, backend: ScriptedBackend) -> None:
        """Drop its connections and give its port back, as a backend that is switched off."""
        backend.stop()

    @keyword
    def script_answer(
        self,
        backend: ScriptedBackend,
        *chunks: str,
        first_delay: timedelta = _AT_ONCE,
        chunk_delay: timedelta = _AT_ONCE,
        finish_reason: FinishReason = "stop",
    ) -> None:
        """Say what the backend answers from now on; a fault or refusal scripted before is over.

        Args:
            backend: whose script it is.
            chunks: pieces of the stream; a plain answer is all of them joined. The usual five words if left out.
            first_delay: silence before the first byte.
            chunk_delay: silence before each chunk of a stream.
            finish_reason: how the answer ends.

        ```robotframework
        Script Answer    ${backend}    Slow${SPACE}    words    chunk_delay=200 ms
        ```
        """
        backend.script = Script(
            chunks=chunks or Script().chunks,
            first_delay_s=first_delay.total_seconds(),
            chunk_delay_s=chunk_delay.total_seconds(),
            finish_reason=finish_reason,
        )

    @keyword
    def script_fault(self, backend: ScriptedBackend, fault: Fault, *, after: int = 0) -> None:
        """Let every answer from now on break; its chunks and delays stay as they were scripted.

        Args:
            backend: whose script it is.
            fault: `cut` resets the connection, `silence` sends nothing more and keeps it open, `error` sends the
                family's own error within the stream.
            after: so many chunks come first. A plain answer is cut within its body, or never comes.

        Raises:
            ValueError: there are fewer chunks than that.

        ```robotframework
        Script Fault    ${backend}    cut    after=2
        ```
        """
        whole = replace(backend.script, cut_after=None, silent_after=None, error_after=None)
        match fault:
            case "cut":
                backend.script = replace(whole, cut_after=after)
            case "silence":
                backend.script = replace(whole, silent_after=after)
            case "error":
                backend.script = replace(whole, error_after=after)

    @keyword
    def script_refusal(
        self, backend: ScriptedBackend, status: int, body: str | None = None, *, headers: dict[str, str] | None = None
    ) -> None:
        """Let the backend refuse every chat request from now on.

        Args:
            backend: whose script it is.
            status: HTTP status.
            body: exact body; the family's own error object if left out.
            headers: further headers, such as `retry-after`.

        ```robotframework
        Script Refusal    ${backend}    429    headers=${{ {'retry-after': '7'} }}
        ```
        """
        backend.script = Script(status=status, headers=headers or {}, body=body.encode() if body is not None else None)

    @keyword
    def get_recorded_requests(self, backend: ScriptedBackend) -> list[RecordedRequest]:
        """The chat requests that reached the backend, in order, byte for byte."""
        return backend.chat_requests()

    @keyword
    def get_request_count(
        self,
        backend: ScriptedBackend,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """How many chat requests reached the backend.

        ```robotframework
        Get Request Count    ${backend}    ==    1
        ```
        """
        return judge(len(backend.chat_requests()), assertion_operator, assertion_expected, "Requests", message)

    @keyword
    def write_gateway_config(
        self, backend: ScriptedBackend, kind: Kind = "openai", *, model: str = "scripted", limits: Limits | None = None
    ) -> Path:
        """Write a configuration whose one model leads to a scripted backend.

        Args:
            backend: where the model leads; it need not run.
            kind: the wire format that the gateway shall speak to it.
            model: the id that clients ask for; the backend's name for it is the first one it lists.
            limits: limits that differ from the gateway's defaults.

        Returns:
            The file, in the output directory.

        ```robotframework
        ${config} =    Write Gateway Config    ${backend}    ollama    limits=${{ {'idle_s': 1} }}
        ```
        """
        self._written += 1
        path = output_dir() / f"gateway-scripted-{self._written}.toml"
        path.write_text(_toml(backend, kind, model, limits or {}), "utf-8")
        logger.info(path.read_text("utf-8"))
        return path


def _toml(backend: ScriptedBackend, kind: Kind, model: str, limits: Limits) -> str:
    base_url = f"{backend.url}/v1" if kind == "openai" else backend.url
    lines = [
        "[backends.scripted]",
        f"kind = {json.dumps(kind)}",
        f"base_url = {json.dumps(base_url)}",
        f"[models.{json.dumps(model)}]",
        f'route = [{{ backend = "scripted", model = {json.dumps(backend.models[0])} }}]',
    ]
    for table, belongs in (("timeouts", True), ("limits", False)):
        lines += [
            f"[{table}]",
            *(f"{name} = {value}" for name, value in limits.items() if name.endswith("_s") is belongs),
        ]
    return "\n".join((*lines, ""))
