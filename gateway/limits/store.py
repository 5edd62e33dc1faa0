"""Counts the usage of each key: requests and tokens per minute, concurrent requests, and its budget.

Requests and tokens are counted in token buckets. A full bucket holds a minute's worth, which may be used at once; an
empty one refills evenly within `window_s`. Tokens are taken as an estimate before the answer and corrected after it,
so a bucket may fall below zero and must refill first.
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
        reason: the limit that refuses the request; empty if it may pass.
        requests: requests left, perhaps a fraction; 0 if there is no such limit.
        tokens: tokens left; 0 if there is no such limit, below zero if more were used than estimated.
    """

    reason: Reason
    requests: float
    tokens: float


@dataclass(slots=True)
class Ticket:
    """The estimate that one request takes from its key, and gives back when it has ended.

    Attributes:
        key: the key of the request.
        tokens: estimated tokens of prompt and answer.
        usd: their estimated cost.
        id: unique among all workers.
    """

    key: Key
    tokens: int
    usd: float
    id: str = ""


class LimitStore(ABC):
    """Where the usage of keys is counted.

    Attributes:
        window_s: seconds in which an empty bucket refills.
    """

    window_s: float

    @abstractmethod
    async def take(self, ticket: Ticket) -> Verdict:
        """Take one request with the ticket's tokens and cost, all or nothing.

        Raises:
            LimitsUnavailable: the store does not answer.
        """

    @abstractmethod
    def give_back(self, ticket: Ticket, *, tokens: int, usd: float, requests: int = 0) -> None:
        """Replace the estimate of an ended request by its actual usage; never waits.

        Args:
            ticket: what the request took.
            tokens: tokens actually used.
            usd: actual cost.
            requests: 1 to give back the request itself as well.
        """

    @abstractmethod
    def correct(self, key: Key, *, tokens: int, usd: float) -> None:
        """Charge a key more, or less if negative, for a request whose ticket was given back; never waits."""

    async def start(self) -> None:  # noqa: B027  # a store in memory has nothing to start
        """Connect to the store."""

    async def stop(self) -> None:  # noqa: B027  # nor to stop
        """Write pending changes, and disconnect."""


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
    """Counts in the memory of this process.

    Args:
        window_s: seconds in which an empty bucket refills.
        spent: earlier usage of keys with a budget: tokens and USD by the key's id.
        clock: monotonic time in seconds.

    Attributes:
        changed: ids of the keys whose spending changed since the caller last cleared it.
    """

    window_s: float
    spent: dict[str, tuple[int, float]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    changed: set[str] = field(default_factory=set)
    _usage: dict[str, _Usage] = field(default_factory=dict)

    async def take(self, ticket: Ticket) -> Verdict:
        """See `LimitStore.take`."""
        key, usage = ticket.key, self._refilled(ticket.key)
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
        usage = self._refilled(ticket.key)
        usage.in_flight -= 1
        if ticket.key.rpm is not None:
            usage.requests += requests
        if ticket.key.tpm is not None:
            usage.tokens += ticket.tokens - tokens
        self._spend(ticket.key, usage, tokens - ticket.tokens, usd - ticket.usd)

    def correct(self, key: Key, *, tokens: int, usd: float) -> None:
        """See `LimitStore.correct`."""
        usage = self._refilled(key)
        if key.tpm is not None:
            usage.tokens -= tokens
        self._spend(key, usage, tokens, usd)

    def spent_by(self, key_id: str) -> tuple[int, float]:
        """The tokens and USD that a key has spent of its budget."""
        usage = self._usage.get(key_id)
        return (usage.spent_tokens, usage.spent_usd) if usage else self.spent.get(key_id, (0, 0.0))

    def _spend(self, key: Key, usage: _Usage, tokens: int, usd: float) -> None:
        if key.has_budget:
            usage.spent_tokens += tokens
            usage.spent_usd += usd
            self.changed.add(key.id)

    def _refilled(self, key: Key) -> _Usage:
        """The usage of a key, its buckets refilled up to now."""
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
