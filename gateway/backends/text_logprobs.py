"""Log probabilities in the shape of text completions, from the shape of chat, which Ollama and llama.cpp use for both.

Shapes: `CreateCompletionResponse` and `ChatCompletionTokenLogprob` of github.com/openai/openai-openapi.
"""

from __future__ import annotations

from typing import Any


class TextLogprobs:
    """Translates the log probabilities of one choice, which may come in pieces.

    Args:
        top: how many alternatives to each token were asked for.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._offset = 0

    def translated(self, content: list[dict[str, Any]]) -> dict[str, Any]:
        """One piece; offsets into the text, in characters, go on where the last piece ended.

        Args:
            content: for each token its `token`, `logprob` and `top_logprobs`.

        Raises:
            KeyError, TypeError, AttributeError: it is not of that shape.
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
        listed = (token.get("top_logprobs") or [])[: self._top]
        return {other["token"]: other["logprob"] for other in listed}
