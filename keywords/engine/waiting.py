"""Waiting by polling: read a value again and again until it is the right one or the time is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.machine import Deadline

Value = TypeVar("Value")
POLL_S = 0.02
"""Pause between two readings, in seconds."""


def poll_until(
    read: Callable[[], Value], is_met: Callable[[Value], object], deadline: Deadline, *, every_s: float = POLL_S
) -> Value:
    """Read a value until it meets a condition or the deadline is over, and return the last one; read it at least once.

    Args:
        read: gives the value; what it raises ends the wait.
        is_met: tells whether a value is the right one.
        deadline: the end of the wait.
        every_s: pause between two readings, in seconds.
    """
    while not is_met(value := read()) and not deadline.is_over():
        time.sleep(every_s)
    return value


def wait_until(
    read: Callable[[], Value],
    is_met: Callable[[Value], object],
    deadline: Deadline,
    otherwise: Callable[[Value], Exception],
    *,
    every_s: float = POLL_S,
) -> Value:
    """Read a value until it meets a condition, and return it.

    Args:
        read: as for `poll_until`.
        is_met: as for `poll_until`.
        deadline: as for `poll_until`.
        otherwise: makes the exception out of the last value; its message names what was awaited.
        every_s: as for `poll_until`.

    Raises:
        Exception: what `otherwise` gives, when the deadline is over.
    """
    value = poll_until(read, is_met, deadline, every_s=every_s)
    if not is_met(value):
        raise otherwise(value)
    return value
