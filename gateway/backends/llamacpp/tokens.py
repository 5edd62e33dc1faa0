"""Counts tokens with llama.cpp's tokenizer where the server sent no usage: in streams that broke or were abandoned.

`POST /apply-template` and `POST /tokenize` render and tokenize the prompt as the server does for the call itself
(tools/server/README.md), so the count equals the one in its `usage`. The text of an answer is tokenized again. A model,
above all one with a grammar, may have produced more and smaller tokens than the tokenizer does, so the number of pieces
counts if it is larger: a piece is one token, or several if a character takes several. The end-of-answer token and the
markup around a tool call are not counted.
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
COUNT_LIMIT = 1 << 20
"""Limit for counting: bytes of the request, and characters of the answer."""


class LlamaCppTokenCounter:
    """Counts the tokens of one call and its answer.

    Args:
        call: the call.
        backend: the backend's name in the configuration.
        server: returns the connection to the server's root address; raises a `GatewayError` if there is none.
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
        """Keep a block of whole events; parse the blocks only when they exceed `KEPT_EVENTS`."""
        if self._characters > COUNT_LIMIT:
            return
        self._blocks.append(block)
        self._size += len(block)
        if self._size > KEPT_EVENTS:
            self._parse_blocks()

    async def count(self) -> Usage | None:
        """See `TokenCounter.count`."""
        self._parse_blocks()
        if len(self._call.body) > COUNT_LIMIT or self._characters > COUNT_LIMIT:
            return None
        completion = 0
        for index, text in self._answers.items():
            if text:
                completion += max(self._pieces[index], await self._tokens(text, is_prompt=False))
        return Usage(await self.prompt_tokens(), completion, "tokenizer")

    async def prompt_tokens(self) -> int:
        """The number of prompt tokens.

        Raises:
            GatewayError: the server refuses the call, or its answer has no count.
        """
        return sum([await self._tokens(prompt, is_prompt=True) for prompt in await self._prompts()])

    def _parse_blocks(self) -> None:
        """Replace the kept events by their texts."""
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
        """The prompts: texts, or lists of token ids."""
        call = self._call
        if call.operation in {CHAT, COUNT_TOKENS}:
            return [await self._post("/apply-template", call.body_for_backend(), "prompt")]
        prompt = call.fields[call.operation.question_field]
        is_one = not isinstance(prompt, list) or all(isinstance(part, int) for part in prompt)
        return [prompt] if is_one else prompt

    async def _tokens(self, text: Any, *, is_prompt: bool) -> int:
        # An answer is plain text, even if it looks like special tokens.
        request = {"content": text, "add_special": is_prompt, "parse_special": is_prompt}
        return len(await self._post("/tokenize", orjson.dumps(request), "tokens"))

    async def _post(self, path: str, body: bytes, field: str) -> Any:
        async with self._server().post(path, body, self._call) as response:
            answer = await response.read()
            if response.status != HTTPStatus.OK:
                raise refusal(self._name, response.status, response.headers, answer, hide=str)
        try:
            return orjson.loads(answer)[field]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise BackendBadAnswer(f"The embedded model's server did not answer {path} as it should.") from error


def _texts(choice: dict[str, Any]) -> Iterator[str]:
    """The pieces of text in an event's choice: of the answer, the thoughts and the tool calls."""
    delta = choice.get("delta") or {}
    yield from filter(None, (choice.get("text"), delta.get("reasoning_content"), delta.get("content")))
    for call in delta.get("tool_calls") or ():
        function = call.get("function") or {}
        yield from filter(None, (function.get("name"), function.get("arguments")))
