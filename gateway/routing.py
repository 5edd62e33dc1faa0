"""From a model's id to its route: which backends, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gateway.balancing import Group, Standing, Step
from gateway.breaker import Breaker
from gateway.errors import ModelNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.backends.base import Backend
    from gateway.config import ModelConfig
    from gateway.config_sections import BreakerConfig, Retries


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests for one model go.

    Attributes:
        groups: in order; the next one is for what the one before could not answer.
        retries: how often a backend is attempted.
    """

    groups: tuple[Group, ...]
    retries: Retries

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in order."""
        return tuple(step for group in self.groups for step in group.steps)


class Routes:
    """The routes of all models.

    Args:
        models: the configured models.
        backends: the backends by name.
        retries: how often a backend is attempted.
        breaker: when a backend is left alone.

    Attributes:
        steps: of each model, in order; at least one.
        standings: of each backend by its name.
    """

    def __init__(
        self,
        models: Mapping[str, ModelConfig],
        backends: Mapping[str, Backend],
        retries: Retries,
        breaker: BreakerConfig,
    ) -> None:
        self.standings = {name: Standing(Breaker(name, breaker)) for name in backends}
        self._routes = {
            model: Route(tuple(self._groups(model, config, backends)), retries) for model, config in models.items()
        }
        self.steps: dict[str, tuple[Step, ...]] = {model: route.steps for model, route in self._routes.items()}

    def to(self, model: str) -> Route:
        """The route of a model.

        Raises:
            ModelNotFound: 404, with the nearest id if one is near.
        """
        route = self._routes.get(model)
        if route is None:
            near = get_close_matches(model[:200], self._routes, n=1)
            raise ModelNotFound(model, near[0] if near else None)
        return route

    def _groups(self, model: str, config: ModelConfig, backends: Mapping[str, Backend]) -> list[Group]:
        """Neighbours with a weight share a group; a step without one has its place for itself."""
        groups: list[list[Step]] = []
        sharing = False
        for settings in config.route:
            step = Step(
                backends[settings.backend],
                settings.model or model,
                self.standings[settings.backend],
                settings.weight or 1.0,
            )
            if sharing and settings.weight is not None:
                groups[-1].append(step)
            else:
                groups.append([step])
            sharing = settings.weight is not None
        return [Group(steps) for steps in groups]
