"""What a check says: what it looked at, what it found; for people, as JUnit, and as annotations of GitHub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PLACE = re.compile(r"(?P<file>[^:\n]+\.\w+):(?P<line>\d+): (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        title: what holds if nothing was found.
        findings: what was found, one sentence each.
    """

    title: str
    findings: Sequence[str]


def write_junit(checks: Sequence[Check], to: Path) -> None:
    """Write the checks as test cases of JUnit's XML.

    Raises:
        OSError: the file cannot be written.
    """
    failed = sum(bool(check.findings) for check in checks)
    suite = ET.Element("testsuite", {"name": "qa check", "tests": str(len(checks)), "failures": str(failed)})
    for check in checks:
        case = ET.SubElement(suite, "testcase", {"classname": "qa check", "name": check.title})
        if check.findings:
            failure = ET.SubElement(case, "failure", {"message": f"{len(check.findings)} findings"})
            failure.text = _valid("\n".join(check.findings))
    to.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suite).write(to, "utf-8", xml_declaration=True)


def github_annotations(checks: Sequence[Check]) -> list[str]:
    """Workflow commands that show each finding on GitHub, beside its line where it names one."""
    return [_annotation(check.title, finding) for check in checks for finding in check.findings]


def _annotation(title: str, finding: str) -> str:
    place = _PLACE.fullmatch(finding)
    where = f"file={_property(place['file'])},line={place['line']}," if place else ""
    return f"::error {where}title={_property(title)}::{_data(place['text'] if place else finding)}"


def _data(text: str) -> str:
    """A text as GitHub's runner reads it in a command; source: actions/toolkit, its escapeData."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _valid(text: str) -> str:
    """The text without characters that XML forbids."""
    return re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\N{REPLACEMENT CHARACTER}", text)
