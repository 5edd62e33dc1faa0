"""Commands on one core, so that what is measured and what measures do not disturb each other.

Linux: with `taskset`, of the package util-linux. macOS, Windows: nothing is pinned.
"""

from __future__ import annotations

import shutil

from keywords.engine import cores


def can_pin() -> bool:
    """Whether processes can be kept on one core, and there are two to choose from."""
    return cores.can_pin() and shutil.which("taskset") is not None


def on_core(core: int, command: list[str]) -> list[str]:
    """The command that runs another one on a core, if that is possible."""
    return ["taskset", "-c", str(core), *command] if can_pin() else command
