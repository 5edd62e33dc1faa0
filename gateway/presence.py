"""Noticing that a client went away, while the gateway waits for a backend."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from gateway.body import ClientGone

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import Receive


class Presence:
    """An `async with` block that is cancelled as soon as the client goes away, and then raises `ClientGone`.

    The cancellation runs through the backend's code, which closes its connection: no tokens are made for nobody.

    Args:
        receive: the ASGI channel, the body already read from it.

    Attributes:
        gone: the client has left.
    """

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._receive = receive

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._watch = loop.create_task(self._cancel_when_gone())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._watch.cancel()
        if self.gone and kind is not None and issubclass(kind, asyncio.CancelledError):
            if self._task is not None:
                self._task.uncancel()
            raise ClientGone from None

    async def _cancel_when_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()
