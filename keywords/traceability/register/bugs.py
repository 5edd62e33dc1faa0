"""Bugs, one file each, in the fields of the ISTQB syllabus (CTFL 4, 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self, get_args

from pydantic import Field, model_validator

from keywords.traceability.register.criteria import Severity
from keywords.traceability.register.entries import (
    BugId,
    Day,
    Entry,
    Lines,
    Pattern,
    RequirementId,
    Role,
    Text,
    Unique,
    problem,
    validate_one,
)
from keywords.traceability.register.yaml_file import RegisterError, read_yaml

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

BugStatus = Literal[
    "new",
    "triaged",
    "in progress",
    "fixed",
    "awaiting confirmation",
    "closed",
    "re-opened",
    "deferred",
    "duplicate",
    "rejected",
]
BUG_STATUSES: tuple[BugStatus, ...] = get_args(BugStatus)
OPEN = ("new", "triaged", "in progress", "re-opened", "deferred")
"""Statuses in which the row is expected to fail as described."""
FIXED = ("fixed", "awaiting confirmation", "closed")
"""Statuses in which the row must pass; one that fails as described re-opens the bug."""
Priority = Literal["P1", "P2", "P3"]


class Found(Entry):
    """Who found a bug, in which role, and when."""

    day: Day
    by: Text
    role: Role


class HistoryLine(Entry):
    """A step in the life of a bug.

    Attributes:
        day: when.
        by: who took it.
        status: the status from then on.
        note: why.
    """

    day: Day
    by: Text
    status: BugStatus
    note: Text


class Bug(Entry):
    """One bug.

    Attributes:
        id: its id, such as `BUG-0042`, which is the name of its file too.
        title: what is wrong, where, as a sentence.
        status: where it is in its life.
        severity: S1 data or key lost, service down; S2 requirement violated, no way around; S3 way around known;
            S4 cosmetic.
        priority: P1 now, P2 this release, P3 later.
        found: who found it, and when.
        requirements: the requirements that it violates.
        rows: the rows that show it, by their full names or the ends of these; empty if it was found by hand and no row
            shows it yet.
        message: a regular expression that the message of such a failed row matches.
        test_object: version, commit and configuration of the gateway.
        environment: operating system, Python, model and quantisation, backend, GPU and driver.
        steps: how to see it.
        expected: what the requirement says.
        actual: what happened instead.
        frequency: n of m attempts.
        evidence: the folder of evidence.
        expires: the day after which it must be fixed or decided anew.
        fixed_in: the commit that fixed it.
        duplicate_of: the bug that it repeats.
        history: its life, the latest step last.
    """

    id: BugId
    title: Text
    status: BugStatus
    severity: Severity
    priority: Priority
    found: Found
    requirements: Unique[RequirementId] = Field(min_length=1)
    rows: Unique[Text] = ()
    message: Pattern | None = None
    test_object: Text
    environment: Text
    steps: Lines
    expected: Text
    actual: Lines
    frequency: Text
    evidence: Text
    expires: Day
    fixed_in: Text | None = None
    duplicate_of: BugId | None = None
    history: tuple[HistoryLine, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.rows and self.message is None:
            raise problem("names rows, but no message; write field 'message', a pattern of how these rows fail")
        if self.status == "duplicate" and self.duplicate_of is None:
            raise problem("is a duplicate; name the other bug in field 'duplicate_of'")
        if self.history[-1].status != self.status:
            raise problem(
                f"has status '{self.status}', but its history ends with '{self.history[-1].status}'; add a line to it"
            )
        return self

    @property
    def is_open(self) -> bool:
        """Whether its rows are expected to fail."""
        return self.status in OPEN

    def has_expired(self, today: date) -> bool:
        """Whether it is open after its last day."""
        return self.is_open and today > self.expires

    def age(self, today: date) -> int:
        """Days since it was found."""
        return (today - self.found.day).days


def load_bugs(folder: Path) -> dict[str, Bug]:
    """Read all bugs of a folder, by their ids; there are none if there is no folder.

    Raises:
        RegisterError: with all problems of the files.
    """
    bugs: dict[str, Bug] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            bug = validate_one(path, read_yaml(path, "write the fields of one bug"), Bug)
        except RegisterError as err:
            problems += err.problems
            continue
        if not path.read_text(encoding="utf-8").rstrip().splitlines()[-1].lstrip().startswith("-"):
            problems.append(f"{path}:1: {bug.id}: its history must come last, a line for each step; move it to the end")
        if path.stem != bug.id:
            problems.append(f"{path}:1: {bug.id}: its file must be named {bug.id}.yaml; rename one of the two")
        bugs[bug.id] = bug
    if problems:
        raise RegisterError(problems)
    return bugs
