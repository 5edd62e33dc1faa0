"""Proposed changes of bugs: patches for `git apply`, which nothing applies by itself."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.traceability.evidence.earlier_run import PROPOSED

if TYPE_CHECKING:
    from datetime import date

    from keywords.traceability.register.bugs import BugStatus

_STATUS = re.compile(r"^status:.*$", re.MULTILINE)


def propose(file: Path, status: BugStatus, note: str, *, by: str, on: date, to: Path) -> Path:
    """Write a patch that gives a bug a new status and a line in its history.

    Args:
        file: the bug's YAML file, in `resources/register/bugs/` of its project.
        status: the new status.
        note: why.
        by: who says so.
        on: the day.
        to: the folder of results.

    Returns:
        The patch, which `git apply` takes in the folder of the project.

    Raises:
        OSError: it cannot be written.
    """
    before = file.read_text(encoding="utf-8")
    after = with_status(before, status, note, by=by, on=on)
    name = Path(*file.parts[-4:]).as_posix()
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    patch = to / PROPOSED / f"{file.stem}.patch"
    patch.parent.mkdir(parents=True, exist_ok=True)
    patch.write_text("".join(lines), encoding="utf-8", newline="\n")
    return patch


def with_status(text: str, status: BugStatus, note: str, *, by: str, on: date) -> str:
    """The text of a bug's file with another status, and one more line in its history, which ends the file."""
    # YAML reads a JSON text as the same text.
    quoted = [json.dumps(" ".join(one.split()), ensure_ascii=False) for one in (by, note)]
    line = f"- {{day: {on.isoformat()}, by: {quoted[0]}, status: {status}, note: {quoted[1]}}}\n"
    return _STATUS.sub(f"status: {status}", text, count=1).rstrip("\n") + "\n" + _indent(text) + line


def _indent(text: str) -> str:
    """The white space before the lines of the history."""
    history = re.search(r"^history:\s*\n(\s*)-", text, re.MULTILINE)
    return history[1] if history else "  "
