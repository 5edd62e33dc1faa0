"""Cooldowns shared with other processes through a Redis: one hash holds those that are not over."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.routing.cooldown import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    import redis.asyncio

    from gateway.routing.cooldown import Cooldown

KEY = "llm-gateway:cooldowns"
_EXCHANGE = Path(__file__).with_suffix(".lua").read_text("utf-8")
_EXPIRY_MS = int(2 * LONGEST_S * 1000)


class SharedCooldowns:
    """Publishes what this process learned of cooldowns, and applies what others learned.

    Each change has a random id and is applied once: a process counts the rest by its own monotonic clock, so a jump of
    the Redis' clock cannot keep a backend spared.

    Args:
        connection: to the Redis; decodes strings.
    """

    def __init__(self, connection: redis.asyncio.Redis) -> None:
        self._exchange = connection.register_script(_EXCHANGE)
        self._cooldowns: Mapping[str, Cooldown] = {}
        self._changed: dict[str, Cooldown] = {}
        self._seen: dict[str, str] = {}

    def watch(self, cooldowns: Mapping[str, Cooldown]) -> None:
        """Share these cooldowns from now on, in place of the previous ones.

        Args:
            cooldowns: by the field that names each one in all processes.
        """
        self._cooldowns = cooldowns
        for field, cooldown in cooldowns.items():
            cooldown.on_change = partial(self._changed.__setitem__, field)

    async def exchange(self) -> None:
        """Publish the latest changes and apply those of other processes.

        Raises:
            RedisError: the Redis does not answer; the next call publishes the same.
            OSError: likewise.
        """
        if not self._cooldowns:
            return
        changed = self._changed.copy()
        self._changed.clear()
        ids = {field: secrets.token_hex(8) for field in changed}
        arguments = [(field, ids[field], int(cooldown.wait_s() * 1000)) for field, cooldown in changed.items()]
        try:
            found: list[Any] = await self._exchange([KEY], [_EXPIRY_MS, *(part for each in arguments for part in each)])
        except BaseException:
            # Of a cooldown that changed once more meanwhile, `wait_s` says the latest.
            self._changed.update(changed)
            raise
        self._seen.update(ids)
        rows = zip(found[::3], found[1::3], found[2::3], strict=True)
        self._apply({field: (change, int(left_ms) / 1000) for field, change, left_ms in rows})

    def _apply(self, active: Mapping[str, tuple[str, float]]) -> None:
        for field, (change, left_s) in active.items():
            cooldown = self._cooldowns.get(field)
            if cooldown is not None and field not in self._changed and self._seen.get(field) != change:
                self._seen[field] = change
                cooldown.apply_remote(left_s)
        for field in self._seen.keys() - active.keys() - self._changed.keys():
            del self._seen[field]
            # An attempt that tests the backend goes on testing it: the Redis forgets each cooldown at its end.
            if (cooldown := self._cooldowns.get(field)) is not None and cooldown.is_asked_for:
                cooldown.apply_remote(0)
