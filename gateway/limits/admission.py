"""Admits a validated request: first by the limits of its key, then by a slot of the concurrency limiter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors.base import InvalidRequest
from gateway.errors.limits import QuotaUsedUp, RateLimited
from gateway.limits.headers import headers, span
from gateway.limits.store import Ticket
from gateway.request.estimate import prompt_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.config.observability import Price
    from gateway.errors.base import GatewayError
    from gateway.limits.concurrency import ConcurrencyLimiter
    from gateway.limits.keyring import Key
    from gateway.limits.store import LimitStore, Verdict
    from gateway.operations import Operation

# The names of a limit of an answer. Engines differ in which one they prefer, and OpenAI-compatible backends get all.
_LIMIT_NAMES = (
    *("max_completion_tokens", "max_tokens"),  # OpenAI
    "n_predict",  # llama.cpp, tools/server/README.md
    "num_predict",  # Ollama, docs/api.md; also under `options`
    *("max_new_tokens", "max_length"),  # Hugging Face's, in servers built on it
)
# llama.cpp's name of `n`.
_CHOICES_NAME = "n_cmpl"
# Reserved for an answer without a limit, unless its model's `answer_tokens` are known; the actual number replaces it.
_ASSUMED_ANSWER = 256
# Longer than any answer; beyond it, stores could not count exactly.
_LONGEST_ANSWER = 2**40
_CONCURRENCY_WAIT_S = 1.0


@dataclass(slots=True)
class Reservation:
    """What one request has reserved: a ticket of its key's limits, and a slot.

    Args:
        headers: the rate limit headers of the answer.
        ticket: the ticket; None if the key has no limits.
        store: the store of the ticket.
        limiter: the concurrency limiter; None if there is no limit.
    """

    headers: list[tuple[bytes, bytes]]
    ticket: Ticket | None
    store: LimitStore
    limiter: ConcurrencyLimiter | None
    _has_slot: bool = False
    _charged: tuple[int, float] = (0, 0.0)

    async def wait_for_slot(self) -> None:
        """Take a slot, perhaps after a wait; a request that gets none costs its key nothing.

        Raises:
            Overloaded: the queue is full, or the wait was too long.
        """
        if self.limiter is not None:
            try:
                await self.limiter.acquire()
            except BaseException:
                if self.ticket is not None:
                    self.store.give_back(self.ticket, tokens=0, usd=0.0, requests=1)
                raise
        self._has_slot = True

    def release(self, tokens: int, usd: float) -> None:
        """Free the slot and charge the key with the actual usage; does nothing without a slot."""
        if not self._has_slot:
            return
        self._has_slot = False
        if self.limiter is not None:
            self.limiter.release()
        if self.ticket is not None:
            self._charged = tokens, usd
            self.store.give_back(self.ticket, tokens=tokens, usd=usd)

    def correct(self, tokens: int, usd: float) -> None:
        """Charge the key with this usage in place of that at the release."""
        if self.ticket is not None and (tokens, usd) != self._charged:
            self.store.correct(self.ticket.key, tokens=tokens - self._charged[0], usd=usd - self._charged[1])
            self._charged = tokens, usd


class Admission:
    """Decides whether a request may go to a backend.

    Args:
        store: counts the usage of keys.
        window_s: the window of `rpm` and `tpm`.
        limiter: the concurrency limiter; None if there is no limit.
        messages: the most messages of a request; None if there is no limit.
        prices: price of each model, for budgets in USD.
        answers: `answer_tokens` of the models that have it: the longest answer to a request without a limit.

    Attributes:
        store: as above; a reload puts the store of the previous generation in its place.
        limiter: as above, likewise.
    """

    def __init__(  # noqa: PLR0913  # one for each limit
        self,
        store: LimitStore,
        *,
        window_s: float,
        limiter: ConcurrencyLimiter | None,
        messages: int | None,
        prices: Mapping[str, Price],
        answers: Mapping[str, int],
    ) -> None:
        self.store = store
        self._window_s = window_s
        self.limiter = limiter
        self._messages = messages
        self._prices = prices
        self._answers = answers

    async def reserve(self, key: Key, operation: Operation, fields: dict[str, Any]) -> Reservation:
        """Take a request and its estimated tokens from the limits of its key.

        Args:
            key: the client's key.
            operation: the requested operation.
            fields: the validated body.

        Returns:
            What was reserved; `Reservation.release` settles it.

        Raises:
            InvalidRequest: the request holds too many messages.
            RateLimited: a limit of the key is used up for now.
            QuotaUsedUp: the budget of the key is used up.
            LimitsUnavailable: the shared store does not answer.
        """
        if self._messages is not None and len(fields.get("messages", ())) > self._messages:
            raise InvalidRequest(
                f"Invalid 'messages': array too long. Expected at most {self._messages} messages, "
                f"but got {len(fields['messages'])}. Send fewer, or have limits.messages raised in gateway.toml.",
                param="messages",
                code="array_above_max_length",
            )
        if not key.is_limited:
            return Reservation([], None, self.store, self.limiter)
        ticket = self._ticket(key, operation, fields)
        verdict = await self.store.take(ticket)
        rate_headers = headers(key, verdict, self._window_s)
        if verdict.reason:
            refusal = self._refusal(ticket, verdict, operation)
            refusal.headers |= {name.decode(): value.decode() for name, value in rate_headers}
            raise refusal
        return Reservation(rate_headers, ticket, self.store, self.limiter)

    def _ticket(self, key: Key, operation: Operation, fields: dict[str, Any]) -> Ticket:
        if key.tpm is None and not key.has_budget:
            return Ticket(key, 0, 0.0)
        prompt = prompt_tokens(fields, operation.question_field)
        limits = _answer_limits(fields)
        is_bounded = bool(limits) and min(limits) > 0
        if not is_bounded:
            limits.append(self._answers.get(fields["model"], _ASSUMED_ANSWER))
        answer = min(_choices(operation, fields) * max(limits), _LONGEST_ANSWER) if operation.streams else 0
        if not is_bounded and key.tpm is not None:
            # A guess must not make a request larger than the limit, which would refuse it for ever.
            answer = max(0, min(answer, key.tpm - prompt))
        price = self._prices.get(fields["model"])
        return Ticket(key, prompt + answer, price.of(prompt, answer) if price else 0.0)

    def _refusal(self, ticket: Ticket, verdict: Verdict, operation: Operation) -> GatewayError:
        key, window = ticket.key, span(self._window_s)
        match verdict.reason:
            case "budget_tokens":
                return QuotaUsedUp(key.id, f"{key.budget_tokens} tokens")
            case "budget_usd":
                return QuotaUsedUp(key.id, f"{key.budget_usd:g} USD")
            case "size":
                return RateLimited(
                    f"Request too large: it may take {ticket.tokens} tokens, and key '{key.id}' has {key.tpm} per "
                    f"{window}. Shorten the {operation.question_field} or lower max_tokens.",
                    wait_s=None,
                )
            case "concurrency":
                return RateLimited(
                    f"Rate limit reached: key '{key.id}' has {key.concurrency} requests under way, its limit. "
                    "Wait until one of them has ended.",
                    wait_s=_CONCURRENCY_WAIT_S,
                )
            case "requests":
                assert key.rpm is not None  # noqa: S101  # the limit that refused
                wait_s = (1 - verdict.requests) * self._window_s / key.rpm
                what = f"{key.rpm} requests"
            case _:
                assert key.tpm is not None  # noqa: S101  # the limit that refused
                wait_s = (ticket.tokens - verdict.tokens) * self._window_s / key.tpm
                what = f"{key.tpm} tokens"
        return RateLimited(
            f"Rate limit reached: key '{key.id}' has {what} per {window}. Try again in {span(wait_s)}.", wait_s=wait_s
        )


def _answer_limits(fields: dict[str, Any]) -> list[int]:
    """The limits of an answer under all names; one below zero, at llama.cpp and Ollama, means that there is none."""
    values = [fields[name] for name in _LIMIT_NAMES if name in fields]
    if isinstance(options := fields.get("options"), dict):
        values.append(options.get("num_predict"))
    return [limit for value in values if (limit := _number(value))]


def _choices(operation: Operation, fields: dict[str, Any]) -> int:
    choices = operation.choices(fields)
    if _CHOICES_NAME not in fields and "best_of" not in fields:
        return choices
    asked = fields.get("n") or 1
    wanted = max(asked, fields.get("best_of") or 1, _number(fields.get(_CHOICES_NAME)))
    return choices // asked * wanted


def _number(value: Any) -> int:
    """A number of a field that is not validated: its whole part, and 0 if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(max(-1, min(value, _LONGEST_ANSWER)))
