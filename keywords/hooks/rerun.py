"""Command line that runs one row again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.hooks.robot_settings import setting
from keywords.hooks.stopping import relative

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robot import result

    from keywords.traceability.rows import Row

_TARGET = ("GATEWAYURL", "GATEWAYAPIKEY")
_SECRET_WORDS = ("KEY", "SECRET", "PASSWORD", "TOKEN")


def rerun_command(row: Row, suite: result.TestSuite, *, attached_to: str) -> str:
    """The command line that runs only this row, with the run's own `--name`, variables, and paths to modules.

    A variable whose name speaks of a secret is left out; the key of the gateway comes from the environment.

    Args:
        row: the row.
        suite: its suite.
        attached_to: the address of the server that the run attached to; empty if it started its own gateway.
    """
    words = ["-v", f"GATEWAY_URL:{attached_to}"] if attached_to else []
    words += [word for path in setting("PythonPath") or () for word in ("--pythonpath", relative(Path(path)))]
    for name, arguments in setting("VariableFiles") or ():
        path = Path(name)
        words += ["-V", ":".join([relative(path) if path.is_absolute() else name, *arguments])]
    words += [word for variable in _variables() for word in ("-v", variable)]
    while suite.parent and (suite.parent.source or suite.parent.parent):
        suite = suite.parent
    if suite.parent:
        # The root of a run of several paths is made up of these; the row's own path has all that the row needs.
        row = replace(row, suite=row.suite.removeprefix(f"{suite.parent.name}."))
    elif name := setting("Name"):
        words += ["--name", name]
    return shlex.join(["robot", *words, "--test", row.pattern, relative(suite.source) if suite.source else "suites"])


def _variables() -> Iterator[str]:
    for variable in setting("Variables") or ():
        name = variable.partition(":")[0].upper()
        plain = name.replace("_", "").replace(" ", "")
        is_secret = any(word in name.split("_") for word in _SECRET_WORDS) or ": Secret:" in variable
        if plain not in _TARGET and not is_secret:
            yield variable
