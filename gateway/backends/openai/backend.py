"""Any server that speaks OpenAI's format; bytes are forwarded unchanged both ways."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import orjson

from gateway.backends.http.error_objects import error_in
from gateway.backends.http.events import whole_events
from gateway.backends.http.remote import RemoteBackend
from gateway.backends.http.stream_usage import UsageRemover, ask_usage, asks_usage, refuses_option
from gateway.backends.openai.large_answer import LARGE, is_list_of_vectors, usage_at_edges
from gateway.backends.openai.tokenize import PromptCounter, Tokenizer
from gateway.config.backends import RemoteConfig
from gateway.errors.base import BackendBadAnswer, GatewayError
from gateway.operations import COUNT_TOKENS, EMBEDDINGS, OPERATIONS
from gateway.text.json_values import parse_whole_json
from gateway.text.sse import is_event_stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from gateway.backends.base import Call
    from gateway.backends.http.timing import TimedResponse
    from gateway.operations import Operation

CONNECT_S = 5.0
# With the hosts of OpenAI's regions, such as `eu.api.openai.com`, and Azure's v1 addresses.
_OPENAI_HOSTS = (".api.openai.com", ".openai.azure.com")


class OpenAIConfig(RemoteConfig):
    """Any OpenAI-compatible server; `base_url` includes `/v1` where the server has it.

    Attributes:
        tokenizer: the server, if it is one that counts the tokens of prompts.
    """

    kind: Literal["openai"] = "openai"
    tokenizer: Tokenizer | None = None


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
        self._takes_usage_option = True
        if config and f".{urlsplit(config.base_url).hostname}".endswith(_OPENAI_HOSTS):
            self.limit_field = "max_completion_tokens"
        self._counter: PromptCounter | None = None
        if isinstance(config, OpenAIConfig) and config.tokenizer:
            self._counter = PromptCounter(config.tokenizer, name, config.base_url, self.secrets.hide)
            self.operations = (*OPERATIONS, COUNT_TOKENS)

    def path(self, call: Call) -> str:
        """The path for `call`, below the address."""
        return call.operation.path

    def body(self, call: Call) -> bytes:
        """The request body for `call`."""
        return call.body_for_backend()

    def setting_for(self, operation: Operation) -> str:
        """The setting that enables counts of tokens."""
        if operation is not COUNT_TOKENS or not isinstance(self.config, OpenAIConfig):
            return ""
        return f'if its server is vLLM or llama.cpp, set backends.{self.name}.tokenizer = "vllm" or "llamacpp"'

    async def ready(self) -> bool:
        """Whether `GET /models` answers 200, which costs no tokens."""
        return self._connection is not None and await self._connection.answers("/models")

    async def complete(self, call: Call) -> bytes:
        """Forward `call`, check the answer, and return its bytes unchanged; a count is asked of the tokenizer."""
        if self._counter is not None and call.operation is COUNT_TOKENS:
            return orjson.dumps({"input_tokens": await self._counter.count(call, self._require_connection())})
        async with self._require_connection().post(self.path(call), self.body(call), call) as response:
            await self._check_status(response)
            body = await self._read(response, call)
            self._check_answer(call, body)
        return body

    async def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Forward `call`, and yield the backend's whole events unchanged, but for a usage that only a budget needs."""
        body, usage, is_second = self.body(call), self._usage_remover(call), False
        while True:
            asked = body if usage is None else ask_usage(body, call.fields)
            post = self._require_connection().post(self.path(call), asked, call, reuse=self.reuse_after_stream)
            async with post as response:
                try:
                    await self._check_status(response)
                except GatewayError as error:
                    if usage is None or not refuses_option(error):
                        raise
                    usage = None
                    is_second = True
                    continue
                if is_second:
                    # The option was to blame, and not what the client wrote about it.
                    self._takes_usage_option = False
                async with aclosing(self._stream_events(response, call, usage)) as events:
                    async for block in events:
                        yield block
                return

    async def _stream_events(
        self, response: TimedResponse, call: Call, usage: UsageRemover | None
    ) -> AsyncGenerator[bytes, None]:
        chunks = response.chunks()
        if response.content_type == "application/json" and not is_event_stream(await chunks.peek(bytes.strip)):
            self._check_answer(call, await chunks.rest())
            raise BackendBadAnswer(
                f"Backend '{self.name}' answered a stream request without a stream. Ask it with stream: false."
            )
        events = whole_events(
            chunks,
            backend=self.name,
            choices=call.choices,
            write_now=call.write_now,
            usage=usage,
            hide=self.secrets.hide,
        )
        async with aclosing(events):
            async for block in events:
                yield block

    def _usage_remover(self, call: Call) -> UsageRemover | None:
        """Takes the usage out of a stream whose client does not want it; None unless a budget needs it."""
        if not (call.meter.asks_usage and self._takes_usage_option) or asks_usage(call.fields):
            return None
        return UsageRemover(call.meter)

    def _check_answer(self, call: Call, body: bytes) -> None:
        """Raise if a body under a 200 is no answer to the operation, such as `null` or an error object."""
        if call.operation is EMBEDDINGS and len(body) > LARGE and is_list_of_vectors(body):
            call.meter.reported = usage_at_edges(body)
            return
        try:
            answer = parse_whole_json(body)
        except ValueError as error:
            raise BackendBadAnswer(
                f"Backend '{self.name}' answered with something that is not JSON. Check its base_url."
            ) from error
        if said := error_in(answer):
            raise self._refusal_in(said)
        if isinstance(answer, dict) and isinstance(answer.get(call.operation.answer_field), list):
            call.meter.answer = answer
            return
        raise BackendBadAnswer(
            f"Backend '{self.name}' answered with JSON that is no {call.operation.answer_name}. Check its base_url."
        )
