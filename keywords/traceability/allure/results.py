"""Preparation of Allure results for the page: only this run's rows, correct statuses, evidence attached."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keywords.traceability.allure.files import STEP_KINDS, read_containers, read_results
from keywords.traceability.evidence.search import find_pages
from keywords.traceability.skips import sort_skips

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keywords.traceability.results import Result, Run

PAGE_FILE_LIMIT = 256 * 1024
"""Largest evidence file on the page, in bytes; the description names the folder of all."""
PAGE_FILES_LIMIT = 30
"""Most evidence files of one row on the page; the description names the folder of all."""

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".log": "text/plain",
    ".md": "text/plain",
    ".png": "image/png",
    ".sh": "text/plain",
    ".sse": "text/plain",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
"""Suffixes and media types of evidence files on the page."""
MEASUREMENTS = "-perf.json"
"""End of the names of files with figures, by which Allure knows them."""

# Robot prefixes a message with the exception's name, except for AssertionError and generic exceptions.
EXCEPTION = re.compile(
    r"(?:\*HTML\* )?(?!AssertionError\b)[A-Z]\w*"
    r"(?:Error|Exception|Timeout|Refused|Expired|Redirects|Iteration|Interrupt|Exit|Warning|Failed|Unavailable)"
    r"(?:: |$)"
)
# Robot's messages for a row that cannot be executed as written.
NOT_EXECUTED = re.compile(
    r"(?:Parent suite setup|Setup) failed:|No keyword with name '|Multiple keywords |Variable '.*' not found"
    r"|Keyword '.*' (?:expected|got|missing|requires) |Resolving variable '|Evaluating expression |Importing "
    r"|(?:Test|Keyword) timeout .* exceeded|(?:Test execution|Execution) (?:stopped|terminated)"
    r"|(?:Failure|Error) occurred and exit-on-"
)
SEVERAL = "Several failures occurred:"
FAILURE_NUMBER = re.compile(r"(?:^|\n\n)\d+\) ")
AFTERWARDS = re.compile(r"\n\nAlso (?:parent suite )?teardown failed:\n")
ONLY_TEARDOWN = re.compile(r"^(?:Parent suite teardown|Teardown) failed:\n")
UNEXPECTED = "UNEXPECTED SKIP: "
"""Start of the message that a category of `allurerc.json` sorts out."""
LIBRARY_PREFIX = re.compile(r"^(?:[A-Za-z_]\w*\.)+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Staged:
    """Prepared results.

    Attributes:
        uuids: uuids of the results, one for each row.
        missing: full names of rows that ran but have no result.
    """

    uuids: list[str]
    missing: list[str]


def stage_results(results: Path, to: Path, run: Run) -> Staged:
    """Copy the results of one run and prepare the copies for the page.

    Robot's Allure listener never empties its folder. So only the latest result of each row is copied, and rows of
    other runs are left out.

    Args:
        results: the folder that Robot's Allure listener wrote.
        to: an empty folder.
        run: the run.

    Raises:
        ResultError: a file in the folder is not what the listener writes.
    """
    rows = {result.row.full_name: result for result in run.results}
    pages, unexpected = find_pages(run), sort_skips(run).unexpected
    latest: dict[str, dict[str, Any]] = {}
    for result in read_results(results):
        # Only the full name tells whose result it is.
        name = result.get("fullName") or ""
        if name in rows and _start(result) >= _start(latest.get(name, result)):
            latest[name] = result
    for name, result in latest.items():
        make_readable(result)
        _describe(result, rows[name])
        if rows[name] in unexpected:
            result["statusDetails"] = {
                **(result.get("statusDetails") or {}),
                "message": f"{UNEXPECTED}{_message(result)}",
            }
        if page := pages.get(rows[name]):
            _attach_evidence(result, page, to)
        _write(result, "result", results, to)
    _copy_measurements({page.parent.parent for page in pages.values()}, to)
    uuids = [result["uuid"] for result in latest.values()]
    for container in read_containers(results):
        if not set(uuids).isdisjoint(container["children"]):
            make_readable(container)
            _write(container, "container", results, to)
    return Staged(uuids, missing=[name for name in rows if name not in latest])


def _start(result: dict[str, Any]) -> float:
    return result.get("start") or 0


def status_of(message: str) -> str:
    """Allure's status of a failed row: `failed` for a verdict on the gateway, `broken` for a row without one.

    Robot has only one status for both, but the message tells: `broken` rows have the name of an exception other than
    AssertionError, or Robot's message for a row that it cannot execute. One verdict among several failures makes a row
    `failed`. A teardown counts only if nothing failed before it.
    """
    first = AFTERWARDS.split(message)[0]
    first = ONLY_TEARDOWN.sub("", first)
    if first.startswith(SEVERAL):
        parts = [part for part in FAILURE_NUMBER.split(first.removeprefix(SEVERAL)) if part.strip()]
        return "failed" if any(status_of(part) == "failed" for part in parts) else "broken"
    return "broken" if EXCEPTION.match(first) or NOT_EXECUTED.match(first) else "failed"


def make_readable(result: dict[str, Any]) -> None:
    """Correct the status of a failed result, shorten its steps' names, and drop repeated messages.

    Steps without a name are dropped too: the listener writes one for each RETURN.
    """
    if result.get("status") == "failed" and result.get("fullName"):
        result["status"] = status_of(_message(result))
    for part in [result, *_steps(result)]:
        for kind in STEP_KINDS:
            if part.get(kind):
                part[kind] = [step for step in part[kind] if step.get("name")]
    for step in _steps(result):
        step["name"] = LIBRARY_PREFIX.sub("", step["name"])
        # The listener repeats a failure as a step below the failed step.
        step["steps"] = [below for below in step.get("steps") or () if below["name"] != _message(step)]


def _message(item: dict[str, Any]) -> str:
    return (item.get("statusDetails") or {}).get("message") or ""


def _steps(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in STEP_KINDS:
        for step in item.get(kind) or ():
            yield step
            yield from _steps(step)


def _describe(result: dict[str, Any], row: Result) -> None:
    """Put a passed row's message at the head of its description; Allure shows only messages of failures."""
    if row.status == "PASS" and row.message:
        result["description"] = f"**{row.message}**\n\n{result.get('description') or ''}".strip()


def _attach_evidence(result: dict[str, Any], page: Path, to: Path) -> None:
    attachments = result["attachments"] = result.get("attachments") or []
    known = {attachment.get("name") for attachment in attachments}
    files = sorted(path for path in page.parent.glob("*") if path.suffix in MEDIA_TYPES and path.name not in known)
    files = [path for path in files if not path.name.endswith(MEASUREMENTS)]
    for path in [path for path in files if path.stat().st_size <= PAGE_FILE_LIMIT][:PAGE_FILES_LIMIT]:
        source = f"{result['uuid']}-{path.name}"
        shutil.copyfile(path, to / source)
        attachments.append({"name": path.name, "source": source, "type": MEDIA_TYPES[path.suffix]})
    description = result.get("description") or ""
    # As text: Allure links only absolute addresses.
    result["description"] = f"{description}\n\nAll evidence of this row: `{page.parent.as_posix()}`".strip()


def _copy_measurements(folders: set[Path], to: Path) -> None:
    """Copy the figures that load runs left among the evidence of rows and suites, for Allure's metrics."""
    files = sorted(path for folder in folders for path in folder.glob(f"*/*{MEASUREMENTS}"))
    for number, path in enumerate(files):
        shutil.copyfile(path, to / f"{number}{MEASUREMENTS}")


def _write(item: dict[str, Any], kind: str, results: Path, to: Path) -> None:
    (to / f"{item['uuid']}-{kind}.json").write_text(json.dumps(item), encoding="utf-8")
    for part in (item, *_steps(item)):
        for attachment in part.get("attachments") or ():
            source = attachment["source"]
            if not (to / source).exists() and (results / source).is_file():
                shutil.copyfile(results / source, to / source)
