"""One output of a run from the parts of the processes that shared it, as if one process had run it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from robot.errors import DataError
from robot.reporting.outputwriter import OutputWriter
from robot.result import Result, TestSuite
from robot.result.resultbuilder import ExecutionResultBuilder

from keywords.traceability.results import NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from keywords.run.shared_run import Plan, PlannedSuite

_STOPPED = "the run was stopped."
UNFINISHED = "The process that ran it"
"""Start of the message of a row in which a process ended."""
_WITH_STATUS = frozenset({"suite", "test", "kw", "for", "while", "if", "try", "group", "iter", "branch", "variable"})
"""Elements of an output.xml that are nothing without their status."""


def combine(parts: Mapping[Path, str], plan: Plan) -> Result:
    """Put the parts together, in the natural order of the suites.

    Every planned row has exactly one result: one that no part holds has failed, and its message says why.

    Args:
        parts: the output of each process, and how the process ended, as words; empty if as Robot ends.
        plan: all suites, in the order in which each process visited them.

    Raises:
        DataError: a part is no output of Robot.
    """
    results = [_read(path, end) for path, end in parts.items() if path.exists() and path.stat().st_size]
    ends = [end for end in parts.values() if end]
    visited: dict[str, list[TestSuite]] = {suite.id: [] for suite in plan.suites}
    for result in results:
        for suite, planned in zip(_walk(result.suite), plan.suites, strict=False):
            visited[planned.id].append(suite)
    children: dict[str, list[PlannedSuite]] = {}
    for planned in plan.suites:
        children.setdefault(planned.id.rpartition("-")[0], []).append(planned)
    for suites in children.values():
        suites.sort(key=lambda one: int(one.id.rpartition("s")[2]))
    root = _put_together(plan.suites[0], children, visited, NOT_STARTED + (_why(ends) or _STOPPED))
    combined = _AsWritten(suite=root, rpa=False)
    texts = set()
    for result in results:
        for message in result.errors:
            if message.message not in texts:
                combined.errors.messages.append(message)
            texts.add(message.message)
    return combined


def _why(ends: Sequence[str]) -> str:
    return f"the process that would have run it {ends[0]}." if ends else ""


def _put_together(
    planned: PlannedSuite,
    children: Mapping[str, Sequence[PlannedSuite]],
    visited: Mapping[str, Sequence[TestSuite]],
    missing: str,
) -> TestSuite:
    seen = visited[planned.id]
    suite = _choose(seen) or TestSuite(name=planned.name.rpartition(".")[2])
    for other in seen:
        _add_metadata(suite, other)
    for test, (_, tags) in zip(suite.tests, planned.rows, strict=False):
        if test.message.startswith(UNFINISHED):
            # Robot writes the tags of a row at its end; without them it would count for no requirement.
            test.tags = tags
    for name, tags in planned.rows[len(suite.tests) :]:
        suite.tests.create(name=name, tags=tags, status="FAIL", message=missing, start_time=_now(), elapsed_time=0)
    suite.suites = [_put_together(child, children, visited, missing) for child in children.get(planned.id, ())]
    times = [(one.start_time, one.end_time) for one in (*seen, *suite.suites) if one.start_time and one.end_time]
    if suite.suites and times:
        suite.start_time, suite.end_time = min(start for start, _ in times), max(end for _, end in times)
        suite.elapsed_time = None
    return suite


def _choose(seen: Sequence[TestSuite]) -> TestSuite | None:
    """The process's suite that has its rows; of a folder, one whose set-up or tear-down failed, if one did."""
    with_rows = [one for one in seen if one.tests]
    return next(iter([*with_rows, *filter(_failed, seen), *seen]), None)


def _add_metadata(suite: TestSuite, other: TestSuite) -> None:
    """Add the values that another process learnt, such as the address of its own gateway."""
    for name, value in other.metadata.items():
        known = str(suite.metadata.get(name, ""))
        if value != known and value not in known.split(", "):
            suite.metadata[name] = f"{known}, {value}" if known else value


def _failed(suite: TestSuite) -> bool:
    return bool((suite.has_setup and suite.setup.failed) or (suite.has_teardown and suite.teardown.failed))


def _walk(suite: TestSuite) -> Iterator[TestSuite]:
    yield suite
    for child in suite.suites:
        yield from _walk(child)


class _AsWritten(Result):  # type: ignore[misc]  # Robot's class has no types
    """A result whose rows stay as they ended; Robot fails them after a suite's teardown when it reads the whole."""

    def handle_suite_teardown_failures(self) -> None:
        """Leave it to whoever reads the combined output."""


class _Writer(OutputWriter):  # type: ignore[misc]  # Robot's class has no types
    # Only for an output by this name does Robot fail rows after a suite's teardown.
    generator = "Robot"


def save(result: Result, output: Path) -> None:
    """Write a result as Robot itself would have written it.

    Raises:
        OSError: it cannot be written.
    """
    result.visit(_Writer(output, rpa=result.rpa))


def _read(path: Path, end: str) -> Result:
    try:
        return _build(path)
    except DataError:
        if not end:
            raise
        closed = path.with_name("closed.xml")
        _close(path, closed, f"{UNFINISHED} {end} before its end.")
        return _build(closed)


def _build(path: Path) -> Result:
    try:
        return ExecutionResultBuilder(path).build(_AsWritten(path))
    except ET.ParseError as error:
        raise DataError(f"{path}: {error}") from error


def _close(path: Path, closed: Path, why: str) -> None:
    """Write an output with the ends that it lacks since its process was killed while it wrote."""
    open_: list[ET.Element] = []
    root: ET.Element | None = None
    try:
        for event, element in ET.iterparse(path, ("start", "end")):  # noqa: S314  # Robot wrote it
            if event == "start":
                root = element if root is None else root
                open_.append(element)
            else:
                open_.pop()
    except ET.ParseError:
        pass
    if root is None:
        raise DataError(f"{path}: the output broke off before it began")
    for element in open_:
        if element.tag in _WITH_STATUS:
            status = ET.SubElement(element, "status", {"status": "FAIL", "start": _now().isoformat(), "elapsed": "0"})
            status.text = why if element.tag == "test" else None
    ET.ElementTree(root).write(closed, "utf-8", xml_declaration=True)


def _now() -> datetime:
    return datetime.now()  # noqa: DTZ005  # Robot's times are local
