"""Whether a failed attempt is followed by another, at which backend, and after what wait."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from gateway.errors.base import (
    BackendDisconnected,
    BackendError,
    BackendRejectedRequest,
    BackendTimeout,
    BackendUnavailable,
    GatewayError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config.server import Retries
    from gateway.routing.balancing import Candidate
    from gateway.routing.routes import Route

# Refusals of a request that the same request may escape later; the list of OpenAI's own clients, without 5xx.
_PASSING_STATUSES = frozenset({408, 409, 429})


def is_retryable(error: GatewayError) -> bool:
    """Whether the same request may be answered by another attempt: no connection, 408, 409, 429, 5xx, silence."""
    if not error.reached or error.should_retry:
        return True
    if isinstance(error, BackendRejectedRequest):
        return error.status in _PASSING_STATUSES
    # The plain class is a backend's 5xx.
    return isinstance(error, BackendDisconnected | BackendTimeout | BackendUnavailable) or type(error) is BackendError


def counts_as_failure(error: GatewayError) -> bool:
    """Whether the error counts as a failure of its backend; a backend that refuses one request is well."""
    return isinstance(error, BackendError) and not isinstance(error, BackendRejectedRequest)


def backoff_s(retry: int, retries: Retries, draw: Callable[[float, float], float] = random.uniform) -> float:
    """The wait before the `retry`-th repetition, with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).

    Args:
        retry: from 1.
        retries: `base_s`, doubled with each repetition, and `cap_s`, its upper bound.
        draw: a number evenly drawn between two.
    """
    return draw(0, min(retries.cap_s, retries.base_s * 2 ** (retry - 1)))


class RetryPlan:
    """The way of one request along its route.

    Within a group of candidates, each is attempted once, without a wait; then, after a wait, each once more, up to
    `attempts` times. Then comes the next group. A backend is not attempted before its own Retry-After has passed; one
    that asks for more than `cap_s` is left for the next group, if there is one. Open backends are passed over. No wait
    reaches beyond the deadline: what would have to wait so long is given up at once.

    Args:
        route: where the request may go.
        deadline: on `clock`.
        clock: seconds that only grow.
        draw: as for `backoff_s`.
    """

    def __init__(
        self,
        route: Route,
        deadline: float,
        clock: Callable[[], float],
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._groups = route.groups
        self._retries = route.retries
        self._deadline = deadline
        self._clock = clock
        self._draw = draw
        self._place = 0
        self._round = 1
        # The candidates of this group that had their attempt in this round, and when each may have another.
        self._tried: dict[Candidate, float] = {}

    def next(self) -> Candidate | float | None:
        """The candidate to attempt now, or the wait in seconds before the next call of this, or None: nothing is left.

        It changes the plan: call it when the attempt before has ended, or the wait is over.
        """
        while self._place < len(self._groups) and self._clock() < self._deadline:
            candidate = self._groups[self._place].choose(self._tried)
            if candidate is not None:
                return candidate
            pause_s = self._pause_s()
            if pause_s is not None:
                until = self._clock() + pause_s
                self._tried = {tried: at for tried, at in self._tried.items() if at > until}
                self._round += 1
                return pause_s
            self._place += 1
            self._round = 1
            self._tried = {}
        return None

    def failed(self, candidate: Candidate, error: GatewayError) -> None:
        """Note that the attempt of `candidate` failed in a way that may pass."""
        wait_s = math.inf if error.should_retry is False else error.retry_after_s or 0.0
        self._tried[candidate] = self._clock() + wait_s

    def _pause_s(self) -> float | None:
        """The wait before this group's next round; None if it gets none."""
        if self._round >= self._retries.attempts:
            return None
        now = self._clock()
        asked_s = min((at - now for candidate, at in self._tried.items() if not candidate.open), default=math.inf)
        if asked_s > self._retries.cap_s and any(group.choosable for group in self._groups[self._place + 1 :]):
            return None
        pause_s = max(asked_s, backoff_s(self._round, self._retries, self._draw))
        return pause_s if now + pause_s < self._deadline else None
