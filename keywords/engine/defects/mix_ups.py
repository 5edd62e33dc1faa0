"""Servers that give a client the answer of another request."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import is_chat
from keywords.engine.defects.defect import Defect

if TYPE_CHECKING:
    from keywords.engine.defects.exchange import Answer, Request, Send, Spoil

_TOGETHER_S: Final = 0.2


def _swapped() -> Spoil:
    """Two plain chats that are under way at the same time get each other's answers."""
    waiting: list[tuple[asyncio.Future[Answer], Answer]] = []

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if not is_chat(request) or answer.is_stream:
            return answer
        await answer.read()
        if waiting:
            other, held = waiting.pop()
            if not other.done():
                other.set_result(answer)
                return held
        mine: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting.append((mine, answer))
        done, _ = await asyncio.wait([mine], timeout=_TOGETHER_S)
        if done:
            return mine.result()
        waiting.remove((mine, answer))
        mine.cancel()
        return answer

    return spoil


def _cached() -> Spoil:
    """The same messages get the answer of the first time, whatever the other fields say."""
    kept: dict[str, bytes] = {}

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if not is_chat(request) or answer.is_stream or answer.status != HTTPStatus.OK:
            return answer
        body = await answer.read()
        first = kept.setdefault(json.dumps(request.fields.get("messages")), body)
        if first != body:
            answer.replace(answer.status, first)
        return answer

    return spoil


def _one_behind() -> Spoil:
    """Each chat gets the answer of the chat before it."""
    before: list[bytes] = []

    async def spoil(request: Request, send: Send) -> Answer:
        answer = await send(request)
        if not is_chat(request) or answer.is_stream or answer.status != HTTPStatus.OK:
            return answer
        before.append(await answer.read())
        if len(before) > 1:
            answer.replace(answer.status, before.pop(0))
        return answer

    return spoil


MIX_UPS: Final = (
    Defect(
        "answers of two clients swapped",
        "A client reads what was meant for another one.",
        ("ANSW-008", "ISOL-001"),
        _swapped,
        ("answer",),
    ),
    Defect(
        "answers from a cache that knows the messages only",
        "Another temperature, limit or seed gets the old answer.",
        ("ANSW-001", "ANSW-010"),
        _cached,
        ("answer",),
    ),
    Defect(
        "each answer is that of the request before",
        "Each client reads what was meant for another one.",
        ("ANSW-010", "ANSW-006", "CHAT-002", "ISOL-001"),
        _one_behind,
        ("answer",),
    ),
)
