"""What a row's end means where a bug or a difference is known: as described, otherwise, or no longer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keywords.traceability.register.bugs import FIXED
from keywords.traceability.skips import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keywords.traceability.register.bugs import Bug
    from keywords.traceability.register.differences import Target
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

HTML = "*HTML*"


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that is known to be wrong.

    Attributes:
        name: as messages call it: `BUG-0042`, or `DIFF-003 of litellm`.
        rows: full names of rows, or the ends of these.
        message: the regular expression that the message of such a failed row matches.
        is_open: whether the rows are expected to fail.
        status: the status of the bug; empty for a difference.
        remedy: what to do when a row passes.
    """

    name: str
    rows: tuple[str, ...]
    message: str
    is_open: bool
    status: str
    remedy: str

    def names(self, row: Row) -> bool:
        """Whether it names the row."""
        return any(names_row(written, row) for written in self.rows)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a row ends for what is known.

    Attributes:
        status: `SKIP` for a failure as described, else `FAIL`.
        message: the row's message.
        known_as: the name of what is known, if the row failed as described.
        reopens: the id of a bug that counts as fixed and shows again.
    """

    status: str
    message: str
    known_as: str = ""
    reopens: str = ""


def names_row(written: str, row: Row) -> bool:
    """Whether a name in the register means a row: its full name, or the end of it after a dot."""
    return row.full_name == written or row.full_name.endswith(f".{written}")


def known_defects(bugs: Mapping[str, Bug], target: Target | None = None, target_name: str = "") -> tuple[Known, ...]:
    """All that is known: open and fixed bugs with rows, and the differences of the server at which the run asks.

    Args:
        bugs: by their ids.
        target: the server, if it is a foreign one with known differences.
        target_name: the name of its file.
    """
    of_bugs = [
        Known(
            bug.id,
            bug.rows,
            bug.message or "",
            bug.is_open,
            bug.status,
            f"confirm it by `qa bugs confirm {bug.id}`",
        )
        for bug in bugs.values()
        if bug.rows and (bug.is_open or bug.status in FIXED)
    ]
    of_target = [
        Known(
            f"{one.id} of {target_name}",
            one.rows,
            one.message,
            is_open=True,
            status="",
            remedy="remove it from its file",
        )
        for one in (target.differences if target else ())
    ]
    return (*of_bugs, *of_target)


def judge(row: Row, status: str, message: str, known: Iterable[Known]) -> Judgement | None:
    """How a row ends for what is known of it; None if that changes nothing.

    Args:
        row: the row.
        status: how it ended: `PASS`, `FAIL` or `SKIP`.
        message: its message.
        known: all that is known.
    """
    of_row = [one for one in known if one.names(row)]
    if not of_row or status == "SKIP":
        return None
    open_ = [one for one in of_row if one.is_open]
    if status == "FAIL":
        return _judge_failure(message, of_row, open_)
    if not open_:
        return None
    told = f": {message}" if message else ""
    return Judgement("FAIL", f"{_names(open_)} seems fixed, since the row passed: {open_[0].remedy}{told}")


def with_known(run: Run, known: Iterable[Known]) -> Run:
    """A run whose failures count as known where they are described, as if it had been told of them.

    Args:
        run: a run that may not have been told.
        known: all that is known.
    """
    known = tuple(known)
    results = []
    for result in run.results:
        judged = judge(result.row, result.status, result.message, known) if result.status == "FAIL" else None
        if judged and judged.known_as:
            result = replace(result, status=judged.status, message=judged.message, known_as=judged.known_as)  # noqa: PLW2901
        results.append(result)
    return replace(run, results=tuple(results))


def _judge_failure(message: str, of_row: Sequence[Known], open_: Sequence[Known]) -> Judgement | None:
    if fits := next((one for one in open_ if re.search(one.message, message)), None):
        return Judgement("SKIP", _prefixed(f"{KNOWN} {fits.name}: ", message), known_as=fits.name)
    if again := next((one for one in of_row if not one.is_open and re.search(one.message, message)), None):
        text = _prefixed(f"{again.name} is {again.status}, and fails again: ", message)
        return Judgement("FAIL", text, reopens=again.name)
    if open_:
        return Judgement("FAIL", _prefixed(f"Another defect hides behind {_names(open_)}: ", message))
    return None


def _names(known: Iterable[Known]) -> str:
    return " and ".join(one.name for one in known)


def _prefixed(words: str, message: str) -> str:
    """The message after some words; one that is HTML stays so."""
    return f"{HTML} {words}{message.removeprefix(HTML).lstrip()}" if message.startswith(HTML) else words + message
