"""Command line that runs one row again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from keywords.hooks.stopping import relative

if TYPE_CHECKING:
    from robot import result

    from keywords.traceability.rows import Row


def rerun_command(row: Row, root: result.TestSuite, *, attached_to: str) -> str:
    """The command line that runs only this row.

    Args:
        row: the row.
        root: the root suite of its run.
        attached_to: the address of the server that the run attached to; empty if it started its own gateway.
    """
    target = ["-v", f"GATEWAY_URL:{attached_to}"] if attached_to else []
    source = relative(root.source) if root.source else "suites"
    return shlex.join(["robot", *target, "--test", row.pattern, source])
