"""Counts in a Redis or Valkey, so that several workers and gateways share one limit.

Each step is one atomic Lua script. Concurrent calls travel in one batch: while a batch is under way, the next one
gathers. A slot of a `concurrency` limit is a lease that its worker renews; if the worker dies, the slot is free again
after `LEASE_S`.

If the store does not answer, requests of keys with limits are refused (503): a limit must hold, and a budget is money.
Keys without limits do not use the store. What requests under way have used meanwhile is kept until the store answers
again, and so is what a refused request may have taken. The calls of a worker are numbered: one that is sent again, or
that arrives late, is executed once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from itertools import count
from math import inf
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
TIMEOUT_S = 0.5
CLI_TIMEOUT_S = 5.0
RETRY_S = 1.0
"""How often calls that must not be lost are sent again."""
KEPT_LIMIT = 100_000
"""How many of them are kept; only a Redis that refuses each call could make so many."""
_PREFIX = "llm-gateway"
_HERE = Path(__file__).parent
_TAKE = (_HERE / "take.lua").read_text("utf-8")
_GIVE_BACK = (_HERE / "give_back.lua").read_text("utf-8")
_RENEW = """
local time = redis.call('TIME')
for i = 4, #ARGV do redis.call('ZADD', KEYS[3], time[1] + time[2] / 1e6 + ARGV[3], ARGV[i]) end
redis.call('PEXPIRE', KEYS[3], math.ceil(ARGV[3] * 1000))
"""


def spent(url: SecretStr, names: Iterable[str]) -> Spent:
    """Read what keys have spent of their budgets, for the command line; blocks.

    Raises:
        OSError: the Redis does not answer.
    """
    by_name: Spent = {}
    try:
        with redis.Redis.from_url(
            url.get_secret_value(), socket_timeout=CLI_TIMEOUT_S, socket_connect_timeout=CLI_TIMEOUT_S
        ) as client:
            for name in names:
                tokens, usd = client.hmget(f"{_PREFIX}:{{{name}}}:spent", "tokens", "usd")
                if tokens is not None:
                    by_name[name] = (int(tokens), float(usd))
    except redis.RedisError as error:
        # The error's text may hold the address with its password.
        raise OSError(f"the Redis of [shared] does not answer ({type(error).__name__}); check its address") from None
    return by_name


@dataclass(slots=True)
class _Call:
    """One run of a script.

    Attributes:
        script: its source.
        key: the id of the client's key.
        arguments: after the worker and the number.
        ticket: that it takes.
        answer: None if the caller does not wait for it.
        number: of the worker's calls, in the order of sending; 0 if it was not sent, or refused.
    """

    script: str
    key: str
    arguments: list[Any]
    ticket: Ticket | None = None
    answer: asyncio.Future[Any] | None = None
    number: int = 0


class RedisStore(LimitStore):
    """Counts in a Redis.

    Args:
        url: address of the Redis.
        window_s: seconds in which an empty bucket refills.

    Attributes:
        failures: number of batches that the Redis did not answer.
    """

    def __init__(self, url: SecretStr, window_s: float) -> None:
        self.failures = 0
        self.window_s = window_s
        self._redis = redis.asyncio.Redis.from_url(
            url.get_secret_value(),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            # No retry: a batch without an answer may have been counted, and would count twice. The pool itself replaces
            # a connection that the Redis has closed.
            retry=Retry(NoBackoff(), 0),
        )
        self._pending: list[_Call] = []
        self._kept: list[_Call] = []
        self._retry: asyncio.TimerHandle | None = None
        self._sender: asyncio.Task[None] | None = None
        self._renewer: asyncio.Task[None] | None = None
        self._leases: dict[str, Key] = {}
        self._worker = secrets.token_hex(6)
        self._numbers = count(1)
        self._ids = (f"{self._worker}-{number}" for number in count())
        self._digests: dict[str, str] = {}
        self._is_down = False

    async def start(self) -> None:
        """Start to renew the leases; the first request connects."""
        self._renewer = asyncio.create_task(self._renew())

    async def stop(self) -> None:
        """Send pending and kept calls, and disconnect."""
        if self._renewer is not None:
            self._renewer.cancel()
        if self._sender is not None:
            await self._sender
        self._cancel_retry()
        self._send_kept()
        if self._sender is not None:
            await self._sender
        self._cancel_retry()
        if self._kept:
            log_event("limits_not_corrected", level=logging.ERROR, requests=len(self._kept), reason="look at [shared]")
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
            # The answer may have come at the moment of the disconnect.
            if not answer.cancelled() and answer.exception() is None:
                self._return_unused(ticket, answer.result())
            raise
        verdict = Verdict(reason.decode(), float(requests), float(tokens))
        if not verdict.reason and key.concurrency is not None:
            self._leases[ticket.id] = key
        return verdict

    def give_back(self, ticket: Ticket, *, tokens: int, usd: float, requests: int = 0) -> None:
        """See `LimitStore.give_back`."""
        self._leases.pop(ticket.id, None)
        self._send(self._correction(ticket, tokens=tokens, usd=usd, requests=requests))

    def correct(self, key: Key, *, tokens: int, usd: float) -> None:
        """See `LimitStore.correct`."""
        self._send(self._correction(Ticket(key, 0, 0.0), tokens=tokens, usd=usd))

    def _correction(self, ticket: Ticket, *, tokens: int, usd: float, requests: int = 0) -> _Call:
        key = ticket.key
        arguments: list[Any] = [self.window_s, -1 if key.tpm is None else key.tpm, 0 if key.rpm is None else requests]
        arguments += [ticket.id, int(key.has_budget), ticket.tokens, tokens, ticket.usd, usd]
        return _Call(_GIVE_BACK, key.id, arguments)

    def _return_unused(self, ticket: Ticket, answer: list[Any]) -> None:
        if answer[0] == b"":
            self.give_back(ticket, tokens=0, usd=0.0, requests=1)

    def _send(self, call: _Call) -> None:
        self._pending.append(call)
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()

    def _send_kept(self) -> None:
        self._retry = None
        self._pending, self._kept = self._kept + self._pending, []
        if self._pending and self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._pending:
                # Calls without an answer come first: a script takes a number below the last one for a repetition.
                batch = sorted(self._kept + self._pending, key=lambda call: call.number or inf)
                self._pending, self._kept = [], []
                try:
                    if self._is_down:
                        # Takes are sent only if an answer is likely, so that few have to be given back unseen.
                        await self._redis.ping()
                    for call in batch:
                        call.number = call.number or next(self._numbers)
                    answers = await self._run(batch)
                except Exception as error:  # noqa: BLE001  # every waiting call must get an answer
                    self._failed(batch, error)
                else:
                    self._answered(batch, answers)
        finally:
            self._sender = None

    async def _run(self, batch: list[_Call]) -> list[Any]:
        """Run the scripts of a batch in order."""
        answers = await self._run_loaded(batch)
        not_loaded = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if not_loaded:
            # A restarted Redis has lost its scripts, and perhaps the slots of the requests under way.
            self._digests.clear()
            await self._run_loaded(self._renewals())
            for index, answer in zip(not_loaded, await self._run_loaded([batch[i] for i in not_loaded]), strict=True):
                answers[index] = answer
        return answers

    async def _run_loaded(self, batch: list[_Call]) -> list[Any]:
        for script in {call.script for call in batch} - self._digests.keys():
            self._digests[script] = await self._redis.script_load(script)
        pipeline = self._redis.pipeline(transaction=False)
        for call in batch:
            keys = (f"{_PREFIX}:{{{call.key}}}:{part}" for part in ("buckets", "spent", "leases", "open"))
            pipeline.evalsha(self._digests[call.script], 4, *keys, self._worker, call.number, *call.arguments)
        return await pipeline.execute(raise_on_error=False)

    def _answered(self, batch: list[_Call], answers: list[Any]) -> None:
        if self._is_down and not any(isinstance(answer, Exception) for answer in answers):
            self._is_down = False
            log_event("limits_available", level=logging.WARNING)
        for call, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                call.number = 0
                self._failed([call], answer)
            elif call.answer is not None and not call.answer.done():
                call.answer.set_result(answer)
            elif call.ticket is not None:
                # The client disconnected while the request was counted.
                self._return_unused(call.ticket, answer)

    def _failed(self, batch: list[_Call], error: Exception) -> None:
        self.failures += 1
        if not self._is_down:
            self._is_down = True
            # The error's text may hold the address with its password.
            log_event("limits_unavailable", level=logging.ERROR, reason=f"{type(error).__name__}; look at [shared]")
        for call in batch:
            if call.answer is not None and not call.answer.done():
                call.answer.set_exception(LimitsUnavailable())
            if call.script == _GIVE_BACK:
                self._keep(call)
            elif call.ticket is not None and call.number:
                # The Redis may execute it, or may have done so.
                self._keep(self._correction(call.ticket, tokens=0, usd=0.0, requests=1))
        if self._kept and self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._send_kept)

    def _keep(self, call: _Call) -> None:
        if len(self._kept) < KEPT_LIMIT:
            self._kept.append(call)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            for call in self._renewals():
                self._send(call)

    def _renewals(self) -> list[_Call]:
        """One call for each key with slots, which also puts back those that a restarted Redis has lost."""
        tickets: dict[Key, list[str]] = {}
        for ticket, key in self._leases.items():
            tickets.setdefault(key, []).append(ticket)
        return [_Call(_RENEW, key.id, [LEASE_S, *own]) for key, own in tickets.items()]
