"""`qa run --durations`: the dearest rows of a run, and the dearest setups and teardowns of its rows and suites."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from robot.api import ExecutionResult, ResultVisitor
from robot.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from robot.result import Keyword, TestCase, TestSuite

OPTION = "--durations"
DEFAULT_COUNT = 20


class DurationsError(Exception):
    """The count is no count, or the run left no output that can be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Duration:
    """What one part of a run took.

    Attributes:
        part: a row, or a setup or teardown.
        name: full name of the row, or of the row or suite that the setup or teardown belongs to.
        elapsed_s: wall time in seconds; a row's with its own setup and teardown.
        within_row: whether it is the setup or teardown of a row, whose time holds it.
    """

    part: Literal["row", "setup", "teardown"]
    name: str
    elapsed_s: float
    within_row: bool = False


def take_count(arguments: Sequence[str]) -> tuple[int | None, list[str]]:
    """Take `--durations [N]` out of the arguments of `qa run`: N or, without one, 20; None if it is not there.

    Raises:
        DurationsError: N is no whole number from 1 on.
    """
    rest = list(arguments)
    place = next((place for place, text in enumerate(rest) if text.partition("=")[0] == OPTION), None)
    if place is None:
        return None, rest
    _, with_value, value = rest.pop(place).partition("=")
    if not with_value:
        # Anything else is a path or the next option.
        value = rest.pop(place) if place < len(rest) and rest[place].isdecimal() else str(DEFAULT_COUNT)
    if not value.isdecimal() or int(value) < 1:
        raise DurationsError(f"{OPTION} takes a whole number from 1 on, not {value!r}: for instance {OPTION}=20")
    return int(value), rest


def read_durations(output: Path) -> list[Duration]:
    """Read what each row, setup and teardown took from an output.xml, the longest first.

    Raises:
        DurationsError: the file is missing or no output.xml.
    """
    collector = _Collector()
    try:
        ExecutionResult(output).visit(collector)
    except DataError as error:
        raise DurationsError(f"the durations cannot be shown: {error.message}") from error
    return sorted(collector.durations, key=attrgetter("elapsed_s"), reverse=True)


def duration_lines(durations: Sequence[Duration], count: int) -> list[str]:
    """The longest durations, each with its seconds and its full name, and the sums of all of them.

    Args:
        durations: all of a run, the longest first.
        count: how many are shown.
    """
    rows = sum(one.elapsed_s for one in durations if one.part == "row")
    around = sum(one.elapsed_s for one in durations if one.part != "row" and not one.within_row)
    return [
        f"The {min(count, len(durations))} longest of all rows, setups and teardowns:",
        *(
            f"{one.elapsed_s:8.2f} s  {one.part:<8}  {one.name}{' (part of the row)' if one.within_row else ''}"
            for one in durations[:count]
        ),
        f"{rows:8.2f} s  all rows together; {around:.2f} s all setups and teardowns of suites",
    ]


class _Collector(ResultVisitor):  # type: ignore[misc]  # Robot's base class has no types
    def __init__(self) -> None:
        self.durations: list[Duration] = []

    def start_suite(self, suite: TestSuite) -> None:
        self._add_around(suite.full_name, suite.setup, suite.teardown, within_row=False)

    def visit_test(self, test: TestCase) -> None:
        self.durations.append(Duration("row", test.full_name, test.elapsed_time.total_seconds()))
        self._add_around(test.full_name, test.setup, test.teardown, within_row=True)

    def _add_around(self, name: str, setup: Keyword, teardown: Keyword, *, within_row: bool) -> None:
        # Robot gives an empty, false keyword for none.
        if setup:
            self.durations.append(Duration("setup", name, setup.elapsed_time.total_seconds(), within_row))
        if teardown:
            self.durations.append(Duration("teardown", name, teardown.elapsed_time.total_seconds(), within_row))
