"""Telling other workers and gateways through a Redis that a backend's breaker opened, and hearing of theirs.

An open breaker is a key with a lifetime: `open_s`. Each process looks for such keys a few times a second, in the
background, so a request pays nothing for it, and another process's trouble is known within `LOOK_S` and the Redis'
answer. When the time is over each process probes by itself. If the Redis is away, each goes on with what it sees.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.telemetry import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from gateway.balancing import Standing
    from gateway.breaker import Breaker
    from gateway.config import Config

LOOK_S = 0.25
ANSWER_S = 0.5
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
        self._breakers: dict[str, Breaker] = {}
        self._opened: set[str] = set()
        self._wake = asyncio.Event()
        # Each opening has a word of its own, so that it is heard of once.
        self._known: dict[str, str] = {}
        self._is_down = False

    def watch(self, config: Config, standings: Mapping[str, Standing]) -> None:
        """Share these from now on, in place of any before.

        Args:
            config: with the addresses: a backend elsewhere under the same name is another one. An embedded model is in
                this process's care alone and not shared.
            standings: of the backends by name.
        """
        self._breakers = {}
        if not config.breaker.opens:
            return
        for name, settings in config.backends.items():
            if settings.kind != "llamacpp":
                key = _PREFIX + sha256(f"{name} {settings.base_url}".encode()).hexdigest()[:32]
                self._breakers[key] = breaker = standings[name].breaker
                breaker.on_open = partial(self._note, key)

    async def run(self) -> None:
        """Tell and listen until cancelled."""
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), LOOK_S)
                self._wake.clear()
                try:
                    await self._tell()
                    await self._hear()
                except (redis.RedisError, OSError) as error:
                    self._failed(error)
                else:
                    self._answered()
        finally:
            await self._redis.aclose()

    def _note(self, key: str) -> None:
        self._opened.add(key)
        self._wake.set()

    async def _tell(self) -> None:
        for key in list(self._opened):
            breaker = self._breakers.get(key)
            left_s = breaker.wait_s() if breaker else 0.0
            if left_s > 0:
                word = self._known[key] = secrets.token_hex(8)
                await self._redis.set(key, word, px=max(1, int(left_s * 1000)))
            self._opened.discard(key)

    async def _hear(self) -> None:
        keys = list(self._breakers)
        if not keys:
            return
        words = await self._redis.mget(keys)
        for key, word in zip(keys, words, strict=True):
            if word is None or word == self._known.get(key):
                continue
            self._known[key] = str(word)
            left_ms = await self._redis.pttl(key)
            breaker = self._breakers.get(key)
            if left_ms > 0 and breaker is not None:
                breaker.open_for(left_ms / 1000)

    def _failed(self, error: Exception) -> None:
        if not self._is_down:
            self._is_down = True
            # Not the error's text: it may hold the address, and that a password.
            say("breakers_not_shared", level=logging.ERROR, reason=f"{type(error).__name__}; look at [shared]")

    def _answered(self) -> None:
        if self._is_down:
            self._is_down = False
            say("breakers_shared", level=logging.WARNING)
