"""The cores of the race: one for the contender, the other for everything else.

Linux: with `taskset`, of the package util-linux. macOS: nothing is pinned. Windows: there is no race.
"""

from __future__ import annotations

import shutil

from keywords.engine import cores

CONTENDER_CORE, LOAD_CORE = 0, 1


def can_pin() -> bool:
    """Whether processes can be kept on one core, and there are two to choose from."""
    return cores.can_pin() and shutil.which("taskset") is not None


def pin_load() -> None:
    """Keep this process, and all that it starts, on the core of the load."""
    cores.pin(LOAD_CORE)


def on_contender_core(command: list[str]) -> list[str]:
    """The command that runs another one on the contender's core, if that is possible."""
    return ["taskset", "-c", str(CONTENDER_CORE), *command] if can_pin() else command
