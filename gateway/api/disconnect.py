"""Cancel a request when its client disconnects, while the gateway waits for a backend."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from gateway.api.body import ClientGone

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from starlette.types import Receive


class CancelOnDisconnect:
    """Cancel an `async with` block as soon as the client disconnects, and then raise `ClientGone`.

    The cancellation reaches the backend's code, which closes its connection, so the backend stops generating tokens.

    Args:
        on_disconnect: the callbacks of the request's context; without them, a task watches the channel, which costs
            each request 12 µs.
        receive: the ASGI channel, after the body was read from it.

    Attributes:
        gone: whether the client has disconnected.
    """

    def __init__(self, on_disconnect: set[Callable[[], object]] | None, receive: Receive) -> None:
        self.gone = False
        self._on_disconnect = on_disconnect
        self._receive = receive

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        if self._on_disconnect is None:
            self._watch = asyncio.create_task(self._cancel_when_gone())
        else:
            self._on_disconnect.add(self._cancel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._on_disconnect is None:
            self._watch.cancel()
        else:
            self._on_disconnect.discard(self._cancel)
        if self.gone and kind is not None and issubclass(kind, asyncio.CancelledError):
            if self._task is not None:
                self._task.uncancel()
            raise ClientGone from None

    async def _cancel_when_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._cancel()

    def _cancel(self) -> None:
        self.gone = True
        if self._task is not None:
            self._task.cancel()
