"""Garbage collector of the main process during a load run: samples are no garbage, and come by the thousand."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECTS = 10_000
"""New objects that a collection waits for; with Python's 700, a fifth of the main process's time goes into looking at
samples that wait for the store, and rows that wait to become columns."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for garbage more rarely, and only among new objects: not among what was there before, such as modules."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(max(_OBJECTS, thresholds[0]) if thresholds[0] else 0, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
