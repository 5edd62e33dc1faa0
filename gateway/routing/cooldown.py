"""The cooldown of one model of a backend: the time for which the backend asked not to be sent more requests."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from gateway.logs.events import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_S = 60.0
"""The longest cooldown, as LiteLLM believes no longer Retry-After (`_calculate_retry_after`): a backend that names a
year by mistake is asked again after a minute."""
TEST_S = 1.0
"""How long other requests wait for the answer to the first one after a cooldown."""


class Cooldown:
    """Says for how long requests should go to other backends, by the latest Retry-After.

    It refuses nothing: where no other backend of a route answers, one that cools down is asked all the same. Its answer
    ends the cooldown. When the time is over, one attempt tests the backend, and for up to `TEST_S` the others still go
    elsewhere; else all requests at once would be refused again.

    Each attempt calls `begin` at its start, and `start` or `end` with the statement that it returned. A Retry-After
    that answers a request from before the latest one can only prolong the cooldown, and such a success says nothing.

    Args:
        backend: name of the backend, for the log.
        model: the backend's name for the model.
        clock: monotonic time in seconds.

    Attributes:
        backend: as given.
        model: as given.
        statement: number of the latest Retry-After or end.
        on_change: called with this cooldown when this process changes it.
    """

    __slots__ = ("_clock", "_ends_at", "_is_untested", "backend", "model", "on_change", "statement")

    def __init__(self, backend: str, model: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.backend = backend
        self.model = model
        self.statement = 0
        self.on_change: Callable[[Cooldown], None] | None = None
        self._clock = clock
        self._ends_at = 0.0
        self._is_untested = False

    def wait_s(self) -> float:
        """Seconds until it ends; 0 if there is none."""
        if not self._ends_at:
            return 0.0
        left_s = self._ends_at - self._clock()
        if left_s <= 0:
            self._ends_at = 0.0
            return 0.0
        return left_s

    @property
    def is_asked_for(self) -> bool:
        """Whether the time that the backend named still lasts; not while an attempt tests it."""
        return self._is_untested and self.wait_s() > 0

    def begin(self) -> int:
        """Note that an attempt begins.

        Returns:
            The statement that it answers.
        """
        if self._is_untested and not self.wait_s():
            self._is_untested = False
            self._ends_at = self._clock() + TEST_S
        return self.statement

    def start(self, statement: int, asked_s: float) -> None:
        """Note that an attempt was refused with a Retry-After.

        Args:
            statement: as `begin` returned it.
            asked_s: the Retry-After in seconds.
        """
        left_s, wait_s = self.wait_s(), min(asked_s, LONGEST_S)
        if statement != self.statement:
            wait_s = max(wait_s, left_s)
        if wait_s <= 0:
            return
        if not left_s:
            self._log_start(wait_s)
        self._set_and_tell(wait_s)

    def end(self, statement: int) -> None:
        """Note that an attempt was answered."""
        if statement == self.statement and self.wait_s():
            log_event("cooldown", state="ended", backend=self.backend, model=self.model)
            self._set_and_tell(0.0)

    def apply_remote(self, left_s: float) -> None:
        """Take over what another process knows: the rest of its cooldown, or 0 for its end."""
        left_s = min(left_s, LONGEST_S)
        if left_s > 0 and not self.wait_s():
            self._log_start(left_s, told_by="another process")
        self._set(left_s)

    def _log_start(self, wait_s: float, **why: str) -> None:
        fields = {"backend": self.backend, "model": self.model, "wait_s": round(wait_s, 3), **why}
        log_event("cooldown", level=logging.WARNING, state="started", **fields)

    def _set_and_tell(self, wait_s: float) -> None:
        self._set(wait_s)
        if self.on_change is not None:
            self.on_change(self)

    def _set(self, wait_s: float) -> None:
        self.statement += 1
        self._is_untested = wait_s > 0
        self._ends_at = self._clock() + wait_s if wait_s > 0 else 0.0
