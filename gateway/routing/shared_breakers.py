"""Telling other workers and gateways through a Redis how a backend's breaker stands, and hearing of theirs.

What the latest of them told is a key: that it opened, for as long as it is open, or that it closed, for a while. Each
process looks for such keys a few times a second, in the background, so a request pays nothing for it, and another
process's news is known within `LOOK_S` and the Redis' answer. When the time of an open breaker is over, the attempt
that would be the probe claims a second key; whose claim fails stays away until there is news or that key is gone. The
claim is a lease of `CLAIM_S`, renewed while the probe runs. If the Redis is away, each goes on with what it sees.
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
from gateway.routing.shared_breaker import ANSWER_S, FAILURES, LOOK_S, SharedBreaker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from gateway.config.load import Config
    from gateway.routing.balancing import BackendState

_PREFIX = "llm-gateway:breaker:"


class SharedBreakers:
    """The breakers of this process that others hear of.

    Args:
        url: the Redis' address.
    """

    def __init__(self, url: SecretStr) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url.get_secret_value(),
            decode_responses=True,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._breakers: list[SharedBreaker] = []
        self._wake = asyncio.Event()
        self._is_down = False

    def watch(self, config: Config, states: Mapping[str, BackendState]) -> None:
        """Share these from now on, in place of any before.

        Args:
            config: with the addresses: a backend elsewhere under the same name is another one. An embedded model is in
                this process's care alone and not shared.
            states: of the backends by name.
        """
        before = {shared.key: shared for shared in self._breakers}
        self._breakers = []
        if not config.breaker.opens:
            return
        for name, settings in config.backends.items():
            if not settings.is_embedded:
                key = _PREFIX + sha256(f"{name} {settings.address}".encode()).hexdigest()[:32]
                breaker, shared = states[name].breaker, before.get(key)
                if shared is None or shared.breaker is not breaker:
                    shared = SharedBreaker(key, breaker, self._redis, self._wake, shared.known if shared else None)
                    breaker.sharing = shared
                self._breakers.append(shared)

    async def run(self) -> None:
        """Tell and listen until cancelled."""
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), LOOK_S)
                self._wake.clear()
                try:
                    for shared in list(self._breakers):
                        await shared.tell()
                    await self._hear()
                except FAILURES as error:
                    self._failed(error)
                else:
                    self._answered()
        finally:
            await self._redis.aclose()

    async def _hear(self) -> None:
        breakers = self._breakers
        if not breakers:
            return
        keys = [key for shared in breakers for key in (shared.key, shared.claim_key)]
        found: list[Any] = await self._redis.mget(keys)  # texts: the connection decodes them
        for shared, word, claim in zip(breakers, found[::2], found[1::2], strict=True):
            await shared.hear(word, is_probed=claim is not None)

    def _failed(self, error: Exception) -> None:
        for shared in self._breakers:
            shared.is_alone = True
            shared.breaker.come_near()
        if not self._is_down:
            self._is_down = True
            # Not the error's text: it may hold the address, and that a password.
            log_event("breakers_not_shared", level=logging.ERROR, reason=f"{type(error).__name__}; look at [shared]")

    def _answered(self) -> None:
        for shared in self._breakers:
            shared.is_alone = False
        if self._is_down:
            self._is_down = False
            log_event("breakers_shared", level=logging.WARNING)
