"""Run what may hang in a daemon thread, which keeps neither the event loop nor the end of the process waiting."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Return the result of `work`, or raise its exception; a cancelled wait leaves the thread to itself.

    `asyncio.to_thread` would not do for a file that may hang, such as a pipe without a writer or one on a network file
    system: the interpreter joins its threads at its end.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(result)  # type: ignore[arg-type]  # without an error it is what `work` returned
        else:
            ended.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # raised again where it is awaited
            failure = error
        # The loop may be closed by the time a file answers.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, daemon=True, name="file").start()
    return await ended
