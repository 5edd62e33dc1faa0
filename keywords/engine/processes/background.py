"""Work in a thread for which the interpreter's exit waits."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def run_in_background(work: Callable[[], Result]) -> Future[Result]:
    """Start work in a thread and return at once.

    A `ThreadPoolExecutor` does not serve here: Ctrl-C while it starts a thread leaves one behind that the interpreter
    waits for and never wakes.
    """
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001  # raised again by `result`
            done.set_exception(error)

    Thread(target=run, name=getattr(work, "__qualname__", "background")).start()
    return done
