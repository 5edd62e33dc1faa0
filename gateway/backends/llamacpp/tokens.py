"""What llama.cpp's tokenizer says of calls that it did not count itself: of streams that broke off or were left.

The prompt is laid out by `POST /apply-template` and read by `POST /tokenize` as the server does both for the call
itself (tools/server/README.md), so the number is the one of its own `usage`. The text of an answer is read anew. A
model, above all one that is held to a grammar, may put it together of more and smaller tokens than the tokenizer would,
so the pieces in which it came count if they are more: each is a token, or several where a character takes that many.
Neither the token that ends an answer nor the markup around a tool's call is seen.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.http.refusal import refusal
from gateway.errors.base import BackendBadAnswer
from gateway.operations import CHAT, COUNT_TOKENS
from gateway.request.usage import Usage
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.backends.base import Call
    from gateway.backends.http.connection import Connection

# A token takes about 250 bytes of events, and four of text.
KEPT_EVENTS = 65_536
LONGEST = 1 << 20
"""Bytes of a request, or characters of its answer, beyond which nothing is counted."""


class LlamaCppTokenCounter:
    """One call, and what came of its answer.

    Args:
        call: the call.
        backend: its name in the configuration.
        server: gives the connection to the server's own addresses, or raises a `GatewayError` where there is none.
    """

    __slots__ = ("_answers", "_blocks", "_call", "_characters", "_name", "_pieces", "_server", "_size")

    def __init__(self, call: Call, backend: str, server: Callable[[], Connection]) -> None:
        self._call = call
        self._name = backend
        self._server = server
        self._blocks: list[bytes] = []
        self._size = 0
        self._pieces: dict[int, int] = {}
        self._answers: dict[int, str] = {}
        self._characters = 0

    def note_block(self, block: bytes) -> None:
        """Keep a block of whole events; only of a long answer anything is parsed."""
        if self._characters > LONGEST:
            return
        self._blocks.append(block)
        self._size += len(block)
        if self._size > KEPT_EVENTS:
            self._read()

    async def count(self) -> Usage | None:
        """See `TokenCounter.count`."""
        self._read()
        if len(self._call.body) > LONGEST or self._characters > LONGEST:
            return None
        completion = 0
        for index, text in self._answers.items():
            if text:
                completion += max(self._pieces[index], await self._tokens(text, is_prompt=False))
        return Usage(await self.prompt_tokens(), completion, "tokenizer")

    async def prompt_tokens(self) -> int:
        """The tokens that the model reads.

        Raises:
            GatewayError: the server refuses the call, or does not say.
        """
        return sum([await self._tokens(prompt, is_prompt=True) for prompt in await self._prompts()])

    def _read(self) -> None:
        """Keep the texts of the events in place of the events."""
        blocks, self._blocks, self._size = self._blocks, [], 0
        new: dict[int, list[str]] = {}
        for event in b"".join(blocks).split(b"\n\n"):
            data, _ = data_and_name(event)
            try:
                chunk = orjson.loads(data)
            except orjson.JSONDecodeError:
                continue
            for choice in (chunk.get("choices") if isinstance(chunk, dict) else None) or ():
                new.setdefault(choice["index"], []).extend(_texts(choice))
        for index, texts in new.items():
            self._pieces[index] = self._pieces.get(index, 0) + len(texts)
            text = "".join(texts)
            self._answers[index] = self._answers.get(index, "") + text
            self._characters += len(text)

    async def _prompts(self) -> list[Any]:
        """The texts, or lists of token ids, that the model reads."""
        call = self._call
        if call.operation in {CHAT, COUNT_TOKENS}:
            return [await self._asked("/apply-template", call.body_for_backend(), "prompt")]
        prompt = call.fields[call.operation.question_field]
        is_one = not isinstance(prompt, list) or all(isinstance(part, int) for part in prompt)
        return [prompt] if is_one else prompt

    async def _tokens(self, text: Any, *, is_prompt: bool) -> int:
        # What a model writes is text, whatever it looks like.
        asked = {"content": text, "add_special": is_prompt, "parse_special": is_prompt}
        return len(await self._asked("/tokenize", orjson.dumps(asked), "tokens"))

    async def _asked(self, path: str, body: bytes, field: str) -> Any:
        async with self._server().post(path, body, self._call) as response:
            answer = await response.read()
            if response.status != HTTPStatus.OK:
                raise refusal(self._name, response.status, response.headers, answer)
        try:
            return orjson.loads(answer)[field]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise BackendBadAnswer(f"The embedded model's server did not answer {path} as it should.") from error


def _texts(choice: dict[str, Any]) -> Iterator[str]:
    """The pieces of text in an event's choice: of an answer, of thoughts, of calls of tools."""
    delta = choice.get("delta") or {}
    yield from filter(None, (choice.get("text"), delta.get("reasoning_content"), delta.get("content")))
    for call in delta.get("tool_calls") or ():
        function = call.get("function") or {}
        yield from filter(None, (function.get("name"), function.get("arguments")))
