"""Counting what each key uses: requests and tokens per minute, requests at once, and its budget.

Requests and tokens are counted in token buckets: a full one holds a minute's worth, so that much may come at once, and
it fills evenly within `window_s`. Tokens are taken before the answer, as an estimate, and corrected after it; a bucket
may fall below zero by that and must fill up first.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.limits.keyring import Key

Reason = Literal["", "size", "budget_tokens", "budget_usd", "concurrency", "requests", "tokens"]


class Verdict(NamedTuple):
    """Whether a request may pass, and what its key has left.

    Attributes:
        reason: the limit that forbids it; empty if it may pass.
        requests: requests that may follow at once; may be a fraction. 0 if there is no such limit.
        tokens: tokens likewise; below zero if more were used than estimated.
    """

    reason: Reason
    requests: float
    tokens: float


@dataclass(slots=True)
class Ticket:
    """What one request took beforehand; it is handed back when the request has ended.

    Attributes:
        key: whose request it is.
        tokens: estimated tokens of prompt and answer.
        usd: their estimated cost.
        id: distinguishes the tickets of all workers.
    """

    key: Key
    tokens: int
    usd: float
    id: str = ""


class LimitStore(ABC):
    """Where it is counted.

    Attributes:
        window_s: seconds in which an empty bucket becomes full.
    """

    window_s: float

    @abstractmethod
    async def take(self, ticket: Ticket) -> Verdict:
        """Take one request and the ticket's tokens and cost, all or nothing.

        Raises:
            LimitsUnavailable: the store does not answer.
        """

    @abstractmethod
    def give_back(self, ticket: Ticket, *, tokens: int, usd: float, requests: int = 0) -> None:
        """Correct the estimate when a request has ended; never waits.

        Args:
            ticket: what was taken.
            tokens: what was really used.
            usd: what it really cost.
            requests: 1 if it shall not even count as a request.
        """

    @abstractmethod
    def correct(self, key: Key, *, tokens: int, usd: float) -> None:
        """Have a key pay so much more, or less, for a request that has given its ticket back; never waits."""

    async def start(self) -> None:  # noqa: B027  # a store in memory has nothing to start
        """Connect."""

    async def stop(self) -> None:  # noqa: B027  # as above
        """Write what is not written yet, and disconnect."""


@dataclass(slots=True)
class _Usage:
    requests: float
    tokens: float
    at: float
    in_flight: int = 0
    spent_tokens: int = 0
    spent_usd: float = 0.0


@dataclass(slots=True)
class MemoryStore(LimitStore):
    """Counts in this process alone.

    Args:
        window_s: seconds in which an empty bucket becomes full.
        spent: what keys with a budget have used before: tokens and USD by the key's id.
        clock: seconds, monotonic.

    Attributes:
        changed: keys with a budget that have used some of it since the caller last emptied this.
    """

    window_s: float
    spent: dict[str, tuple[int, float]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    changed: set[str] = field(default_factory=set)
    _usage: dict[str, _Usage] = field(default_factory=dict)

    async def take(self, ticket: Ticket) -> Verdict:
        """See `LimitStore.take`."""
        key, usage = ticket.key, self._filled(ticket.key)
        rpm, tpm = key.rpm, key.tpm
        reason: Reason = ""
        if tpm is not None and ticket.tokens > tpm:
            reason = "size"
        elif key.budget_tokens is not None and usage.spent_tokens + ticket.tokens > key.budget_tokens:
            reason = "budget_tokens"
        elif key.budget_usd is not None and usage.spent_usd + ticket.usd > key.budget_usd:
            reason = "budget_usd"
        elif key.concurrency is not None and usage.in_flight >= key.concurrency:
            reason = "concurrency"
        elif rpm is not None and usage.requests < 1:
            reason = "requests"
        elif tpm is not None and usage.tokens < ticket.tokens:
            reason = "tokens"
        else:
            usage.in_flight += 1
            if rpm is not None:
                usage.requests -= 1
            if tpm is not None:
                usage.tokens -= ticket.tokens
            self._spend(key, usage, ticket.tokens, ticket.usd)
        return Verdict(reason, usage.requests, usage.tokens)

    def give_back(self, ticket: Ticket, *, tokens: int, usd: float, requests: int = 0) -> None:
        """See `LimitStore.give_back`."""
        usage = self._filled(ticket.key)
        usage.in_flight -= 1
        if ticket.key.rpm is not None:
            usage.requests += requests
        if ticket.key.tpm is not None:
            usage.tokens += ticket.tokens - tokens
        self._spend(ticket.key, usage, tokens - ticket.tokens, usd - ticket.usd)

    def correct(self, key: Key, *, tokens: int, usd: float) -> None:
        """See `LimitStore.correct`."""
        usage = self._filled(key)
        if key.tpm is not None:
            usage.tokens -= tokens
        self._spend(key, usage, tokens, usd)

    def spent_by(self, key_id: str) -> tuple[int, float]:
        """The tokens and the USD that a key has used of its budget."""
        usage = self._usage.get(key_id)
        return (usage.spent_tokens, usage.spent_usd) if usage else self.spent.get(key_id, (0, 0.0))

    def _spend(self, key: Key, usage: _Usage, tokens: int, usd: float) -> None:
        if key.has_budget:
            usage.spent_tokens += tokens
            usage.spent_usd += usd
            self.changed.add(key.id)

    def _filled(self, key: Key) -> _Usage:
        """The key's usage, its buckets filled up to now."""
        now = self.clock()
        usage = self._usage.get(key.id)
        rpm, tpm = key.rpm or 0, key.tpm or 0
        if usage is None:
            usage = self._usage[key.id] = _Usage(rpm, tpm, now)
            usage.spent_tokens, usage.spent_usd = self.spent.get(key.id, (0, 0.0))
            return usage
        share = (now - usage.at) / self.window_s
        usage.requests = min(rpm, usage.requests + share * rpm)
        usage.tokens = min(tpm, usage.tokens + share * tpm)
        usage.at = now
        return usage
