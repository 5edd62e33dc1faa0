"""Reader of Robot Framework's output.xml."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from keywords.traceability.merged import unmerge
from keywords.traceability.rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EVIDENCE = "Evidence"
"""Name of the test metadata with the path of a row's evidence."""
KNOWN_AS = "Known as"
"""Name of the test metadata with the known bug as which a row failed."""
NOT_RUN = "NOT RUN"
"""Status of a row that the run left out or did not reach."""
NOT_STARTED = "Not started: "
"""Start of each row's message in a run that the listener refuses."""
DRY_RUN = "Dry run"
"""Name of the root suite's metadata that marks a dry run."""
_NOT_REACHED = re.compile(
    # Robot's messages for a row that it fails without executing it; a reason may follow.
    rf"(?:\*HTML\*\s*)?Parent suite setup failed:\s+|{NOT_STARTED}|(?=Test execution stopped due to a fatal error\.)"
    r"|(?=(?:Failure|Error) occurred and exit-on-(?:failure|error) mode is in use\.)"
)
_BY_SIGNAL = "Execution terminated by signal"
_TERMINATED = re.compile(
    rf"(?:(?:Setup|Teardown) failed:\n)?{_BY_SIGNAL}(?:\Z|\n\nAlso (?:keyword )?teardown failed:\n)"
)
"""Robot's message for the row at which a signal stopped the run."""
_NO_STEP = NOT_STARTED + "no step of it was executed, as in a dry run"
"""Message of a row that passed without a step: Robot passes all rows of a dry run, which may have been merged."""
_STEPS = {"kw", "for", "while", "if", "try", "group", "return", "continue", "break", "variable", "error"}
_FAILED_AND_SKIPPED = re.compile(r"Failed (test|task) skipped using .*?\n\nOriginal failure:\n", re.DOTALL)
"""Robot's words for a row that failed, and that `--skiponfailure` or its tag turned into a skip."""
_TEARDOWN = re.compile(r"(?:^|\n\nAlso )suite teardown failed:\n", re.IGNORECASE)
_LINK = re.compile(r"\[([^|\]]+)\|[^\]]*\]")


class OutputError(Exception):
    """The output.xml cannot be used."""


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one row.

    Attributes:
        row: the row.
        status: `PASS`, `FAIL`, `SKIP`, or `NOT RUN` for a row that this run left out or did not reach.
        message: the reason for the status; for a passed row, what it measured.
        elapsed_s: seconds, setup and teardown included.
        started: local time in ISO 8601; empty if it was not run.
        evidence: its evidence page, relative to the output.xml; None if there is none.
        log_id: its anchor in Robot's log.html.
        replaced: in a merged output, the statuses of earlier results that it replaced, the latest first.
        merged: whether the row came into this output by a merge.
        known_as: the known bug as which the row failed, such as `BUG-0042`; empty for all other rows.
        output: in a joined run, the output.xml that holds it; None if it is the run's own.
        environment: in a joined run of several environments, where the row ran; empty in all others.
        stale: why the result is too old to count; empty if it is not.
    """

    row: Row
    status: str
    message: str = ""
    elapsed_s: float = 0.0
    started: str = ""
    evidence: str | None = None
    log_id: str | None = None
    replaced: tuple[str, ...] = ()
    merged: bool = False
    known_as: str = ""
    output: Path | None = None
    environment: str = ""
    stale: str = ""

    @property
    def is_flaky(self) -> bool:
        """Whether the row passed only when it was executed again."""
        return self.status == "PASS" and "FAIL" in self.replaced

    @property
    def is_softened(self) -> bool:
        """Whether the row failed and Robot counts it as skipped, as an option or a tag told it."""
        return self.status == "FAIL" and _FAILED_AND_SKIPPED.match(self.message) is not None

    @property
    def not_reached(self) -> str:
        """The reason for which the run did not reach this row; empty if it did, or left the row out on purpose."""
        if self.status != NOT_RUN:
            return ""
        if _TERMINATED.match(self.message):
            return _BY_SIGNAL
        match = _NOT_REACHED.match(self.message)
        if match is None:
            return ""
        why = self.message[match.end() :]
        return " ".join((_plain(why) if self.message.startswith("*HTML*") else why).split()).rstrip(".")


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of `robot`.

    Attributes:
        output: the output.xml.
        results: one for each row, in the order of execution.
        metadata: metadata of the root suite: model, versions and the like; of a combined output, of all its runs.
        started: local time in ISO 8601; of a merged output, the start of its earliest row.
        elapsed_s: seconds of the whole run.
        afterwards: failures of suite teardowns, after the rows had ended. Robot's report marks these rows as failed.
        merged: the reason for which this output is not of one run; empty if it is.
        errors: messages of level ERROR that Robot logged, such as a listener's breakdown.
        joined: the outputs of the runs that were joined; empty for one run.
    """

    output: Path
    results: tuple[Result, ...]
    metadata: Mapping[str, str]
    started: str
    elapsed_s: float
    afterwards: tuple[str, ...] = ()
    merged: str = ""
    errors: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()

    @property
    def interruption(self) -> str:
        """The reason for which the run reached none or only some of its rows; empty if it reached all."""
        if DRY_RUN in self.metadata:
            return "dry run, which executes no row"
        reasons = list(dict.fromkeys(result.not_reached for result in self.results if result.not_reached))
        if not reasons:
            return ""
        missed = sum(bool(result.not_reached) for result in self.results)
        if missed == len(self.results):
            return f"the run did not start: {reasons[0]}"
        if any(re.match(r"(\*HTML\*\s*)?Parent suite setup failed:", result.message) for result in self.results):
            return f"{missed} of {len(self.results)} rows did not run: {reasons[0]}"
        return f"the run was stopped, {missed} of {len(self.results)} rows did not run: {reasons[0]}"

    @property
    def idleness(self) -> str:
        """The reason for which a run that nothing stopped proves nothing; empty if a row passed or failed."""
        if not self.results:
            return "there was no row to run"
        if any(result.status in {"PASS", "FAIL"} for result in self.results):
            return ""
        return "its only row was skipped" if len(self.results) == 1 else f"all {len(self.results)} rows were skipped"


def read_output(output: Path) -> Run:
    """Read an output.xml of Robot Framework 7 or newer.

    Raises:
        OutputError: the file is missing, incomplete, or no output.xml.
    """
    try:
        return _read(output)
    except OSError as err:
        raise OutputError(f"{output}: cannot be read: {err.strerror}; run the suites first or name another") from err
    except ET.ParseError as err:
        raise OutputError(
            f"{output}: is broken off or is not XML ({err}); run the suites again to their end, or `qa recover "
            f"{output.parent}` makes a report of the rows that had ended"
        ) from err
    except ValueError as err:
        raise OutputError(f"{output}: is not as Robot writes it ({err}); run the suites again") from err


def _read(output: Path) -> Run:
    suites: list[str] = []
    results: list[Result] = []
    afterwards: list[str] = []
    executed = False
    root: ET.Element | None = None
    # Robot wrote the file: quoted network data is escaped, and no XML entities are declared.
    for event, element in ET.iterparse(output, ("start", "end")):  # noqa: S314
        if event == "start":
            if root is None and element.tag != "robot":
                raise OutputError(f"{output}: is not an output.xml of Robot Framework; name the right file")
            root = element if root is None else root
            if element.tag == "suite":
                suites.append(element.get("name", ""))
            executed = executed and element.tag != "test"
        elif element.tag == "test":
            results.append(_result(element, ".".join(suites), executed=executed))
            element.clear()
        elif element.tag == "suite":
            suites.pop()
            parts = _TEARDOWN.split(element.findtext("status", ""), maxsplit=1)
            afterwards += [" ".join(parts[1].split()).rstrip(".")] if len(parts) > 1 else []
        elif element.tag in _STEPS:
            executed = executed or (element.find("status") is not None and _status(element).get("status") != NOT_RUN)
            element.clear()
    suite = root.find("suite") if root is not None else None
    if root is None or suite is None:
        raise OutputError(f"{output}: holds no suite; run the suites first")
    status = _status(suite)
    metadata = _metadata(suite)
    # `rebot` gives what it merges or combines no start.
    started = status.get("start", "")
    merged = "" if started or not results else _merged(suite, results)
    if DRY_RUN in metadata:
        results = [replace(one, status=NOT_RUN, message=f"dry run: {_told(one)}".rstrip(": ")) for one in results]
    _mark_terminated(results)
    return Run(
        output,
        tuple(results),
        metadata,
        started or min((result.started for result in results if result.started), default=""),
        float(status.get("elapsed", "0")),
        tuple(afterwards),
        merged=merged,
        errors=tuple(
            " ".join((message.text or "").split())
            for message in root.findall("errors/msg")
            if message.get("level") == "ERROR"
        ),
    )


def _metadata(suite: ET.Element) -> dict[str, str]:
    """The metadata of the root suite; below a root that `rebot` made up, the values of all roots."""
    roots = [suite] if suite.get("source") else [suite, *suite.findall("suite")]
    values: dict[str, dict[str, None]] = {}
    for meta in [meta for root in roots for meta in root.findall("meta")]:
        values.setdefault(meta.get("name", ""), {})[meta.text or ""] = None
    return {name: ", ".join(texts) for name, texts in values.items()}


def _merged(suite: ET.Element, results: list[Result]) -> str:
    """The reason for which an output has no start."""
    if not suite.get("source") and (runs := len(suite.findall("suite"))) > 1:
        return f"combined from {runs} runs"
    again = sum(bool(result.replaced) for result in results)
    if not again:
        return "merged from several runs"
    return f"merged from several runs, {again} of {len(results)} rows were executed again"


def _mark_terminated(results: list[Result]) -> None:
    """Count the row at which a signal stopped the run as not run: no later row was executed."""
    reached = [place for place, result in enumerate(results) if result.status in {"PASS", "FAIL"}]
    if reached and (last := results[reached[-1]]).status == "FAIL" and _TERMINATED.match(last.message):
        results[reached[-1]] = replace(last, status=NOT_RUN)


def _told(result: Result) -> str:
    return "" if result.message == _NO_STEP else result.message


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^<>]*>", "", html))


def _result(test: ET.Element, suite: str, *, executed: bool) -> Result:
    tags = tuple(tag.text or "" for tag in test.findall("tag"))
    status = _status(test)
    evidence = next((meta.text or "" for meta in test.findall("meta") if meta.get("name") == EVIDENCE), "")
    link = _LINK.search(evidence)
    known_as = next((meta.text or "" for meta in test.findall("meta") if meta.get("name") == KNOWN_AS), "")
    told = unmerge((status.text or "").strip())
    message = told.message
    # A message alone proves nothing: any row may fail with these words.
    missed = status.get("status") == "FAIL" and not executed and bool(_NOT_REACHED.match(message))
    if status.get("status") == "PASS" and not executed:
        missed, message = True, _NO_STEP
    ended = "FAIL" if _FAILED_AND_SKIPPED.match(message) else status.get("status", "")
    return Result(
        row=Row(test.get("name", ""), suite, tuple(tag for tag in tags if not tag.startswith("allure."))),
        status=NOT_RUN if missed else ended,
        message=message,
        elapsed_s=float(status.get("elapsed", "0")),
        started=status.get("start", ""),
        evidence=link.group(1) if link else None,
        log_id=test.get("id"),
        replaced=told.replaced,
        merged=told.is_merged,
        # The listener notes it; a row that skips itself with the same words is not known.
        known_as=known_as if ended == "SKIP" and message.removeprefix("*HTML*").lstrip().startswith("KNOWN ") else "",
    )


def _status(element: ET.Element) -> ET.Element:
    status = element.find("status")
    if status is None or "elapsed" not in status.attrib:
        raise OutputError("the output.xml is of a Robot Framework older than 7; run the suites with a newer one")
    return status
