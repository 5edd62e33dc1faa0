"""Anthropic's Messages API."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import orjson
from pydantic import Field

from gateway.backends.anthropic.answer import WRONG_SHAPE, AnthropicStream, completion, usage_of
from gateway.backends.anthropic.native import WatchedStream
from gateway.backends.anthropic.request import anthropic_request
from gateway.backends.anthropic.vocabulary import VERSION
from gateway.backends.http.refusal import refusal_from_event
from gateway.backends.http.remote import RemoteBackend
from gateway.config.backends import BaseUrl, RemoteConfig
from gateway.errors.base import BackendBadAnswer, BackendDisconnected, GatewayError
from gateway.operations import CHAT, COUNT_TOKENS
from gateway.request.usage import usage_from_counts
from gateway.text.sse import EventFramer, data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.backends.base import Call
    from gateway.backends.http.timing import TimedResponse

_MESSAGES = "/v1/messages"


class AnthropicConfig(RemoteConfig):
    """Anthropic's Messages API.

    Attributes:
        base_url: the address without `/v1`.
        api_key_env: its value goes into the header `x-api-key`.
        max_tokens: the limit for an answer whose request names none, for Anthropic demands one.
    """

    kind: Literal["anthropic"] = "anthropic"
    base_url: BaseUrl = "https://api.anthropic.com"
    max_tokens: int = Field(default=4096, ge=1)


class AnthropicBackend(RemoteBackend):
    """Translates both ways, but for calls in Anthropic's own format: bytes in, bytes out.

    Args:
        config: its address, its key, and the limit for answers whose request names none.
        name: its name in the configuration.
        connect_s: limit for making a connection.
    """

    operations = (CHAT, COUNT_TOKENS)
    native = frozenset({"anthropic"})

    def __init__(self, config: AnthropicConfig, *, name: str, connect_s: float) -> None:
        super().__init__(config, name=name, connect_s=connect_s)
        self._max_tokens = config.max_tokens

    def key_headers(self) -> dict[str, str]:
        """The key in Anthropic's own header, and the version of the format."""
        key = self.config.api_key if self.config else None
        return {"anthropic-version": VERSION} | ({"x-api-key": key.get_secret_value()} if key else {})

    async def ready(self) -> bool:
        """Whether `GET /v1/models` answers 200; it costs no tokens."""
        return self._connection is not None and await self._connection.answers("/v1/models")

    async def complete(self, call: Call) -> bytes:
        """One message, translated unless it is asked for natively."""
        if call.operation is COUNT_TOKENS:
            return await self._count_tokens(call)
        if call.format in self.native:
            answer, body = await self._answer(call, call.body_for_backend())
            if answer.get("type") != "message" or not isinstance(answer.get("content"), list):
                raise self._bad_answer()
            return body
        answer, _ = await self._answer(call, self._translated_request(call))
        try:
            return completion(answer)
        except WRONG_SHAPE as error:
            raise self._bad_answer() from error

    def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Whole events, without `message_stop` if they are Anthropic's own; those that come together leave together."""
        if call.format in self.native:
            return self._events(call, call.body_for_backend(), WatchedStream())
        return self._translated_events(call)

    async def _translated_events(self, call: Call) -> AsyncGenerator[bytes, None]:
        options = call.fields.get("stream_options") or {}
        stream = AnthropicStream(include_usage=bool(options.get("include_usage")))
        async with aclosing(self._events(call, self._translated_request(call), stream)) as events:
            async for passed in events:
                yield passed
        if usage := stream.usage_chunk():
            yield usage

    async def _count_tokens(self, call: Call) -> bytes:
        """How long the prompt of a Messages request is: bytes in, bytes out."""
        async with self._opened().post(COUNT_TOKENS.url_path, call.body_for_backend(), call) as response:
            await self._check_status(response)
            body: bytes = await response.read()
        if usage_from_counts(self._parsed(body).get("input_tokens"), 0) is None:
            raise self._bad_answer()
        return body

    async def _answer(self, call: Call, request: bytes) -> tuple[dict[str, Any], bytes]:
        """A whole answer, parsed and as it came; its tokens are counted."""
        async with self._opened().post(_MESSAGES, request, call) as response:
            await self._check_status(response)
            body = await response.read()
            answer = self._parsed(body)
        try:
            _count(call, answer.get("usage") or {})
        except WRONG_SHAPE as error:
            raise self._bad_answer() from error
        return answer, body

    async def _events(
        self, call: Call, request: bytes, stream: AnthropicStream | WatchedStream
    ) -> AsyncGenerator[bytes, None]:
        async with self._opened().post(_MESSAGES, request, call) as response:
            await self._check_status(response)
            framer = EventFramer(self.name)
            async with aclosing(_chunks(response, stream)) as chunks:
                async for chunk in chunks:
                    passed, failure = self._passed(stream, framer.feed(chunk))
                    if passed:
                        yield passed
                    if stream.ended or (failure and stream.finished):
                        break
                    if failure:
                        raise failure
        if not stream.finished:
            raise (
                self._bad_answer()
                if stream.ended
                else BackendDisconnected(
                    f"Backend '{self.name}' closed the connection before its answer was complete. "
                    "Send the request again."
                )
            )
        _count(call, stream.counts)

    def _passed(self, stream: AnthropicStream | WatchedStream, block: bytes) -> tuple[bytes, GatewayError | None]:
        """The events for a block of whole events, and what went wrong after them."""
        passed = b""
        for event in block.split(b"\n\n"):
            data, _ = data_and_name(event)
            if not data:
                continue
            try:
                parsed = self._parsed(data)
                passed += stream.events(parsed, event)
            except WRONG_SHAPE:
                return passed, self._bad_answer()
            except GatewayError as error:
                return passed, error
        return passed, None

    def _translated_request(self, call: Call) -> bytes:
        return orjson.dumps(anthropic_request(call, max_tokens=self._max_tokens))

    def _parsed(self, data: bytes) -> dict[str, Any]:
        """A body or an event's data as an object; an error raises what it says."""
        try:
            answer = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise self._bad_answer() from error
        if not isinstance(answer, dict):
            raise self._bad_answer()
        if answer.get("type") == "error" or answer.get("error"):
            raise refusal_from_event(self.name, answer.get("error") or answer)
        return answer

    def _bad_answer(self) -> BackendBadAnswer:
        return BackendBadAnswer(
            f"Backend '{self.name}' answered with something that is no Anthropic message. Check its base_url."
        )


def _count(call: Call, counts: dict[str, Any]) -> None:
    """Note the token counts of an answer for the ledger."""
    if usage := usage_of(counts):
        call.meter.reported = usage_from_counts(
            usage["prompt_tokens"], usage["completion_tokens"], usage["prompt_tokens_details"]["cached_tokens"]
        )


async def _chunks(response: TimedResponse, stream: AnthropicStream | WatchedStream) -> AsyncGenerator[bytes, None]:
    """The body as it comes; a broken connection counts only while something of the answer is missing."""
    try:
        async for chunk in response.chunks():
            yield chunk
    except (aiohttp.ClientError, OSError):
        if not stream.finished:
            raise
