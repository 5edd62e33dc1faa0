"""Decides whether a failed attempt is retried, at which backend, and after what wait."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from gateway.routing.balancing import Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config.server import Retries
    from gateway.errors.base import GatewayError
    from gateway.errors.faults import Then
    from gateway.routing.balancing import Candidate
    from gateway.routing.routes import Route


def step_after(error: GatewayError) -> Then:
    """What follows a failed attempt: the fault says it, and the backend's `x-should-retry` takes precedence."""
    if error.should_retry:
        return "again"
    if error.should_retry is False and error.fault.then == "again":
        return "other"
    return error.fault.then


def backoff_s(retry: int, retries: Retries, draw: Callable[[float, float], float] = random.uniform) -> float:
    """The wait before a retry, with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).

    Args:
        retry: number of the retry, from 1.
        retries: `base_s`, doubled with each retry, and `cap_s`, its upper bound.
        draw: draws a number uniformly between two.
    """
    return draw(0, min(retries.cap_s, retries.base_s * 2 ** (retry - 1)))


class RetryPlan:
    """The order of one request's attempts along its route.

    A round attempts each candidate of a group once, without a wait between them. A group has up to `attempts` rounds
    with a wait before each retry; then comes the next group. A backend is not attempted before its own Retry-After has
    passed; if it asks for more than `cap_s`, the next group is next, if there is one. Backends whose breaker refuses
    attempts are skipped; one whose failure would not pass, or that cannot carry the request, is attempted once. A wait
    beyond the deadline is not begun.

    Candidates that should rest, because other requests found them failing or were told to wait, are left for last; the
    one whose rest ends soonest is then first. If it asks for a wait once more, others that cool down are not asked, so
    that each request of a storm makes one attempt.

    Args:
        route: the groups of candidates.
        deadline: time on `clock`.
        clock: monotonic time in seconds.
        draw: as for `backoff_s`.
    """

    def __init__(
        self,
        route: Route,
        deadline: float,
        clock: Callable[[], float],
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._route = route
        self._groups = route.groups
        self._retries = route.retries
        self._deadline = deadline
        self._clock = clock
        self._draw = draw
        self._group = 0
        self._round = 1
        # The candidates already attempted in this round, and when each may be attempted again.
        self._tried: dict[Candidate, float] = {}
        # The candidates attempted in any round: each keeps its own Retry-After, whatever others were told.
        self._asked: set[Candidate] = set()
        self._is_last_resort = False
        # A last resort asked for a wait once more, so others that cool down are not asked.
        self._must_wait = False

    def next(self) -> Candidate | float | None:
        """Advance the plan; call it when the previous attempt has ended or the wait is over.

        Returns:
            The candidate to attempt now, or the wait in seconds before the next call; None if nothing is left.
        """
        step = self._next_of_groups()
        while step is None and self._turn_to_last_resort():
            step = self._next_of_groups()
        return step

    def _next_of_groups(self) -> Candidate | float | None:
        while self._group < len(self._groups) and self._clock() < self._deadline:
            candidate = self._groups[self._group].choose(self._tried, self._asked)
            if candidate is not None:
                return candidate
            pause_s = self._pause_s()
            if pause_s is not None:
                until = self._clock() + pause_s
                self._tried = {tried: at for tried, at in self._tried.items() if at > until}
                self._round += 1
                return pause_s
            self._group += 1
            self._round = 1
            self._tried = {}
        return None

    def failed(self, candidate: Candidate, error: GatewayError) -> bool:
        """Note that the attempt of `candidate` failed.

        Returns:
            Whether another attempt may follow; False if the client must hear of the error at once.
        """
        then = step_after(error)
        wait_s = error.retry_after_s or 0.0 if then == "again" else math.inf
        self._tried[candidate] = self._clock() + wait_s
        self._asked.add(candidate)
        self._must_wait = self._must_wait or (self._is_last_resort and error.cooldown_s > 0)
        return then != "stop"

    def _turn_to_last_resort(self) -> bool:
        """Take the candidate whose rest ends soonest, of those that were left for last, as the only group."""
        left = [
            candidate
            for candidate in self._route.candidates
            if candidate not in self._asked
            and not candidate.is_shut_off
            and not (self._must_wait and candidate.cooldown is not None and candidate.cooldown.is_asked_for)
        ]
        if not left or self._clock() >= self._deadline:
            return False
        last = min(left, key=lambda candidate: candidate.rest_s)
        self._groups = (Group((last,)),)
        self._group, self._round, self._tried = 0, 1, {}
        self._asked.add(last)
        self._is_last_resort = True
        return True

    def _pause_s(self) -> float | None:
        """The wait before the next round of this group; None if there is none."""
        if self._round >= self._retries.attempts:
            return None
        now = self._clock()
        backend_s = min(
            (at - now for candidate, at in self._tried.items() if not candidate.is_shut_off), default=math.inf
        )
        if backend_s > self._retries.cap_s and any(group.is_available for group in self._groups[self._group + 1 :]):
            return None
        pause_s = max(backend_s, backoff_s(self._round, self._retries, self._draw))
        return pause_s if now + pause_s < self._deadline else None
