"""The cores of the race: one for the contender, the other for everything else."""

from __future__ import annotations

from keywords.engine import cores
from ops.bench.pinning import on_core

CONTENDER_CORE, LOAD_CORE = 0, 1


def pin_load() -> None:
    """Keep this process, and all that it starts, on the core of the load."""
    cores.pin(LOAD_CORE)


def on_contender_core(command: list[str]) -> list[str]:
    """The command that runs another one on the contender's core, if that is possible."""
    return on_core(CONTENDER_CORE, command)
