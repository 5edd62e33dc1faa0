"""Anthropic's Messages API."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
from pydantic import Field

from gateway.backends.anthropic.answer import WRONG_SHAPE, AnthropicStream, completion, usage_of
from gateway.backends.anthropic.native import WatchedStream
from gateway.backends.anthropic.request import anthropic_request
from gateway.backends.anthropic.vocabulary import VERSION
from gateway.backends.http.events import LINGER_S
from gateway.backends.http.remote import RemoteBackend
from gateway.config.backends import BaseUrl, RemoteConfig
from gateway.errors.base import BackendBadAnswer, BackendDisconnected, GatewayError
from gateway.operations import CHAT, COUNT_TOKENS
from gateway.request.usage import usage_from_counts
from gateway.text.json_values import parse_json
from gateway.text.numbers import dump, exact_fields
from gateway.text.sse import EVENT_LIMIT, EventFramer, data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.backends.base import Call
    from gateway.backends.http.timing import TimedResponse

_MESSAGES = "/v1/messages"


class AnthropicConfig(RemoteConfig):
    """Anthropic's Messages API.

    Attributes:
        base_url: the address without `/v1`.
        api_key_env: its value is sent in the header `x-api-key`.
        max_tokens: the limit for a request without one, because Anthropic requires it.
    """

    kind: Literal["anthropic"] = "anthropic"
    base_url: BaseUrl = "https://api.anthropic.com"
    max_tokens: int = Field(default=4096, ge=1)


class AnthropicBackend(RemoteBackend):
    """Translates OpenAI's format both ways; forwards calls in Anthropic's format unchanged.

    Args:
        config: the address, the key, and the default limit.
        name: the backend's name in the configuration.
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
        """Whether `GET /v1/models` answers 200, which costs no tokens."""
        return self._connection is not None and await self._connection.answers("/v1/models")

    async def complete(self, call: Call) -> bytes:
        """One message, translated unless the call has Anthropic's format."""
        if call.operation is COUNT_TOKENS:
            return await self._count_tokens(call)
        if call.format in self.native:
            answer, body = await self._answer(call, call.body_for_backend())
            if answer.get("type") != "message" or not isinstance(answer.get("content"), list):
                raise self._bad_answer()
            return body
        answer, body = await self._answer(call, self._translated_request(call))
        try:
            return completion(exact_fields(body, answer))
        except WRONG_SHAPE as error:
            raise self._bad_answer() from error

    def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Whole events, in blocks as they arrive; without `message_stop` if they are in Anthropic's format."""
        if call.format in self.native:
            return self._events(call, call.body_for_backend(), WatchedStream())
        return self._translated_events(call)

    async def _translated_events(self, call: Call) -> AsyncGenerator[bytes, None]:
        options = call.fields.get("stream_options") or {}
        stream = AnthropicStream(include_usage=bool(options.get("include_usage")))
        async with aclosing(self._events(call, self._translated_request(call), stream)) as events:
            async for block in events:
                yield block
        if usage := stream.usage_chunk():
            yield usage

    async def _count_tokens(self, call: Call) -> bytes:
        """Forward a request for the prompt's token count, and check the answer."""
        path = COUNT_TOKENS.url_path + call.query
        async with self._require_connection().post(path, call.body_for_backend(), call) as response:
            await self._check_status(response)
            body = await self._read(response, call)
        if usage_from_counts(self._parse(body).get("input_tokens"), 0) is None:
            raise self._bad_answer()
        return body

    async def _answer(self, call: Call, request: bytes) -> tuple[dict[str, Any], bytes]:
        """A whole answer, parsed and as bytes; notes its usage."""
        async with self._require_connection().post(_MESSAGES + call.query, request, call) as response:
            await self._check_status(response)
            body = await self._read(response, call)
            answer = self._parse(body)
        call.meter.answer = answer
        try:
            _note_usage(call, answer.get("usage") or {})
        except WRONG_SHAPE as error:
            raise self._bad_answer() from error
        return answer, body

    async def _events(
        self, call: Call, request: bytes, stream: AnthropicStream | WatchedStream
    ) -> AsyncGenerator[bytes, None]:
        async with self._require_connection().post(_MESSAGES + call.query, request, call) as response:
            await self._check_status(response)
            framer = EventFramer(self.name)
            held = b""
            async with aclosing(_chunks(response, stream)) as chunks:
                async for chunk in chunks:
                    events, failure = self._translate(stream, framer.feed(chunk))
                    if call.meter.prompt_tokens is None and (counts := usage_of(stream.counts)):
                        # Anthropic counts the prompt first: it stands even if the client leaves.
                        usage = usage_from_counts(counts["prompt_tokens"], 0)
                        call.meter.prompt_tokens = usage.prompt_tokens if usage else None
                    if stream.begun and (events := held + events):
                        held = b""
                        yield events
                    elif not stream.begun:
                        held = self._held(held, events)
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
        _note_usage(call, stream.counts)

    def _held(self, held: bytes, events: bytes) -> bytes:
        """What comes before the first content, and must not reach the client while another backend may answer."""
        if len(held) + len(events) > EVENT_LIMIT:
            raise BackendBadAnswer(
                f"Backend '{self.name}' sent over {EVENT_LIMIT} bytes without an answer. Send the request again."
            )
        return held + events

    def _translate(self, stream: AnthropicStream | WatchedStream, block: bytes) -> tuple[bytes, GatewayError | None]:
        """The translated events of a block, and the error after them."""
        events = b""
        for event in block.split(b"\n\n"):
            data, name = data_and_name(event)
            if not data:
                continue
            try:
                parsed = self._parse(data)
                if name:
                    # Some servers send `event: ping` with empty data.
                    parsed.setdefault("type", name.decode(errors="replace"))
                events += stream.events(parsed, event)
            except WRONG_SHAPE:
                return events, self._bad_answer()
            except GatewayError as error:
                return events, error
        return events, None

    def _translated_request(self, call: Call) -> bytes:
        return dump(anthropic_request(call, max_tokens=self._max_tokens))

    def _parse(self, data: bytes) -> dict[str, Any]:
        """Parse a body or an event's data into an object; raise the error that it reports."""
        try:
            answer = parse_json(data)
        except ValueError as error:
            raise self._bad_answer() from error
        if not isinstance(answer, dict):
            raise self._bad_answer()
        if answer.get("type") == "error" or answer.get("error"):
            raise self._refusal_in(answer)
        return answer

    def _bad_answer(self) -> BackendBadAnswer:
        return BackendBadAnswer(
            f"Backend '{self.name}' answered with something that is no Anthropic message. Check its base_url."
        )


def _note_usage(call: Call, counts: dict[str, Any]) -> None:
    """Note the usage of an answer in the call's meter."""
    if usage := usage_of(counts):
        call.meter.reported = usage_from_counts(
            usage["prompt_tokens"], usage["completion_tokens"], usage["prompt_tokens_details"]["cached_tokens"]
        )


async def _chunks(response: TimedResponse, stream: AnthropicStream | WatchedStream) -> AsyncGenerator[bytes, None]:
    """The body in chunks; a broken connection is an error only while the answer is incomplete."""
    body = response.chunks()
    is_ending = False
    try:
        async for chunk in body:
            yield chunk
            if stream.finished and not is_ending:
                is_ending = True
                body.end_within(LINGER_S)
    except (aiohttp.ClientError, OSError):
        if not stream.finished:
            raise
    finally:
        body.let_run()
