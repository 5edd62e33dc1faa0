"""Which of several equal backends gets the next attempt: the one with the least in flight for its weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gateway.backends.base import Backend
    from gateway.routing.breaker import Breaker


@dataclass(slots=True, eq=False)
class BackendState:
    """How a backend stands with this gateway, over all routes that lead to it.

    Attributes:
        breaker: whether it may be attempted.
        in_flight: attempts that run now.
    """

    breaker: Breaker
    in_flight: int = 0


@dataclass(slots=True, eq=False)
class Candidate:
    """One backend of a route.

    Attributes:
        backend: who is asked.
        model: the model's name there.
        state: the backend's.
        weight: its share among the candidates of its group.
        current_weight: what it is owed while all of its group are equally busy.
    """

    backend: Backend
    model: str
    state: BackendState
    weight: float = 1.0
    current_weight: float = 0.0

    @property
    def open(self) -> bool:
        """Whether its backend is left alone for now."""
        return self.state.breaker.wait_s() > 0


class Group:
    """Steps that share the load of one place in a route.

    Args:
        candidates: at least one.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)

    @property
    def choosable(self) -> bool:
        """Whether some candidate's backend may be attempted now."""
        return not all(candidate.open for candidate in self.candidates)

    def choose(self, without: Container[Candidate] = ()) -> Candidate | None:
        """The candidate for the next attempt.

        It has the fewest attempts in flight for its weight. Equally busy ones take turns in proportion to their
        weights by smooth weighted round-robin, as nginx does (commit 52327e0627f4 of its source), which spreads the
        turns of a heavy one.

        Args:
            without: candidates that are not wanted.

        Returns:
            None if every other candidate's backend is open.
        """
        able = [candidate for candidate in self.candidates if candidate not in without and not candidate.open]
        if len(able) <= 1:
            return able[0] if able else None
        least = min(candidate.state.in_flight / candidate.weight for candidate in able)
        idlest = [candidate for candidate in able if candidate.state.in_flight / candidate.weight == least]
        for candidate in idlest:
            candidate.current_weight += candidate.weight
        chosen = max(idlest, key=lambda candidate: candidate.current_weight)
        chosen.current_weight -= sum(candidate.weight for candidate in idlest)
        return chosen
