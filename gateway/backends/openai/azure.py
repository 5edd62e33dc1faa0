"""Azure OpenAI: OpenAI's format at Azure's addresses, with Azure's keys or Entra ID tokens.

Addresses: learn.microsoft.com, "Azure OpenAI REST API reference" (per deployment, with an `api-version`) and
"API version lifecycle" (v1: no version, the deployment's name as `model`).
"""

# ruff: file-ignore[TC003]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.backends.openai.backend import OpenAIBackend
from gateway.backends.openai.token_file import TokenFile
from gateway.config.backends import RemoteConfig
from gateway.errors.base import BackendUnavailable
from gateway.text.json_values import parse_json
from gateway.text.nesting import dump_json
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.backends.base import Call
    from gateway.backends.http.connection import Connection

# The first version that knows `max_completion_tokens`, without which deployments of o-series and GPT-5 refuse a request
# (learn.microsoft.com, "Azure OpenAI API version lifecycle").
_NEWER_LIMIT_SINCE = "2024-09-01"
_ENVELOPE = frozenset({"id", "object", "created", "model", "choices"})


class AzureConfig(RemoteConfig):
    """Azure OpenAI; a route's model is the name of a deployment.

    Attributes:
        base_url: the resource, such as `https://my-resource.openai.azure.com`.
        api_key_env: its value is sent in the header `api-key`.
        api_version: such as `2024-10-21`, for the address of each deployment; unset, the v1 address is used.
        token_file: a file with an Entra ID access token, used in place of a key. It is read again when it changes, so
            a renewal (workload identity, `az account get-access-token`) only has to write the file.
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


class AzureBackend(OpenAIBackend):
    """One Azure OpenAI resource.

    Args:
        config: the address, the API version if any, and the key or token.
        name: the backend's name in the configuration.
        connect_s: limit for making a connection.
    """

    def __init__(self, config: AzureConfig, *, name: str, connect_s: float) -> None:
        super().__init__(config, name=name, connect_s=connect_s)
        self._version = f"?api-version={config.api_version}" if config.api_version else None
        if config.api_version is None or config.api_version >= _NEWER_LIMIT_SINCE:
            self.limit_field = "max_completion_tokens"
        self._key = config.api_key
        self._token = TokenFile(config.token_file) if config.token_file else None

    def key_headers(self) -> dict[str, str]:
        """The key in `api-key`; a token, which may change, is set before each call."""
        return {"api-key": self._key.get_secret_value()} if self._key else {}

    def path(self, call: Call) -> str:
        """The deployment's address, or v1's."""
        path = super().path(call)
        if self._version is None:
            return f"/openai/v1{path}"
        return f"/openai/deployments/{quote(call.backend_model, safe='')}{path}{self._version}"

    async def ready(self) -> bool:
        """Whether the list of models answers 200, which costs no tokens."""
        await self._refresh_token()
        try:
            connection = self._require_connection()
        except BackendUnavailable:
            return False
        return await connection.answers(
            "/openai/v1/models" if self._version is None else f"/openai/models{self._version}"
        )

    async def complete(self, call: Call) -> bytes:
        """Forward `call` with the latest token."""
        await self._refresh_token()
        return await super().complete(call)

    async def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Forward the stream, with its first event merged into the next.

        Azure begins with an event of `choices: []` and the results of its content filters, which breaks clients that
        read `choices[0]`.
        """
        await self._refresh_token()
        opening = _OpeningEvents(self.name)
        write_now = call.write_now

        def write_after_opening(block: bytes) -> bool:
            return opening.is_over and write_now is not None and write_now(block)

        async with aclosing(
            super().stream(replace(call, write_now=write_after_opening if write_now else None))
        ) as blocks:
            async for block in blocks:
                events = block if opening.is_over else opening.merge(block)
                if events:
                    yield events

    async def _refresh_token(self) -> None:
        if self._token:
            await self._token.refresh()

    def _require_connection(self) -> Connection:
        connection = super()._require_connection()
        if self._token:
            if self._token.fault:
                raise BackendUnavailable(
                    f"Backend '{self.name}' has no token: its token_file is of no use ({self._token.fault}). "
                    "Check token_file in gateway.toml.",
                )
            self.secrets.add(self._token.token)
            connection.set_header("authorization", f"Bearer {self._token.token}")
        return connection


class _OpeningEvents:
    """Merges a stream's opening events, which have no choices, into the first event with choices.

    Attributes:
        is_over: whether that event has arrived; later events need no change.
    """

    def __init__(self, backend: str) -> None:
        self.is_over = False
        self._backend = backend
        self._held: dict[str, Any] = {}

    def merge(self, block: bytes) -> bytes:
        """The events of a block of whole events that go to the client now."""
        events = b""
        while block and not self.is_over:
            event, _, block = block.partition(b"\n\n")
            events += self._event(event)
        return events + block

    def _event(self, event: bytes) -> bytes:
        chunk = _chunk(event)
        if chunk is None:
            return event + b"\n\n"
        if chunk.get("choices") == [] and not chunk.get("usage"):
            self._held |= {key: value for key, value in chunk.items() if key not in _ENVELOPE and value is not None}
            return b""
        self.is_over = True
        if self._held:
            event = b"data: " + dump_json({**self._held, **chunk}, backend=self._backend)
        return event + b"\n\n"


def _chunk(event: bytes) -> dict[str, Any] | None:
    """The event's data if it is a JSON object."""
    data, _ = data_and_name(event)
    try:
        chunk = parse_json(data)
    except ValueError:
        return None
    return chunk if isinstance(chunk, dict) else None
