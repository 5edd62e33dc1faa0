"""The table `[backends.<name>]` of the embedded model."""

# ruff: file-ignore[TC003]
# Pydantic reads the annotations when the module is loaded.

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from gateway.config.backends import BackendConfig


class LlamaCppConfig(BackendConfig):
    """The embedded model: llama.cpp in a child process.

    Attributes:
        model_path: a GGUF file; unset, the file of `gateway models pull` or `GATEWAY_MODEL`.
        context_tokens: context of each slot, prompt and answer together.
        slots: number of calls answered at once.
        cache_prompt: reuse the common prefix of earlier prompts. If off, the same prompt takes the same path and gives
            the same answer.
        neutralise: see `BackendConfig`; unless it is off, the control tokens of the weights are broken as well.
        embeddings: how the token vectors of a text are pooled; `model` uses the file's own setting. Unset, there are no
            embeddings, and no memory is reserved to process a text of `context_tokens` at once.
    """

    is_embedded: ClassVar[bool] = True

    kind: Literal["llamacpp"] = "llamacpp"
    neutralise: bool | tuple[str, ...] = True
    model_path: Path | None = None
    context_tokens: int = Field(default=2048, ge=64)
    slots: int = Field(default=4, ge=1, le=256)
    cache_prompt: bool = False
    embeddings: Literal["model", "mean", "cls", "last"] | None = None
