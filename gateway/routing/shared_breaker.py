"""One breaker shared with other processes through a Redis: its announcements, and the lease of its probe."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Literal

import redis.asyncio

if TYPE_CHECKING:
    from gateway.routing.breaker import Breaker

POLL_S = 0.25
TIMEOUT_S = 0.5
LEASE_S = 2.0
LATEST_KEY = "llm-gateway:breakers:latest"
"""Its value is another one after each announcement, so that a poll need not read the keys of all closed breakers."""
FAILURES = (redis.RedisError, OSError)
# Every process polls many times before it expires.
_CLOSED_TTL_S = 10.0
_LATEST_TTL_S = 86_400
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"

Change = Literal["open", "closed"]


class SharedBreaker:
    """The `Coordination` of a breaker.

    An announcement is the change of state and a random id, so that each one is applied once.

    Args:
        connection: to the Redis.
        wake: set when there is something to publish.

    Attributes:
        key: Redis key of the announcements, the same in all processes.
        lease_key: Redis key of the probe's lease.
        breaker: the breaker of this process.
        last_seen: the announcement that was published or applied last.
        is_offline: the Redis does not answer, so this process probes without a lease.
    """

    def __init__(
        self, key: str, breaker: Breaker, connection: redis.asyncio.Redis, wake: asyncio.Event, last_seen: str | None
    ) -> None:
        self.key = key
        self.lease_key = f"{key}:probe"
        self.breaker = breaker
        self.last_seen = last_seen
        self.is_offline = False
        self._redis = connection
        self._wake = wake
        self._unpublished: Change | None = None
        self._lease: str | None = None
        self._to_release: set[str] = set()

    @property
    def has_news(self) -> bool:
        """Whether there is something to publish or a lease to renew."""
        return self._unpublished is not None or self._lease is not None or bool(self._to_release)

    def announce_open(self) -> None:
        """See `Coordination.announce_open`."""
        self._unpublished = "open"
        self.release_probe()

    def announce_closed(self) -> None:
        """See `Coordination.announce_closed`."""
        self._unpublished = "closed"
        self.release_probe()

    def release_probe(self) -> None:
        """See `Coordination.release_probe`."""
        if self._lease is not None:
            self._to_release.add(self._lease)
            self._lease = None
        self._wake.set()

    async def acquire_probe(self) -> bool:
        """See `Coordination.acquire_probe`."""
        if self.is_offline:
            return True
        lease = secrets.token_hex(8)
        try:
            pipeline = self._redis.pipeline()
            pipeline.get(self.key)
            pipeline.set(self.lease_key, lease, nx=True, px=int(LEASE_S * 1000))
            announcement, acquired = await pipeline.execute()
        except FAILURES:
            return True
        except asyncio.CancelledError:
            # The Redis may have granted the lease all the same.
            self._to_release.add(lease)
            self._wake.set()
            raise
        if not acquired:
            return False
        self._lease = lease
        if announcement is None or announcement == self.last_seen:
            return True
        # The next poll applies this announcement.
        self.release_probe()
        return False

    async def publish(self) -> None:
        """Publish the latest change, release abandoned leases and renew the current one.

        Raises:
            RedisError: the Redis does not answer; the next call publishes the same.
            OSError: likewise.
        """
        change, to_release = self._unpublished, self._to_release
        ttl_s = _CLOSED_TTL_S
        if change == "open":
            ttl_s = self.breaker.wait_s() if self.breaker.state == "open" else 0.0
        pipeline = self._redis.pipeline()
        announcement = None
        if change is not None and ttl_s > 0:
            announcement = f"{change} {secrets.token_hex(8)}"
            pipeline.set(self.key, announcement, px=max(1, int(ttl_s * 1000)))
            pipeline.set(LATEST_KEY, announcement, ex=_LATEST_TTL_S)
        for lease in to_release:
            pipeline.eval(_RELEASE, 1, self.lease_key, lease)
        if self._lease is not None:
            pipeline.eval(_RENEW, 1, self.lease_key, self._lease, int(LEASE_S * 1000))
        # Reset before the await: further changes may come while the Redis answers.
        self._unpublished, self._to_release = None, set()
        if not pipeline:
            return
        try:
            await pipeline.execute()
        except BaseException:
            self._unpublished = self._unpublished or change
            self._to_release |= to_release
            raise
        if announcement is not None:
            self.last_seen = announcement

    async def apply(self, announcement: str | None, *, is_probed: bool) -> None:
        """Apply the latest announcement, unless this process has one to publish.

        Args:
            announcement: as it stands in the Redis.
            is_probed: whether some process holds the probe's lease.

        Raises:
            RedisError: the Redis does not answer.
            OSError: likewise.
        """
        if self._unpublished is not None:
            return
        if not is_probed:
            self.breaker.apply_remote_release()
        if announcement is None or announcement == self.last_seen:
            return
        ttl_ms = await self._redis.pttl(self.key)
        if self._unpublished is not None:
            return
        self.last_seen = announcement
        if announcement.startswith("closed"):
            self.breaker.apply_remote_close()
        elif ttl_ms > 0:
            self.breaker.apply_remote_open(ttl_ms / 1000)
