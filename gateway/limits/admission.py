"""Letting a checked request in, or not: the limits of its key first, then a place among the requests under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors.base import InvalidRequest
from gateway.errors.limits import QuotaUsedUp, RateLimited
from gateway.limits.headers import headers, span
from gateway.limits.store import Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.config.observability import Price
    from gateway.errors.base import GatewayError
    from gateway.limits.concurrency import ConcurrencyLimiter
    from gateway.limits.keyring import Key
    from gateway.limits.store import LimitStore, Verdict
    from gateway.operations import Operation

# One token is about four characters of English text (platform.openai.com/tokenizer).
_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4
# Reserved for an answer of unlimited length, unless its model's `answer_tokens` are known; the true number is taken
# when it has come.
_ASSUMED_ANSWER = 256
# More than any model says; beyond it, stores could not count exactly.
_LONGEST_ANSWER = 2**40
_SOONEST_S = 1.0


@dataclass(slots=True)
class Reservation:
    """What one request has taken of its key's limits, and its slot among the requests under way.

    Args:
        headers: what its key may still do, for the answer.
        ticket: what it took beforehand; None if its key has no limits.
        store: where it took that.
        limiter: bounds the requests under way; None is no bound.
    """

    headers: list[tuple[bytes, bytes]]
    ticket: Ticket | None
    store: LimitStore
    limiter: ConcurrencyLimiter | None
    _has_slot: bool = False
    _paid: tuple[int, float] = (0, 0.0)

    async def wait_for_slot(self) -> None:
        """Take a slot, perhaps after a wait; without one the key has not even used a request.

        Raises:
            Overloaded: too many requests are under way.
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
        """Free the slot, and have the key pay what the request used; nothing without a slot."""
        if not self._has_slot:
            return
        if self.limiter is not None:
            self.limiter.release()
        if self.ticket is not None:
            self._paid = tokens, usd
            self.store.give_back(self.ticket, tokens=tokens, usd=usd)

    def correct(self, tokens: int, usd: float) -> None:
        """Have the key pay this, in place of what it paid at the release."""
        if self.ticket is not None and (tokens, usd) != self._paid:
            self.store.correct(self.ticket.key, tokens=tokens - self._paid[0], usd=usd - self._paid[1])
            self._paid = tokens, usd


class Admission:
    """Decides on every request that is about to go to a backend.

    Args:
        store: where the use of keys is counted.
        window_s: the window of `rpm` and `tpm`.
        limiter: bounds the requests under way; None is no bound.
        messages: how many messages a request may hold; None is no bound.
        prices: of models, for budgets in USD.
        answers: the longest answer of each model that has one, in tokens, to a request that sets no limit.

    Attributes:
        store: as above.
        limiter: as above.
    """

    def __init__(  # noqa: PLR0913  # one for each rule
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
        """Take a request and its estimated tokens from what its key may use; `Reservation.release` settles it.

        Args:
            key: of the client.
            operation: what is asked for.
            fields: the checked body.

        Raises:
            InvalidRequest: it holds too many messages.
            RateLimited: the key has used up a limit for now.
            QuotaUsedUp: the key has used up its budget.
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
        told = headers(key, verdict, self._window_s)
        if verdict.reason:
            refusal = self._refusal(ticket, verdict, operation)
            refusal.headers |= {name.decode(): value.decode() for name, value in told}
            raise refusal
        return Reservation(told, ticket, self.store, self.limiter)

    def _ticket(self, key: Key, operation: Operation, fields: dict[str, Any]) -> Ticket:
        if key.tpm is None and not key.has_budget:
            return Ticket(key, 0, 0.0)
        prompt = _prompt_tokens(fields[operation.question_field])
        # Anthropic's format has it beside the messages.
        prompt += _length(fields.get("system")) // _CHARACTERS_PER_TOKEN
        choices = operation.choices(fields)
        if best_of := fields.get("best_of"):
            choices = choices // (fields.get("n") or 1) * best_of
        limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
        longest = limit or self._answers.get(fields["model"], _ASSUMED_ANSWER)
        answer = min(choices * longest, _LONGEST_ANSWER) if operation.streams else 0
        if limit is None and key.tpm is not None:
            # A guess must not be the reason for which a request could never pass.
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
                    wait_s=_SOONEST_S,
                )
            case "requests":
                assert key.rpm is not None  # noqa: S101  # it was the reason
                wait_s = (1 - verdict.requests) * self._window_s / key.rpm
                what = f"{key.rpm} requests"
            case _:
                assert key.tpm is not None  # noqa: S101  # it was the reason
                wait_s = (ticket.tokens - verdict.tokens) * self._window_s / key.tpm
                what = f"{key.tpm} tokens"
        return RateLimited(
            f"Rate limit reached: key '{key.id}' has {what} per {window}. Try again in {span(wait_s)}.", wait_s=wait_s
        )


def _prompt_tokens(asked: Any) -> int:
    """An estimate from the length of the text of messages, or of a prompt; what is no text, as pictures, is nothing."""
    if isinstance(asked, list) and asked and isinstance(asked[0], dict):
        characters = sum(_length(message.get("content")) for message in asked)
        return characters // _CHARACTERS_PER_TOKEN + _TOKENS_PER_MESSAGE * len(asked)
    return _length(asked) // _CHARACTERS_PER_TOKEN + 1


def _length(content: Any) -> int:
    if isinstance(content, str):
        return len(content)
    if isinstance(content, int):
        return _CHARACTERS_PER_TOKEN  # the id of a token
    if isinstance(content, list):
        return sum(_length(_said(part)) if isinstance(part, dict) else _length(part) for part in content)
    return 0


def _said(part: dict[str, Any]) -> Any:
    """The text of a part, or what a tool gave back in Anthropic's format."""
    return part["text"] if "text" in part else part.get("content")
