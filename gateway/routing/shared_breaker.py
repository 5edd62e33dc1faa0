"""One breaker and its counterparts in other processes, through a Redis: news of it, and the claim to its probe."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Literal

import redis.asyncio

if TYPE_CHECKING:
    from gateway.routing.breaker import Breaker

LOOK_S = 0.25
ANSWER_S = 0.5
CLAIM_S = 2.0
FAILURES = (redis.RedisError, OSError)
# Whoever looks a few times a second has heard of it by then.
_CLOSED_S = 10.0
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"

News = Literal["open", "closed"]


class SharedBreaker:
    """A breaker's `sharing`.

    Args:
        key: of the news, the same in all processes.
        breaker: whose.
        connection: to the Redis.
        wake: set when there is something to tell.
        known: the word that was heard before.

    Attributes:
        key: as above.
        claim_key: of the claim to the probe.
        breaker: as above.
        known: the news that was told or heard last; each has a word of its own, so that it is heard of once.
        is_alone: the Redis is away, so this process asks nobody.
    """

    def __init__(
        self, key: str, breaker: Breaker, connection: redis.asyncio.Redis, wake: asyncio.Event, known: str | None
    ) -> None:
        self.key = key
        self.claim_key = f"{key}:probe"
        self.breaker = breaker
        self.known = known
        self.is_alone = False
        self._redis = connection
        self._wake = wake
        self._news: News | None = None
        self._claim: str | None = None
        self._released: set[str] = set()

    def opened(self) -> None:
        """See `Sharing.opened`."""
        self._note("open")

    def closed(self) -> None:
        """See `Sharing.closed`."""
        self._note("closed")

    def abandoned(self) -> None:
        """See `Sharing.abandoned`."""
        self._note(self._news)

    def _note(self, news: News | None) -> None:
        self._news = news
        if self._claim is not None:
            self._released.add(self._claim)
            self._claim = None
        self._wake.set()

    async def claim(self) -> bool:
        """See `Sharing.claim`."""
        if self.is_alone:
            return True
        claim = secrets.token_hex(8)
        try:
            pipeline = self._redis.pipeline()
            pipeline.get(self.key)
            pipeline.set(self.claim_key, claim, nx=True, px=int(CLAIM_S * 1000))
            word, is_mine = await pipeline.execute()
        except FAILURES:
            return True
        except asyncio.CancelledError:
            # It may have been granted all the same.
            self._released.add(claim)
            self._wake.set()
            raise
        if not is_mine:
            return False
        self._claim = claim
        if word is None or word == self.known:
            return True
        # There is news, which this process will hear in a moment.
        self.abandoned()
        return False

    async def tell(self) -> None:
        """Tell what has happened since, give back or renew the claim.

        Raises:
            RedisError: the Redis does not answer; it is told the next time.
            OSError: likewise.
        """
        news, released = self._news, self._released
        left_s = _CLOSED_S
        if news == "open":
            left_s = self.breaker.wait_s() if self.breaker.state == "open" else 0.0
        pipeline = self._redis.pipeline()
        word = None
        if news is not None and left_s > 0:
            word = f"{news} {secrets.token_hex(8)}"
            pipeline.set(self.key, word, px=max(1, int(left_s * 1000)))
        for claim in released:
            pipeline.eval(_RELEASE, 1, self.claim_key, claim)
        if self._claim is not None:
            pipeline.eval(_RENEW, 1, self.claim_key, self._claim, int(CLAIM_S * 1000))
        # Now, for there may be more while the Redis answers.
        self._news, self._released = None, set()
        if not pipeline:
            return
        try:
            await pipeline.execute()
        except BaseException:
            self._news = self._news or news
            self._released |= released
            raise
        if word is not None:
            self.known = word

    async def hear(self, word: str | None, *, is_probed: bool) -> None:
        """Take note of how it stands with the others, unless there is news of its own since.

        Args:
            word: the news that was told last.
            is_probed: whether some process claims the probe.

        Raises:
            RedisError: the Redis does not answer.
            OSError: likewise.
        """
        if self._news is not None:
            return
        if not is_probed:
            self.breaker.come_near()
        if word is None or word == self.known:
            return
        left_ms = await self._redis.pttl(self.key)
        if self._news is not None:
            return
        self.known = word
        if word.startswith("closed"):
            self.breaker.close_as_told()
        elif left_ms > 0:
            self.breaker.open_for(left_ms / 1000)
