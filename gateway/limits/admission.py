"""Admits a validated request: first by the limits of its key, then by a slot of the concurrency limiter."""

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
        prompt = _prompt_tokens(fields[operation.question_field])
        # Anthropic's format has the system prompt beside the messages.
        prompt += _length(fields.get("system")) // _CHARACTERS_PER_TOKEN
        choices = operation.choices(fields)
        if best_of := fields.get("best_of"):
            choices = choices // (fields.get("n") or 1) * best_of
        limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
        longest = limit or self._answers.get(fields["model"], _ASSUMED_ANSWER)
        answer = min(choices * longest, _LONGEST_ANSWER) if operation.streams else 0
        if limit is None and key.tpm is not None:
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


def _prompt_tokens(prompt: Any) -> int:
    """Estimate the tokens of messages, or of a prompt, from the length of their text; images count as nothing."""
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], dict):
        characters = sum(_length(message.get("content")) for message in prompt)
        return characters // _CHARACTERS_PER_TOKEN + _TOKENS_PER_MESSAGE * len(prompt)
    return _length(prompt) // _CHARACTERS_PER_TOKEN + 1


def _length(content: Any) -> int:
    if isinstance(content, str):
        return len(content)
    if isinstance(content, int):
        return _CHARACTERS_PER_TOKEN  # a token id
    if isinstance(content, list):
        return sum(_length(_text_of(part)) if isinstance(part, dict) else _length(part) for part in content)
    return 0


def _text_of(part: dict[str, Any]) -> Any:
    """The text of a content part, or the content of a tool result in Anthropic's format."""
    return part["text"] if "text" in part else part.get("content")
