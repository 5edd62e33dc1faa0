"""Delays of scripted answers, those that depend on earlier requests included."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from random import Random
from typing import TYPE_CHECKING

from keywords.engine import clock

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from keywords.engine.scripted.plan import Write
    from keywords.engine.scripted.script import Delay, Script, Stall


class History:
    """What delays depend on: earlier bodies, the first request of each stall, the slots in use, and held answers."""

    def __init__(self) -> None:
        self._bodies: set[bytes] = set()
        self._stalls: dict[Stall, float] = {}
        self._slots: dict[int, asyncio.Semaphore] = {}
        self._released = asyncio.Event()

    def forget(self) -> None:
        """Begin anew, for new scripts; requests that hold slots give them back to nobody. Held answers stay held."""
        self._bodies.clear()
        self._stalls.clear()
        self._slots.clear()

    def slot(self, slots: int | None) -> AbstractAsyncContextManager[object]:
        """One of so many slots, to be awaited and held while a request is answered."""
        if slots is None:
            return nullcontext()
        return self._slots.setdefault(slots, asyncio.Semaphore(slots))

    def is_repeated(self, body: bytes) -> bool:
        """Whether a body came before; from now on it has."""
        is_repeated = body in self._bodies
        self._bodies.add(body)
        return is_repeated

    def hold(self) -> None:
        """Keep held answers back until the next `release`."""
        self._released.clear()

    def release(self) -> None:
        """Let all held answers go on, later ones too."""
        self._released.set()

    async def released(self) -> None:
        """Wait until held answers may go on."""
        await self._released.wait()

    def begin_stall(self, stall: Stall) -> float:
        """The moment at which a stall begins, counted from now at its first call."""
        return self._stalls.setdefault(stall, clock.now()) + stall.after_s


class AnswerDelays:
    """Delays of one answer.

    Args:
        script: of the answer.
        history: of all requests so far.
        number: of the request; with the script's seed it decides what is drawn.
        body: of the request.
    """

    def __init__(self, script: Script, history: History, number: int, body: bytes) -> None:
        self._script = script
        self._random = Random(f"{script.seed}/{number}")  # noqa: S311  # repeatable on purpose
        self._chunk_delays = iter(script.chunk_delays)
        self._stall_begins = None if script.stall is None else history.begin_stall(script.stall)
        self._first: Delay = script.first_delay
        if script.repeated_first_delay is not None and history.is_repeated(body):
            self._first = script.repeated_first_delay

    def first_s(self) -> float:
        """Seconds before the status line."""
        return draw(self._first, self._random)

    def before_s(self, write: Write) -> float:
        """Seconds before a write."""
        match write.waits:
            case "chunk":
                return draw(next(self._chunk_delays, self._script.chunk_delay), self._random)
            case "finish":
                return draw(self._script.finish_delay, self._random)
            case "no":
                return 0.0

    def stalled_s(self) -> float:
        """Seconds until the stall is over; 0 outside of one."""
        stall, now = self._script.stall, clock.now()
        if stall is None or self._stall_begins is None or now < self._stall_begins:
            return 0.0
        return max(0.0, self._stall_begins + stall.length_s - now)


def draw(delay: Delay, random: Random) -> float:
    """A delay in seconds; drawn if it is a distribution."""
    return delay if isinstance(delay, float | int) else delay.draw(random)
