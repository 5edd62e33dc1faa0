"""Which of several equal backends gets the next attempt: the one with the least in flight for its weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gateway.backends.base import Backend
    from gateway.routing.breaker import Breaker


@dataclass(slots=True, eq=False)
class Standing:
    """How a backend stands with this gateway, over all routes that lead to it.

    Attributes:
        breaker: whether it may be attempted.
        in_flight: attempts that run now.
    """

    breaker: Breaker
    in_flight: int = 0


@dataclass(slots=True, eq=False)
class Step:
    """One backend of a route.

    Attributes:
        backend: who is asked.
        model: the model's name there.
        standing: the backend's.
        weight: its share among the steps of its group.
        credit: what it is owed while all of its group are equally busy.
    """

    backend: Backend
    model: str
    standing: Standing
    weight: float = 1.0
    credit: float = 0.0

    @property
    def open(self) -> bool:
        """Whether its backend is left alone for now."""
        return self.standing.breaker.wait_s() > 0


class Group:
    """Steps that share the load of one place in a route.

    Args:
        steps: at least one.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)

    @property
    def choosable(self) -> bool:
        """Whether some step's backend may be attempted now."""
        return not all(step.open for step in self.steps)

    def choose(self, without: Container[Step] = ()) -> Step | None:
        """The step for the next attempt.

        It has the fewest attempts in flight for its weight. Equally busy ones take turns in proportion to their
        weights by smooth weighted round-robin, as nginx does (commit 52327e0627f4 of its source), which spreads the
        turns of a heavy one.

        Args:
            without: steps that are not wanted.

        Returns:
            None if every other step's backend is open.
        """
        able = [step for step in self.steps if step not in without and not step.open]
        if len(able) <= 1:
            return able[0] if able else None
        least = min(step.standing.in_flight / step.weight for step in able)
        idlest = [step for step in able if step.standing.in_flight / step.weight == least]
        for step in idlest:
            step.credit += step.weight
        chosen = max(idlest, key=lambda step: step.credit)
        chosen.credit -= sum(step.weight for step in idlest)
        return chosen
