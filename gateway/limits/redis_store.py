"""Counting in a Redis or Valkey, so that several workers and gateways keep one limit together.

Each step is one Lua script, so it is atomic. Requests of the same moment travel together: while one batch is on its
way, the next gathers. A place under a `concurrency` limit is a lease that its worker renews; should the worker die, the
place is free again after `LEASE_S`.

If the store does not answer, a key with limits is refused (503): a limit that might not hold is none, and a budget is
money. Keys without limits never come here.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from gateway.errors.limits import LimitsUnavailable
from gateway.limits.store import LimitStore, Ticket, Verdict
from gateway.logs.events import log_event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import SecretStr

    from gateway.limits.keyring import Key
    from gateway.limits.spending import Spent

LEASE_S = 30.0
ANSWER_S = 0.5
LOOK_S = 5.0
_PREFIX = "llm-gateway"
_HERE = Path(__file__).parent
_TAKE = (_HERE / "take.lua").read_text("utf-8")
_GIVE_BACK = (_HERE / "give_back.lua").read_text("utf-8")
_RENEW = """
local time = redis.call('TIME')
for i = 2, #ARGV do redis.call('ZADD', KEYS[3], 'XX', time[1] + time[2] / 1e6 + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[3], math.ceil(ARGV[1] * 1000))
"""


def spent(url: SecretStr, names: Iterable[str]) -> Spent:
    """What keys have used of their budgets, for a command line: it waits.

    Raises:
        OSError: the Redis does not answer.
    """
    found: Spent = {}
    try:
        with redis.Redis.from_url(
            url.get_secret_value(), socket_timeout=LOOK_S, socket_connect_timeout=LOOK_S
        ) as client:
            for name in names:
                tokens, usd = client.hmget(f"{_PREFIX}:{{{name}}}:spent", "tokens", "usd")
                if tokens is not None:
                    found[name] = (int(tokens), float(usd))
    except redis.RedisError as error:
        # Not its text: it may hold the address, and that a password.
        raise OSError(f"the Redis of [shared] does not answer ({type(error).__name__}); check its address") from None
    return found


@dataclass(slots=True)
class _Call:
    """One script to run for one ticket; `answer` is None where nobody waits for it."""

    script: str
    key: str
    arguments: list[Any]
    ticket: Ticket | None = None
    answer: asyncio.Future[Any] | None = None


class RedisStore(LimitStore):
    """Counts in a Redis.

    Args:
        url: its address.
        window_s: seconds in which an empty bucket becomes full.

    Attributes:
        failures: batches that the Redis did not answer.
    """

    def __init__(self, url: SecretStr, window_s: float) -> None:
        self.failures = 0
        self.window_s = window_s
        self._redis = redis.asyncio.Redis.from_url(
            url.get_secret_value(),
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            # A batch that got no answer may have been counted all the same: sent again, it would count twice. The pool
            # itself replaces a connection that the Redis has closed meanwhile.
            retry=Retry(NoBackoff(), 0),
        )
        self._waiting: list[_Call] = []
        self._sender: asyncio.Task[None] | None = None
        self._renewer: asyncio.Task[None] | None = None
        self._held: dict[str, Key] = {}
        self._ids = (f"{secrets.token_hex(6)}-{number}" for number in count())
        self._digests: dict[str, str] = {}
        self._is_down = False

    async def start(self) -> None:
        """Renew the leases from now on; the first request connects."""
        self._renewer = asyncio.create_task(self._renew())

    async def stop(self) -> None:
        """Send what still waits, and disconnect."""
        if self._renewer is not None:
            self._renewer.cancel()
        if self._sender is not None:
            await self._sender
        await self._redis.aclose()

    async def take(self, ticket: Ticket) -> Verdict:
        """See `LimitStore.take`."""
        key, ticket.id = ticket.key, next(self._ids)
        limits = (key.rpm, key.tpm, key.concurrency, key.budget_tokens, key.budget_usd)
        arguments: list[Any] = [self.window_s, *(-1 if limit is None else limit for limit in limits)]
        arguments += [ticket.tokens, ticket.usd, ticket.id, LEASE_S]
        answer = asyncio.get_running_loop().create_future()
        self._send(_Call(_TAKE, key.id, arguments, ticket, answer))
        try:
            reason, requests, tokens = await answer
        except asyncio.CancelledError:
            # The answer may have come in the very moment in which the client left.
            if not answer.cancelled() and answer.exception() is None:
                self._return_unused(ticket, answer.result())
            raise
        verdict = Verdict(reason.decode(), float(requests), float(tokens))
        if not verdict.reason and key.concurrency is not None:
            self._held[ticket.id] = key
        return verdict

    def give_back(self, ticket: Ticket, *, tokens: int, usd: float, requests: int = 0) -> None:
        """See `LimitStore.give_back`."""
        self._held.pop(ticket.id, None)
        self._give_back(ticket.key, ticket.tokens - tokens, ticket.usd - usd, requests, ticket.id)

    def correct(self, key: Key, *, tokens: int, usd: float) -> None:
        """See `LimitStore.correct`."""
        self._give_back(key, -tokens, -usd)

    def _give_back(self, key: Key, tokens: int, usd: float, requests: int = 0, ticket: str = "") -> None:
        requests = 0 if key.rpm is None else requests
        arguments: list[Any] = [self.window_s, -1 if key.tpm is None else key.tpm, requests]
        arguments += [tokens, usd, ticket, int(key.has_budget)]
        self._send(_Call(_GIVE_BACK, key.id, arguments))

    def _return_unused(self, ticket: Ticket, answer: list[Any]) -> None:
        if answer[0] == b"":
            self.give_back(ticket, tokens=0, usd=0.0, requests=1)

    def _send(self, call: _Call) -> None:
        self._waiting.append(call)
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    answers = await self._run(batch)
                except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
                    self._failed(batch, error)
                else:
                    self._answered(batch, answers)
        finally:
            self._sender = None

    async def _run(self, batch: list[_Call]) -> list[Any]:
        """Run the scripts of a batch in order."""
        answers = await self._run_known(batch)
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # The Redis was restarted and has forgotten its scripts.
            self._digests.clear()
            for index, answer in zip(unknown, await self._run_known([batch[i] for i in unknown]), strict=True):
                answers[index] = answer
        return answers

    async def _run_known(self, batch: list[_Call]) -> list[Any]:
        for script in {call.script for call in batch} - self._digests.keys():
            self._digests[script] = await self._redis.script_load(script)
        pipeline = self._redis.pipeline(transaction=False)
        for call in batch:
            keys = (f"{_PREFIX}:{{{call.key}}}:{what}" for what in ("buckets", "spent", "leases"))
            pipeline.evalsha(self._digests[call.script], 3, *keys, *call.arguments)
        return await pipeline.execute(raise_on_error=False)

    def _answered(self, batch: list[_Call], answers: list[Any]) -> None:
        if self._is_down and not any(isinstance(answer, Exception) for answer in answers):
            self._is_down = False
            log_event("limits_available", level=logging.WARNING)
        for call, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                self._failed([call], answer)
            elif call.answer is not None and not call.answer.done():
                call.answer.set_result(answer)
            elif call.ticket is not None:
                # The client left while it was counted.
                self._return_unused(call.ticket, answer)

    def _failed(self, batch: list[_Call], error: Exception) -> None:
        self.failures += 1
        if not self._is_down:
            self._is_down = True
            # Not the error's text: it may hold the address, and that a password.
            log_event("limits_unavailable", level=logging.ERROR, reason=f"{type(error).__name__}; look at [shared]")
        for call in batch:
            if call.answer is not None and not call.answer.done():
                call.answer.set_exception(LimitsUnavailable())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            for key in set(self._held.values()):
                held = [ticket for ticket, owner in self._held.items() if owner == key]
                self._send(_Call(_RENEW, key.id, [LEASE_S, *held]))
