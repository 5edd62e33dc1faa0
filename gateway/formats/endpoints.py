"""The endpoints: the operation and the format of each path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.formats.anthropic.count import CountTokensFormat
from gateway.formats.anthropic.errors import PATH as MESSAGES
from gateway.formats.anthropic.format import AnthropicFormat
from gateway.formats.openai.chat import ChatRequest
from gateway.formats.openai.completion import CompletionRequest
from gateway.formats.openai.embeddings import EmbeddingsRequest
from gateway.formats.openai.format import OpenAIFormat
from gateway.operations import CHAT, COUNT_TOKENS, EMBEDDINGS, TEXT_COMPLETION

if TYPE_CHECKING:
    from gateway.formats.base import Format, Headers
    from gateway.operations import Operation

ENDPOINTS: dict[str, tuple[Operation, Format]] = {
    CHAT.url_path: (CHAT, OpenAIFormat(ChatRequest)),
    TEXT_COMPLETION.url_path: (TEXT_COMPLETION, OpenAIFormat(CompletionRequest)),
    EMBEDDINGS.url_path: (EMBEDDINGS, OpenAIFormat(EmbeddingsRequest)),
    MESSAGES: (CHAT, AnthropicFormat()),
    COUNT_TOKENS.url_path: (COUNT_TOKENS, CountTokensFormat()),
}
"""The operation and the format by path."""
# OpenAI's format matches every path, so it is the last.
_FORMATS = (ENDPOINTS[MESSAGES][1], ENDPOINTS[CHAT.url_path][1])
_FALLBACK = _FORMATS[-1]


def format_of(path: str, headers: Headers = ()) -> Format:
    """The format of a request to any path, even an unknown one.

    Args:
        path: of the request.
        headers: of the request, as far as they are known.
    """
    for client_format in _FORMATS:
        if client_format.matches(path, headers):
            return client_format
    return _FALLBACK
