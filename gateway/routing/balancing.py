"""Balancing: the next attempt goes to the backend with the fewest attempts in flight for its weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gateway.backends.base import Backend
    from gateway.routing.breaker import Breaker


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
    """

    backend: Backend
    model: str
    state: BackendState
    weight: float = 1.0
    current_weight: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the breaker of its backend lets no attempt pass now."""
        return self.state.breaker.wait_s() > 0


class Group:
    """The candidates that share the load at one place in a route.

    Args:
        candidates: at least one.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)

    @property
    def is_available(self) -> bool:
        """Whether any candidate may be attempted now."""
        return not all(candidate.is_open for candidate in self.candidates)

    def choose(self, without: Container[Candidate] = ()) -> Candidate | None:
        """The candidate for the next attempt.

        It is the one with the fewest attempts in flight for its weight. Equally busy candidates take turns in
        proportion to their weights by nginx's smooth weighted round-robin (commit 52327e0627f4 of its source), which
        spreads the turns of a heavy candidate.

        Args:
            without: candidates to leave out.

        Returns:
            None if no other candidate may be attempted now.
        """
        available = [candidate for candidate in self.candidates if candidate not in without and not candidate.is_open]
        if len(available) <= 1:
            return available[0] if available else None
        least = min(candidate.state.in_flight / candidate.weight for candidate in available)
        idlest = [candidate for candidate in available if candidate.state.in_flight / candidate.weight == least]
        for candidate in idlest:
            candidate.current_weight += candidate.weight
        chosen = max(idlest, key=lambda candidate: candidate.current_weight)
        chosen.current_weight -= sum(candidate.weight for candidate in idlest)
        return chosen
