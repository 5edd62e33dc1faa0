"""Counts the tokens of a prompt, by Anthropic or by the model's own tokenizer.

Source: platform.claude.com/docs/en/api/messages-count-tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.formats.anthropic.format import AnthropicFormat
from gateway.formats.anthropic.schema import CountTokensRequest
from gateway.formats.openapi import ANTHROPIC_ERROR, path_item
from gateway.request.usage import Usage
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from gateway.backends.base import Backend, Call
    from gateway.operations import Operation


class CountTokensFormat(AnthropicFormat):
    """The answer is `{"input_tokens": 12}`; nothing is generated, so it costs no tokens."""

    request = CountTokensRequest

    def to_call(self, backend: Backend, call: Call) -> Call:
        """The chat call of the same Messages request."""
        if self.name in backend.native:
            return super().to_call(backend, call)
        # Not part of the prompt, but the translation needs a limit.
        fields = {**call.exact_fields(), "max_tokens": 1}
        return super().to_call(backend, replace(call, fields=fields, body=dump(fields)))

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
            error=ANTHROPIC_ERROR,
            prefix="Messages.",
        )
