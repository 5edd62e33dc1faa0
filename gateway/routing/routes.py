"""The routes: from a model's id to its backends, in order."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from gateway.errors.base import ModelNotFound, OperationNotOffered
from gateway.operations import CHAT, COUNT_TOKENS, OPERATIONS
from gateway.routing.balancing import BackendState, Candidate, Group
from gateway.routing.breaker import Breaker
from gateway.routing.cooldown import Cooldown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gateway.backends.base import Backend
    from gateway.config.load import Config, ModelConfig, RouteStep
    from gateway.config.server import BreakerConfig, Retries
    from gateway.operations import Operation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Route:
    """The backends of one model.

    Attributes:
        groups: groups of candidates, in the order in which they are attempted.
        retries: how often a backend is attempted.
    """

    groups: tuple[Group, ...]
    retries: Retries

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All candidates, in order."""
        return tuple(candidate for group in self.groups for candidate in group.candidates)


class Routes:
    """The routes of all models.

    Args:
        config: its models, and the settings of retries and breakers.
        backends: the backends by name.
        states: existing states of backends by name; a breaker begins anew where its settings have changed.
        cooldowns: existing ones of the same backends, to keep.

    Attributes:
        candidates: the candidates of each model, in order; at least one.
        states: the state of each backend by its name.
        cooldowns: by backend and its name for the model; only of those that some route has another candidate for.
    """

    def __init__(
        self,
        config: Config,
        backends: Mapping[str, Backend],
        states: Mapping[str, BackendState],
        cooldowns: Mapping[tuple[str, str], Cooldown],
    ) -> None:
        models, retries, breaker = config.models, config.retries, config.breaker
        replaceable = {name for of_route in _shared_by(models, lambda step, _: step.backend) for name in of_route}
        self.states = {
            name: _state(name, breaker, states.get(name), has_alternative=name in replaceable) for name in backends
        }
        replaceable_models = _shared_by(models, lambda step, model: (step.backend, step.model or model))
        self.cooldowns = {
            key: cooldowns.get(key) or Cooldown(*key) for of_route in replaceable_models for key in of_route
        }
        groups = {model: self._groups(model, of_model, backends) for model, of_model in models.items()}
        self.candidates: dict[str, tuple[Candidate, ...]] = {
            model: Route(tuple(of_model), retries).candidates for model, of_model in groups.items()
        }
        self._routes = {
            operation: {model: Route(_offering(operation, of_model), retries) for model, of_model in groups.items()}
            for operation in (*OPERATIONS, COUNT_TOKENS)
        }

    def to(self, model: str, operation: Operation = CHAT) -> Route:
        """The route of a model, restricted to the backends that offer the operation.

        Raises:
            ModelNotFound: 404, with the most similar id if there is one.
            OperationNotOffered: 400, with the models that offer the operation.
        """
        routes = self._routes[operation]
        route = routes.get(model)
        if route is None:
            near = get_close_matches(model[:200], routes, n=1)
            raise ModelNotFound(model, near[0] if near else None)
        if not route.groups:
            able = [other for other, other_route in routes.items() if other_route.groups]
            settings = (candidate.backend.setting_for(operation) for candidate in self.candidates[model])
            raise OperationNotOffered(model, operation.url_path, able=able, setting=next(filter(None, settings), ""))
        return route

    def _groups(self, model: str, config: ModelConfig, backends: Mapping[str, Backend]) -> list[Group]:
        """The groups of a route: neighbours with a weight share one, a candidate without a weight has its own."""
        groups: list[list[Candidate]] = []
        previous_has_weight = False
        for settings in config.route:
            name = settings.model or model
            candidate = Candidate(
                backends[settings.backend],
                name,
                self.states[settings.backend],
                settings.weight or 1.0,
                cooldown=self.cooldowns.get((settings.backend, name)),
            )
            if previous_has_weight and settings.weight is not None:
                groups[-1].append(candidate)
            else:
                groups.append([candidate])
            previous_has_weight = settings.weight is not None
        return [Group(candidates) for candidates in groups]


def _offering(operation: Operation, groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups without the candidates whose backend does not offer the operation."""
    offering = (
        [candidate for candidate in group.candidates if operation in candidate.backend.operations] for group in groups
    )
    return tuple(Group(candidates) for candidates in offering if candidates)


def _state(name: str, breaker: BreakerConfig, old: BackendState | None, *, has_alternative: bool) -> BackendState:
    new = Breaker(name, breaker, has_alternative=has_alternative)
    if old is None:
        return BackendState(new)
    is_same = old.breaker.config == breaker and old.breaker.can_open == new.can_open
    return old if is_same else BackendState(new)


def _shared_by(models: Mapping[str, ModelConfig], key: Callable[[RouteStep, str], T]) -> Iterator[set[T]]:
    """The keys of the steps of each route, where they are several."""
    for model, config in models.items():
        keys = {key(step, model) for step in config.route}
        if len(keys) > 1:
            yield keys
