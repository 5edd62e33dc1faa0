"""First answers of a server, before any load: whatever it sends, they end within a time."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar

from keywords.engine.http.recorder import StreamOutgrewRequest

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class EndlessAnswerError(Exception):
    """An answer did not end in time, or went on beyond what was asked for; the message says which."""


def within(limit_s: float, ask: Callable[[], T]) -> T:
    """Ask in a thread, and leave it alone once its time is over.

    A client's limits of each read are never reached by a server that sends a byte now and then.

    Args:
        limit_s: longest time, in seconds.
        ask: sends a request and reads its answer.

    Raises:
        EndlessAnswerError: there is no end.
        Exception: of `ask`.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001  # raised in the thread that waits
            answer.set_exception(error)

    # A daemon, so that an endless answer does not keep the command from ending.
    threading.Thread(target=run, name="first-answer", daemon=True).start()
    wait([answer], limit_s)
    if not answer.done():
        raise EndlessAnswerError(f"no end of the answer within {limit_s:g} s")
    try:
        return answer.result()
    except StreamOutgrewRequest as error:
        raise EndlessAnswerError(str(error)) from error
