"""Any server that speaks OpenAI's format; bytes are forwarded unchanged both ways."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import orjson

from gateway.backends.http.events import whole_events
from gateway.backends.http.refusal import error_object, refusal_from_event
from gateway.backends.http.remote import RemoteBackend
from gateway.backends.openai.large_answer import LARGE, is_list_of_vectors, usage_at_edges
from gateway.config.backends import RemoteConfig
from gateway.errors.base import BackendBadAnswer
from gateway.operations import EMBEDDINGS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from gateway.backends.base import Call
    from gateway.operations import Operation

CONNECT_S = 5.0
# With the hosts of OpenAI's regions, such as `eu.api.openai.com`, and Azure's v1 addresses.
_OPENAI_HOSTS = (".api.openai.com", ".openai.azure.com")


class OpenAIConfig(RemoteConfig):
    """Any OpenAI-compatible server; `base_url` includes `/v1` where the server has it."""

    kind: Literal["openai"] = "openai"


class OpenAIBackend(RemoteBackend):
    """Forwards the client's bytes, and returns the backend's.

    A subclass may override `path` and `body`.

    Args:
        config: the `base_url`, which usually ends in `/v1`, and the key.
        name: the backend's name in the configuration.
        connect_s: limit for making a connection.
    """

    operations: Collection[Operation] = OPERATIONS
    reuse_after_stream = True
    """Whether the backend takes another request on a connection that carried a stream."""

    def __init__(self, config: RemoteConfig | None, *, name: str, connect_s: float = CONNECT_S) -> None:
        super().__init__(config, name=name, connect_s=connect_s)
        if config and f".{urlsplit(config.base_url).hostname}".endswith(_OPENAI_HOSTS):
            self.limit_field = "max_completion_tokens"

    def path(self, call: Call) -> str:
        """The path for `call`, below the address."""
        return call.operation.path

    def body(self, call: Call) -> bytes:
        """The request body for `call`."""
        return call.body_for_backend()

    async def ready(self) -> bool:
        """Whether `GET /models` answers 200, which costs no tokens."""
        return self._connection is not None and await self._connection.answers("/models")

    async def complete(self, call: Call) -> bytes:
        """Forward `call`, check the answer, and return its bytes unchanged."""
        async with self._require_connection().post(self.path(call), self.body(call), call) as response:
            await self._check_status(response)
            body = await response.read()
            self._check_answer(call, body)
        return body

    async def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Forward `call`, and yield the backend's whole events unchanged."""
        post = self._require_connection().post(self.path(call), self.body(call), call, reuse=self.reuse_after_stream)
        async with post as response:
            await self._check_status(response)
            if response.content_type == "application/json":
                self._check_answer(call, await response.read())
                raise BackendBadAnswer(
                    f"Backend '{self.name}' answered a stream request without a stream. Ask it with stream: false."
                )
            events = whole_events(response.chunks(), backend=self.name, choices=call.choices, write_now=call.write_now)
            async with aclosing(events):
                async for block in events:
                    yield block

    def _check_answer(self, call: Call, body: bytes) -> None:
        """Raise if a body under a 200 is no answer to the operation, such as `null` or an error object."""
        if call.operation is EMBEDDINGS and len(body) > LARGE and is_list_of_vectors(body):
            call.meter.reported = usage_at_edges(body)
            return
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BackendBadAnswer(
                f"Backend '{self.name}' answered with something that is not JSON. Check its base_url."
            ) from error
        if isinstance(answer, dict) and isinstance(answer.get(call.operation.answer_field), list):
            call.meter.answer = answer
            return
        if isinstance(answer, dict) and answer.get("error") and error_object(answer):
            raise refusal_from_event(self.name, answer["error"])
        raise BackendBadAnswer(
            f"Backend '{self.name}' answered with JSON that is no {call.operation.answer_name}. Check its base_url."
        )
