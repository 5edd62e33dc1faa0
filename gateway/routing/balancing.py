"""Balancing: the next attempt goes to the backend with the fewest attempts in flight for its weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gateway.backends.base import Backend
    from gateway.routing.breaker import Breaker
    from gateway.routing.cooldown import Cooldown


@dataclass(slots=True, eq=False)
class BackendState:
    """The state of a backend, over all routes that lead to it.

    Attributes:
        breaker: its circuit breaker.
        in_flight: the number of attempts under way.
    """

    breaker: Breaker
    in_flight: int = 0


@dataclass(slots=True, eq=False)
class Candidate:
    """One backend of a route.

    Attributes:
        backend: the backend.
        model: the backend's name for the model.
        state: the state of the backend.
        weight: its share among the candidates of its group.
        current_weight: its credit in the weighted round-robin among equally busy candidates.
        cooldown: of the backend's model; None where no route has another candidate.
    """

    backend: Backend
    model: str
    state: BackendState
    weight: float = 1.0
    current_weight: float = 0.0
    cooldown: Cooldown | None = None

    @property
    def is_shut_off(self) -> bool:
        """Whether the breaker of its backend refuses attempts now."""
        breaker = self.state.breaker
        return breaker.refuses and breaker.wait_s() > 0

    @property
    def rest_s(self) -> float:
        """Seconds for which other candidates come first: its breaker is open, or it cools down; 0 if neither."""
        open_s = self.state.breaker.wait_s()
        return open_s if self.cooldown is None else max(open_s, self.cooldown.wait_s())


class Group:
    """The candidates that share the load at one place in a route.

    Args:
        candidates: at least one.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)

    @property
    def is_available(self) -> bool:
        """Whether any candidate may be attempted now, though it should perhaps rest."""
        return not all(candidate.is_shut_off for candidate in self.candidates)

    def choose(self, without: Container[Candidate] = (), resting: Container[Candidate] = ()) -> Candidate | None:
        """The candidate for the next attempt.

        It is the one with the fewest attempts in flight for its weight. Equally busy candidates take turns in
        proportion to their weights by nginx's smooth weighted round-robin (commit 52327e0627f4 of its source), which
        spreads the turns of a heavy candidate.

        Args:
            without: candidates to leave out.
            resting: candidates that are chosen though they should rest, unless they are shut off.

        Returns:
            None if there is no other candidate, or only such as should rest.
        """
        available = [
            candidate
            for candidate in self.candidates
            if candidate not in without
            and (not candidate.rest_s or (candidate in resting and not candidate.is_shut_off))
        ]
        if len(available) <= 1:
            return available[0] if available else None
        least = min(candidate.state.in_flight / candidate.weight for candidate in available)
        idlest = [candidate for candidate in available if candidate.state.in_flight / candidate.weight == least]
        for candidate in idlest:
            candidate.current_weight += candidate.weight
        chosen = max(idlest, key=lambda candidate: candidate.current_weight)
        chosen.current_weight -= sum(candidate.weight for candidate in idlest)
        return chosen
