"""Servers that are slow, hang, or do one thing after the other."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import is_chat, on_events, wait
from keywords.engine.defects.defect import Defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.defects.changes import Events
    from keywords.engine.defects.exchange import Answer, Plant, Request, Send, Spoil

SLOW_S: Final = 3.0
_TENTH_S: Final = 5.0
_CHUNK_S: Final = 0.5
HANG_S: Final = 600.0


def delayed(seconds: float, of: Callable[[Request], bool]) -> Plant:
    """Delay some of the requests.

    Args:
        seconds: how long.
        of: which requests.
    """

    async def spoil(request: Request, send: Send) -> Answer:
        if of(request):
            await wait(seconds)
        return await send(request)

    return lambda: spoil


def _every_tenth() -> Spoil:
    numbers = itertools.count(1)

    async def spoil(request: Request, send: Send) -> Answer:
        if is_chat(request) and not next(numbers) % 10:
            await wait(_TENTH_S)
        return await send(request)

    return spoil


async def _slow_events(events: Events) -> Events:
    async for event in events:
        await wait(_CHUNK_S)
        yield event


def _serialised() -> Spoil:
    """One answer at a time: the next request waits until the one before has its whole answer."""
    lock = asyncio.Lock()

    async def spoil(request: Request, send: Send) -> Answer:
        if not is_chat(request):
            return await send(request)
        await lock.acquire()
        try:
            answer = await send(request)
        except BaseException:
            lock.release()
            raise
        answer.parts = _releasing(answer.parts, lock)
        return answer

    return spoil


async def _releasing(events: Events, lock: asyncio.Lock) -> Events:
    try:
        async for event in events:
            yield event
    finally:
        lock.release()


TIMES: Final = (
    Defect(
        "every answer 3 s late",
        "Each step of an application takes three seconds longer.",
        ("PACE-001", "PACE-003"),
        delayed(SLOW_S, is_chat),
        ("time",),
    ),
    Defect(
        "every tenth answer 5 s late",
        "One user in ten believes that the service hangs.",
        ("PACE-002",),
        _every_tenth,
        ("time",),
    ),
    Defect(
        "chunks half a second apart",
        "The answer is slower than its reader.",
        ("PACE-004",),
        on_events(_slow_events),
        ("time",),
    ),
    Defect(
        "requests answered one after the other",
        "Ten users wait ten times as long as one.",
        ("PACE-006",),
        _serialised,
        ("order",),
    ),
    Defect(
        "list of models 3 s late",
        "Each start of a client waits.",
        ("PACE-001",),
        delayed(SLOW_S, lambda request: request.path.startswith("/v1/models")),
        ("time",),
    ),
    Defect(
        "unknown addresses hang",
        "A misspelt address hangs instead of being refused.",
        ("ERRA-001", "WIRE-001"),
        delayed(HANG_S, lambda request: not request.path.startswith(("/v1/", "/health", "/metrics", "/openapi"))),
        ("time",),
    ),
)
