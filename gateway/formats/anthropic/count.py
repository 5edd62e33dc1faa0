"""Anthropic's counting of a prompt's tokens, where somebody can: Anthropic, or the model's own tokenizer.

Source: platform.claude.com/docs/en/api/messages-count-tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.formats.anthropic.format import AnthropicFormat
from gateway.formats.anthropic.schema import CountTokensRequest
from gateway.formats.openapi import path_item
from gateway.request.usage import Usage

if TYPE_CHECKING:
    from gateway.backends.base import Backend, Call
    from gateway.operations import Operation


class CountTokensFormat(AnthropicFormat):
    """`{"input_tokens": 12}`; nothing is generated, so it costs no tokens."""

    request = CountTokensRequest

    def to_call(self, backend: Backend, call: Call) -> Call:
        """The chat call that the same Messages request would be."""
        if self.name in backend.native:
            return super().to_call(backend, call)
        # No part of a prompt, but chat wants a limit.
        return super().to_call(backend, replace(call, fields={**call.fields, "max_tokens": 1}))

    async def complete(self, backend: Backend, call: Call, _request: dict[str, Any]) -> bytes:
        """The count."""
        call.meter.reported = Usage(0, 0, "backend")
        return await backend.complete(call)

    def path_item(self, operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
        """The endpoint for the OpenAPI page."""
        return path_item(
            CountTokensRequest,
            answer=f"{operation.answer_name}, as Anthropic has it",
            stream=None,
            error='{"type": "error", "error": {"type", "message"}, "request_id"}',
            prefix="Messages.",
        )
