"""Anthropic's counting of a prompt's tokens, where somebody can: Anthropic, or the model's own tokenizer.

Source: platform.claude.com/docs/en/api/messages-count-tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.backends.anthropic.backend import AnthropicBackend
from gateway.formats.anthropic.format import Messages
from gateway.formats.anthropic.schema import CountTokensRequest
from gateway.formats.openapi import path_item
from gateway.request.usage import METER, Usage

if TYPE_CHECKING:
    from gateway.backends.base import Backend, Call
    from gateway.operations import Operation


class CountTokens(Messages):
    """`{"input_tokens": 12}`; nothing is generated, so it costs no tokens."""

    request = CountTokensRequest

    def call(self, backend: Backend, call: Call) -> Call:
        """The chat call that the same Messages request would be."""
        if isinstance(backend, AnthropicBackend):
            return call
        # No part of a prompt, but chat wants a limit.
        return super().call(backend, replace(call, fields={**call.fields, "max_tokens": 1}))

    async def complete(self, backend: Backend, call: Call, _asked: dict[str, Any]) -> bytes:
        """The count."""
        METER.get().counted = Usage(0, 0, "backend")
        if isinstance(backend, AnthropicBackend):
            return await backend.count_tokens(call, self.headers())
        return await backend.complete(call)

    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """The endpoint for the OpenAPI page."""
        return path_item(
            CountTokensRequest,
            answer=f"{operation.answer}, as Anthropic has it",
            stream=None,
            error='{"type": "error", "error": {"type", "message"}, "request_id"}',
            prefix="Messages.",
        )
