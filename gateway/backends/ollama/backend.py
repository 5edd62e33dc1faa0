"""Ollama in its native formats: `/api/chat`, `/api/generate` and `/api/embed`, newline-delimited JSON."""

from __future__ import annotations

import struct
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

from gateway.backends.http.content import Opening
from gateway.backends.http.remote import RemoteBackend
from gateway.backends.ollama.answer import OllamaAnswer
from gateway.backends.ollama.embeddings import Embeddings, embed_request
from gateway.backends.ollama.request import ollama_request
from gateway.backends.ollama.text import GeneratedText, generate_request
from gateway.config.backends import RemoteConfig
from gateway.errors.base import BackendBadAnswer, BackendDisconnected
from gateway.operations import CHAT, EMBEDDINGS, OPERATIONS, TEXT_COMPLETION
from gateway.text.json_values import parse_json, parse_whole_json
from gateway.text.numbers import dump
from gateway.text.sse import EVENT_LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.backends.base import Call
    from gateway.backends.http.timing import TimedResponse


_REQUESTS = {
    CHAT: ("/api/chat", ollama_request),
    TEXT_COMPLETION: ("/api/generate", generate_request),
    EMBEDDINGS: ("/api/embed", embed_request),
}
# Raised by a translation when a field of the answer has another type.
_WRONG_SHAPE = (AttributeError, KeyError, TypeError, OverflowError, struct.error)


class OllamaConfig(RemoteConfig):
    """An Ollama server, used in its native format; `base_url` such as `http://127.0.0.1:11434`."""

    kind: Literal["ollama"] = "ollama"
    neutralise: bool | tuple[str, ...] = True


class OllamaBackend(RemoteBackend):
    """Translates to Ollama's native formats and back, because OpenAI's cannot forbid silent truncation.

    Args:
        config: the address, and a key if a proxy in front of the server requires one.
        name: the backend's name in the configuration.
        connect_s: limit for making a connection.
    """

    operations = OPERATIONS

    async def ready(self) -> bool:
        """Whether `GET /api/tags`, the list of models, answers 200, which loads no model."""
        return self._connection is not None and await self._connection.answers("/api/tags")

    async def complete(self, call: Call) -> bytes:
        """One native answer, translated."""
        translation = Embeddings(call) if call.operation is EMBEDDINGS else _completion(call)
        async with self._post(call) as response:
            await self._check_status(response)
            answer = self._parse(await self._read(response, call), translation)
        call.meter.answer = answer
        call.meter.reported = translation.parse_usage(answer)
        try:
            return translation.completion(answer)
        except _WRONG_SHAPE as error:
            raise self._bad_answer() from error

    async def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Translate each native line into events."""
        translation, opening = _completion(call), Opening(self.name)
        async with self._post(call) as response:
            await self._check_status(response)
            async with aclosing(self._lines(response)) as lines:
                async for line in lines:
                    answer = self._parse(line, translation)
                    try:
                        events = translation.events(answer)
                    except _WRONG_SHAPE as error:
                        raise self._bad_answer() from error
                    if translation.finished:
                        call.meter.reported = translation.parse_usage(answer)
                    if events := opening.add(events):
                        yield events
                    if translation.finished:
                        return
        raise BackendDisconnected(
            f"Backend '{self.name}' closed the connection before its answer was complete. Send the request again."
        )

    def _post(self, call: Call) -> Any:
        path, request = _REQUESTS[call.operation]
        return self._require_connection().post(path, dump(request(call)), call)

    async def _lines(self, response: TimedResponse) -> AsyncGenerator[bytes, None]:
        """Whole lines; a last line without a line end only if it is valid JSON."""
        rest = b""
        async for chunk in response.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield line
            if len(rest) > EVENT_LIMIT:
                raise self._bad_answer()
        if _is_json(rest):
            yield rest

    def _parse(self, line: bytes, translation: OllamaAnswer | GeneratedText | Embeddings) -> dict[str, Any]:
        """Parse one line into an object; raise the error of an error line under a 200."""
        try:
            # Only tool calls hold numbers of the model's own, and vectors are full of long ones.
            answer = parse_whole_json(line, keep_digits=isinstance(translation, OllamaAnswer))
        except ValueError as error:
            raise self._bad_answer() from error
        if not isinstance(answer, dict):
            raise self._bad_answer()
        if answer.get("error"):
            raise self._refusal_in(answer)
        if not translation.is_answer(answer):
            raise self._bad_answer()
        return answer

    def _bad_answer(self) -> BackendBadAnswer:
        return BackendBadAnswer(
            f"Backend '{self.name}' answered with something that is no Ollama answer. Check its base_url."
        )


def _completion(call: Call) -> OllamaAnswer | GeneratedText:
    return OllamaAnswer(call) if call.operation is CHAT else GeneratedText(call)


def _is_json(text: bytes) -> bool:
    try:
        parse_json(text)
    except ValueError:
        return False
    return True
