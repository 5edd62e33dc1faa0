"""From a model's id to its route: which backends, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gateway.errors import ModelNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.backends.base import Backend
    from gateway.config import ModelConfig


@dataclass(frozen=True, slots=True)
class Step:
    """One backend of a route, and the model's name there."""

    backend: Backend
    model: str


class Routes:
    """The routes of all models.

    Args:
        models: the configured models.
        backends: the backends by name.

    Attributes:
        steps: of each model, in order; at least one.
    """

    def __init__(self, models: Mapping[str, ModelConfig], backends: Mapping[str, Backend]) -> None:
        self.steps: dict[str, tuple[Step, ...]] = {
            model: tuple(Step(backends[step.backend], step.model or model) for step in config.route)
            for model, config in models.items()
        }

    def to(self, model: str) -> tuple[Step, ...]:
        """The steps of a model's route.

        Raises:
            ModelNotFound: 404, with the nearest id if one is near.
        """
        steps = self.steps.get(model)
        if steps is None:
            near = get_close_matches(model[:200], self.steps, n=1)
            raise ModelNotFound(model, near[0] if near else None)
        return steps
