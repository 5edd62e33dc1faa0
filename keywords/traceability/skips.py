"""Skips of a run: those that follow from what its machine and its target lack, and all others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.traceability.results import Result, Run

MISSING_NEED = "Missing need "
"""Start of the names under which a run records, before its first row, what it lacks: `Missing need redis`."""
INCONCLUSIVE = "INCONCLUSIVE:"
"""Start of the message of a row that skips itself because the machine's load left it no verdict."""

KNOWN = "KNOWN"
"""Start of the message of a row that failed as a known bug describes, before the bug's id."""
DECLINED = "DECLINED:"
"""Start of the message of a row that skips itself because the server says that it cannot do what the row asks for."""
_SETUP = "Skipped in parent suite setup:\n"
"""Robot's words before the message of a suite's setup, which its rows get."""


@dataclass(frozen=True, slots=True)
class Skips:
    """The skipped rows of a run.

    Attributes:
        expected: rows whose need the run knew to be missing before its first row, by those needs, such as `redis`.
        declined: rows about what the server itself says that it cannot do.
        inconclusive: rows that the machine's load left without a verdict.
        known: rows that failed as a known bug describes.
        unexpected: all others. Something that the register asks for was not tried, and nobody knew that before.
    """

    expected: Mapping[str, tuple[Result, ...]]
    declined: tuple[Result, ...]
    inconclusive: tuple[Result, ...]
    known: tuple[Result, ...]
    unexpected: tuple[Result, ...]


def is_inconclusive(result: Result) -> bool:
    """Whether a row skipped itself because its measurement cannot decide."""
    return result.status == "SKIP" and result.message.removeprefix(_SETUP).startswith(INCONCLUSIVE)


def missing_needs(run: Run) -> dict[str, str]:
    """The needs that the run knew to be missing before its first row, each with the reason."""
    return {
        name.removeprefix(MISSING_NEED): reason
        for name, reason in run.metadata.items()
        if name.startswith(MISSING_NEED)
    }


def sort_skips(run: Run) -> Skips:
    """Sort the skipped rows of a run.

    A skip is expected only if its message is the recorded reason of the needs with which the row is tagged. So neither
    a row that calls `Skip`, nor `robot --skip`, nor a need that went missing under way can pass for one. A row that a
    server declined proves nothing either, but the server's own statement stands in its message, and rows that expect
    such statements prove that they are right.
    """
    missing = missing_needs(run)
    expected: defaultdict[str, list[Result]] = defaultdict(list)
    declined, inconclusive, known, unexpected = [], [], [], []
    for result in run.results:
        if result.status != "SKIP":
            continue
        lacked = [need for need in result.row.needs if need in missing]
        if result.known_as:
            known.append(result)
        elif is_inconclusive(result):
            inconclusive.append(result)
        elif result.message.removeprefix(_SETUP).startswith(DECLINED):
            declined.append(result)
        elif lacked and result.message == " ".join(missing[need] for need in lacked):
            expected[" and ".join(lacked)].append(result)
        else:
            unexpected.append(result)
    by_need = {needs: tuple(results) for needs, results in sorted(expected.items())}
    return Skips(by_need, tuple(declined), tuple(inconclusive), tuple(known), tuple(unexpected))
