"""Options of an evaluation in the store, as `runs.begin` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from keywords.engine.evaluation.items import Form  # noqa: TC001  # pydantic reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Sampling(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    temperature: float
    draws: int = Field(ge=1)
    seed: int | None
    rotate: bool = True
    max_tokens: int | None = None
    logprobs: bool = False
    extra: dict[str, Any] | None = None


class _Options(BaseModel):
    model_config = ConfigDict(strict=True)

    set: str
    label: str
    form: Form
    sha256: str
    file: str
    own_items: bool
    items: int
    scorers: list[str] = Field(min_length=1)
    sampling: _Sampling
    concurrency: int
    use_cache: bool
    resumed: int
    resumed_at: list[str] = []


def check_options(options: Mapping[str, Any]) -> None:
    """Verify that they are an evaluation's.

    Raises:
        ValueError: they are not.
    """
    _Options.model_validate(options)
