"""Counts the tokens of a prompt at servers of OpenAI's format that have an address for it.

vLLM renders and tokenizes chat messages at `POST /tokenize` (docs.vllm.ai, "Tokenizer API"); llama.cpp renders them at
`POST /apply-template` and tokenizes the text at `POST /tokenize` (tools/server/README.md). Both as for the chat itself.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import orjson

from gateway.backends.http.refusal import refusal
from gateway.errors import faults
from gateway.errors.base import BackendBadAnswer, OperationNotOffered
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from gateway.backends.base import Call
    from gateway.backends.http.connection import Connection
    from gateway.backends.http.refusal import Hide

Tokenizer = Literal["vllm", "llamacpp"]
_NOT_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
# What decides the prompt, among the fields of a chat request.
_PROMPT_FIELDS = ("messages", "tools")


class PromptCounter:
    """Counts the tokens of chat prompts.

    Args:
        tokenizer: the server.
        backend: the backend's name in the configuration.
        base_url: of the backend; both addresses lie beside `/v1`.
        hide: hides the gateway's keys in the server's errors.
    """

    def __init__(self, tokenizer: Tokenizer, backend: str, base_url: str, hide: Hide) -> None:
        self._tokenizer = tokenizer
        self._backend = backend
        self._hide = hide
        # The dots leave `/v1` (RFC 3986 §5.2.4).
        self._prefix = "/.." if base_url.endswith("/v1") else ""

    async def count(self, call: Call, connection: Connection) -> int:
        """The number of prompt tokens of a chat call.

        Raises:
            OperationNotOffered: the server has no such address; another backend may be asked.
            GatewayError: the server refuses the prompt, or its answer has no count.
        """
        prompt = {name: call.fields[name] for name in _PROMPT_FIELDS if call.fields.get(name)}
        if self._tokenizer == "vllm":
            request = {"model": call.backend_model, **prompt}
            count: int = await self._post("/tokenize", request, "count", int, call, connection)
            return count
        text = await self._post("/apply-template", prompt, "prompt", str, call, connection)
        content = {"content": text, "add_special": True, "parse_special": True}
        return len(await self._post("/tokenize", content, "tokens", list, call, connection))

    async def _post(  # noqa: PLR0913, PLR0917  # a request and its answer
        self, path: str, body: dict[str, Any], field: str, kind: type, call: Call, connection: Connection
    ) -> Any:
        async with connection.post(self._prefix + path, dump(body), call) as response:
            answer = await response.read()
            if response.status in _NOT_THERE:
                raise self._not_offered(call, path)
            if response.status != HTTPStatus.OK:
                raise refusal(self._backend, response.status, response.headers, answer, self._hide)
        try:
            value: Any = orjson.loads(answer)[field]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            value = None
        if type(value) is not kind or (isinstance(value, int) and value < 0):
            raise BackendBadAnswer(
                f"Backend '{self._backend}' answered {path} without '{field}'. Check its tokenizer in gateway.toml."
            )
        return value

    def _not_offered(self, call: Call, path: str) -> OperationNotOffered:
        error = OperationNotOffered(
            call.model,
            call.operation.url_path,
            able=(),
            setting=f"change backends.{self._backend}.tokenizer in gateway.toml, for its server has no {path}",
        )
        # The route's next backend may be able to count.
        error.fault = faults.UNSUPPORTED_THERE
        return error
