"""Breakers and cooldowns shared by the workers and gateways of one Redis.

The latest change of a breaker is a key: `open` expires with the open time, `closed` after a while. Every process polls
in the background, so a request pays nothing, and an announcement arrives within `POLL_S` and the Redis' answer. A poll
reads the keys of breakers that are not closed, and those of all after any announcement. When the open time is over, the
attempt that would be the probe acquires a second key, a lease of `LEASE_S` that is renewed while the probe runs. A
process without the lease attempts nothing until there is an announcement or the lease is gone. Cooldowns are exchanged
by the same polls. If the Redis does not answer, each process decides by itself.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.logs.events import log_event
from gateway.routing.shared_breaker import FAILURES, LATEST_KEY, POLL_S, TIMEOUT_S, SharedBreaker
from gateway.routing.shared_cooldowns import SharedCooldowns

if TYPE_CHECKING:
    from pydantic import SecretStr

    from gateway.config.load import Config
    from gateway.routing.routes import Routes

_PREFIX = "llm-gateway:breaker:"
_NOTHING = "nothing applied yet"
_AT_ONCE = 500
"""Breakers whose keys one poll reads before requests have their turn: some 3 ms."""


class SharedStates:
    """Publishes and applies the announcements of all breakers and cooldowns of this process.

    Args:
        url: address of the Redis.
    """

    def __init__(self, url: SecretStr) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url.get_secret_value(),
            decode_responses=True,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._breakers: list[SharedBreaker] = []
        self._cooldowns = SharedCooldowns(self._redis)
        self._wake = asyncio.Event()
        self._is_down = False
        self._applied: Any = _NOTHING

    def watch(self, config: Config, routes: Routes) -> None:
        """Share these states from now on, in place of the previous ones.

        Args:
            config: a backend is known by its name and address; embedded backends belong to one process and are not
                shared.
            routes: of this configuration.
        """
        names = {name: f"{name} {one.address}" for name, one in config.backends.items() if not one.is_embedded}
        self._cooldowns.watch(
            {
                _digest(f"{names[name]} {model}"): cooldown
                for (name, model), cooldown in routes.cooldowns.items()
                if name in names
            }
        )
        before = {shared.key: shared for shared in self._breakers}
        self._breakers = []
        self._applied = _NOTHING
        for name, named in names.items():
            breaker = routes.states[name].breaker
            if breaker.can_open:
                key = _PREFIX + _digest(named)
                shared = before.get(key)
                if shared is None or shared.breaker is not breaker:
                    shared = SharedBreaker(key, breaker, self._redis, self._wake, shared.last_seen if shared else None)
                    breaker.coordination = shared
                self._breakers.append(shared)

    async def run(self) -> None:
        """Publish and poll until cancelled."""
        this = asyncio.current_task()
        assert this is not None  # noqa: S101  # it runs in a task
        try:
            # Python 3.11's `wait_for`, which redis calls too, loses a cancellation that comes as its call ends.
            while not this.cancelling():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_S)
                self._wake.clear()
                try:
                    for shared in [shared for shared in self._breakers if shared.has_news]:
                        await shared.publish()
                    await self._poll()
                    await self._cooldowns.exchange()
                except FAILURES as error:
                    self._failed(error)
                else:
                    self._answered()
        finally:
            await self._redis.aclose()

    async def _poll(self) -> None:
        breakers = self._breakers
        if not breakers:
            return
        latest: Any = await self._redis.get(LATEST_KEY)
        due = [shared for shared in breakers if latest != self._applied or shared.breaker.state != "closed"]
        for start in range(0, len(due), _AT_ONCE):
            some = due[start : start + _AT_ONCE]
            values: list[Any] = await self._redis.mget([key for one in some for key in (one.key, one.lease_key)])
            for shared, announcement, lease in zip(some, values[::2], values[1::2], strict=True):
                await shared.apply(announcement, is_probed=lease is not None)
        if breakers is self._breakers:
            self._applied = latest

    def _failed(self, error: Exception) -> None:
        for shared in self._breakers:
            shared.is_offline = True
            shared.breaker.apply_remote_release()
        if not self._is_down:
            self._is_down = True
            # The error's text may hold the address with its password.
            log_event("breakers_not_shared", level=logging.ERROR, reason=f"{type(error).__name__}; look at [shared]")

    def _answered(self) -> None:
        for shared in self._breakers:
            shared.is_offline = False
        if self._is_down:
            self._is_down = False
            log_event("breakers_shared", level=logging.WARNING)


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]
