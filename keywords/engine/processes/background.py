"""Work in a thread of its own that the end of the interpreter waits for."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def run_in_background(work: Callable[[], Result]) -> Future[Result]:
    """Begin some work and go on at once.

    There is no pool of threads on purpose: Ctrl-C in the moment in which a `ThreadPoolExecutor` starts a thread leaves
    one behind that the interpreter waits for and never wakes.
    """
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001  # raised where the result is asked for
            done.set_exception(error)

    Thread(target=run, name=getattr(work, "__qualname__", "background")).start()
    return done
