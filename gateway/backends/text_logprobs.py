"""Log probabilities of text completions from those of chat, whose format Ollama and llama.cpp use for both.

Formats: `CreateCompletionResponse` and `ChatCompletionTokenLogprob` of github.com/openai/openai-openapi.
"""

from __future__ import annotations

from typing import Any


class TextLogprobs:
    """Translates the log probabilities of one choice, which may come in pieces.

    Args:
        top: requested number of alternatives to each token.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._offset = 0

    def translate(self, content: list[dict[str, Any]]) -> dict[str, Any]:
        """Translate one piece; its offsets, in characters, start where the last piece ended.

        Args:
            content: `token`, `logprob` and `top_logprobs` of each token.

        Raises:
            KeyError, TypeError, AttributeError: `content` has another structure.
        """
        offsets = []
        for token in content:
            offsets.append(self._offset)
            self._offset += len(token["token"])
        return {
            "tokens": [token["token"] for token in content],
            "token_logprobs": [token["logprob"] for token in content],
            "top_logprobs": [self._alternatives(token) for token in content] if self._top else None,
            "text_offset": offsets,
        }

    def _alternatives(self, token: dict[str, Any]) -> dict[str, float]:
        alternatives = (token.get("top_logprobs") or [])[: self._top]
        return {alternative["token"]: alternative["logprob"] for alternative in alternatives}
