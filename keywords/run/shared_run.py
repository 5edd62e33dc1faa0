"""A run whose suites several processes of Robot share: what they agree on, by files in one folder.

Each process reads the same suites, visits them in the same order, and runs those that it is the first to claim. What
it did stands in a part of its own: an output file, events while it runs, and the facts that it learnt.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine.redaction.secrets import SECRETS
from keywords.traceability.rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PLAN = "plan.json"
_joined: list[Part] = []


@dataclass(frozen=True, slots=True)
class Part:
    """One process's part in a run.

    Attributes:
        folder: the folder of all parts.
        number: the number of the process, from 1.
        parent: the process id of `qa run`, which makes one output of all parts.
        log: Robot's log of the whole run; None if there will be none.
        earlier_seconds: how long suites took in an earlier run, by their full names; the longest are run first.
        is_alone: whether no other process shares the run, so that it runs all suites in their own order.
        runs_quiet: whether it runs the suites that need a quiet machine, and no others.
    """

    folder: Path
    number: int
    parent: int
    log: Path | None
    earlier_seconds: Mapping[str, float] = field(default_factory=dict)
    is_alone: bool = False
    runs_quiet: bool = False

    @property
    def own_folder(self) -> Path:
        """The folder of this part, which its process locks."""
        return self.folder / str(self.number)

    @property
    def output(self) -> Path:
        """Robot's output of this part."""
        return self.own_folder / "output.xml"

    @property
    def events(self) -> Path:
        """Its events, JSON lines."""
        return self.own_folder / "events.jsonl"

    @property
    def facts(self) -> Path:
        """What it learnt of the gateway, JSON."""
        return self.own_folder / "run.json"

    def to_json(self) -> dict[str, Any]:
        """The part as JSON."""
        return {**asdict(self), "folder": str(self.folder), "log": str(self.log) if self.log else None}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Part:
        """The part of which `to_json` made JSON."""
        return cls(
            **{**fields, "folder": Path(fields["folder"]), "log": Path(fields["log"]) if fields["log"] else None}
        )

    def claim(self, suite: str) -> bool:
        """Claim a suite; False if another process has claimed it.

        Args:
            suite: its id in the plan.

        Raises:
            OSError: nobody can claim it.
        """
        try:
            (self.folder / f"{suite}.claim").open("x").close()
        except FileExistsError:
            return False
        return True

    def record_event(self, **event: Any) -> None:
        """Append an event, for `qa run` to read."""
        with self.events.open("ab") as stream:
            stream.write(json.dumps(event).encode() + b"\n")


def join_run(part: Part) -> None:
    """Make this process one of those that share a run."""
    _joined.append(part)


def current_part() -> Part | None:
    """This process's part in a run that several share; None in a run of its own."""
    return _joined[-1] if _joined else None


@dataclass(frozen=True, slots=True)
class PlannedSuite:
    """A suite that the run is about to visit.

    Attributes:
        id: its id in Robot's log, such as `s1-s2`.
        name: its full name.
        rows: names and tags of its own rows, in their order.
        needs_quiet: whether one of its rows needs a quiet machine.
    """

    id: str
    name: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    needs_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All suites of a run.

    Attributes:
        suites: in the order in which each process visits them.
        is_attached: whether the rows speak to a server that the run did not start.
    """

    suites: tuple[PlannedSuite, ...]
    is_attached: bool = False

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return sum(len(suite.rows) for suite in self.suites)

    def all_rows(self) -> list[Row]:
        """All rows, without the tags that were added for Allure."""
        return [
            Row(name, suite.name, tuple(tag for tag in tags if not tag.startswith("allure.")))
            for suite in self.suites
            for name, tags in suite.rows
        ]

    @property
    def shareable(self) -> int:
        """The number of suites with rows that may run side by side."""
        return sum(bool(suite.rows) and not suite.needs_quiet for suite in self.suites)

    @property
    def has_quiet_rest(self) -> bool:
        """Whether suites that need a quiet machine are left to the end, after all others."""
        return self.shareable > 0 and any(suite.needs_quiet for suite in self.suites)


class PlansDifferError(Exception):
    """Two processes of one run would visit different suites, so that rows could be lost."""


def write_plan(folder: Path, number: int, plan: Plan) -> None:
    """Write the plan, clean of secrets; the first process's stays, and all others must have the same.

    Raises:
        PlansDifferError: this process has another plan.
        OSError: the plan cannot be written.
    """
    own = SECRETS.redact(json.dumps(asdict(plan)).encode())
    new = folder / str(number) / _PLAN
    new.write_bytes(own)
    with suppress(FileExistsError):
        _link(new, folder / _PLAN)
    if (folder / _PLAN).read_bytes() != own:
        raise PlansDifferError(
            "the processes that share this run would run different rows; give it one process by --processes 1"
        )


def read_plan(folder: Path) -> Plan | None:
    """The plan of the run; None as long as no process has written it."""
    try:
        fields = json.loads((folder / _PLAN).read_bytes())
    except FileNotFoundError:
        return None
    return Plan(tuple(_suite(**suite) for suite in fields["suites"]), fields["is_attached"])


def _suite(id: str, name: str, rows: Sequence[tuple[str, Sequence[str]]], needs_quiet: bool) -> PlannedSuite:  # noqa: A002, FBT001
    return PlannedSuite(id, name, tuple((row, tuple(tags)) for row, tags in rows), needs_quiet)


def _link(source: Path, target: Path) -> None:
    """Give a file that is whole a second name, unless another file has it."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # this file system has no links
        if not target.exists():
            shutil.copyfile(source, source.with_suffix(".copy"))
            source.with_suffix(".copy").replace(target)
