"""The GPU's driver as keywords ask it; a missing GPU is a skip, what a GPU does not tell is a skip that says so."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TypeVar

from robot.api import SkipExecution

from keywords.engine.gpu.nvml import NoNvmlError, Nvml
from keywords.engine.gpu.windows import NotMeasuredError
from keywords.traceability.skips import DECLINED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


@contextmanager
def open_driver() -> Iterator[Nvml]:
    """Give the driver, and close it.

    Raises:
        AssertionError: NVML does not answer, though it did when the run began.
    """
    try:
        nvml = Nvml()
    except NoNvmlError as error:
        raise AssertionError(f"The driver does not answer any more: {error}") from error
    try:
        yield nvml
    finally:
        nvml.close()


def decline(reason: str) -> NoReturn:
    """End the row without a verdict, as the GPU or the machine says itself that it cannot tell or do something.

    Raises:
        SkipExecution: always.
    """
    raise SkipExecution(f"{DECLINED} {reason}")


def measured(measure: Callable[[], T]) -> T:
    """What a measure gives; the row is skipped if the GPU does not tell it.

    Raises:
        SkipExecution: with the reason, which is NVML's own.
    """
    try:
        return measure()
    except NotMeasuredError as error:
        decline(f"{error}.")
