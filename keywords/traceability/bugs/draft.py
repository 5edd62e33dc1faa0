"""A bug's file, filled in from the evidence of a failed row."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keywords.traceability.evidence.row import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from keywords.traceability.results import Run

PATTERN_LIMIT = 160
"""Characters of a message that its pattern holds."""
UNKNOWN = "unknown"
_VARYING = re.compile(r"\d+\\\.\d+|\d{4,}")
"""Numbers with a point, as `re.escape` writes it, and numbers of four digits and more."""
_SAID = re.compile(r"; (?:POST|GET|HEAD|PUT|DELETE) |(?<=(?:got|ays) )['\"]")
"""Where a message goes on with a request and its answer, or with the text that was compared."""


class DraftError(Exception):
    """No bug can be drafted from this; the message is the reason with its remedy."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who files a bug, when, and until when it must be decided.

    Attributes:
        name: of the person.
        role: one of the test plan's roles.
        day: today.
        expires: the day after which the bug must be fixed or decided anew.
    """

    name: str
    role: str
    day: date
    expires: date


def next_id(known: Iterable[str]) -> str:
    """The id after the last one."""
    return f"BUG-{max((int(id_.rpartition('-')[2]) for id_ in known), default=0) + 1:04}"


def draft(evidence: Path, id_: str, reporter: Reporter, shown: str) -> str:
    """The text of a bug's file.

    Args:
        evidence: the folder of a failed row's evidence.
        id_: the bug's id.
        reporter: who files it.
        shown: the folder as the file is to name it.

    Raises:
        DraftError: the folder holds no evidence of a failed row.
    """
    try:
        facts: dict[str, Any] = json.loads((evidence / FACTS).read_bytes())
    except (OSError, ValueError) as err:
        raise DraftError(f"{evidence}: it holds no {FACTS} ({err}); name a folder below results/evidence") from err
    if facts.get("status") != "FAIL":
        raise DraftError(f"{evidence}: its row ended as {facts.get('status')}; name the folder of a failed row")
    message = str(facts["message"]).removeprefix("*HTML*").strip()
    curl = f"1. GATEWAY_API_KEY=… sh {shown}/curl.sh" if (evidence / "curl.sh").is_file() else ""
    fields = {
        "id": id_,
        "title": f"{facts['name']}: it does not",
        "status": "new",
        "severity": "S2",
        "priority": "P2",
        "found": {"day": reporter.day.isoformat(), "by": reporter.name, "role": reporter.role},
        "requirements": facts["requirements"],
        "rows": [f"{facts['suite'].partition('.')[2] or facts['suite']}.{facts['name']}"],
        "message": pattern_of(message),
        "test_object": _test_object(facts),
        "environment": ", ".join(f"{name} {value}" for name, value in facts.get("versions", {}).items()) or UNKNOWN,
        "steps": curl or f"1. {facts['rerun']}",
        "expected": facts["name"],
        "actual": message,
        "frequency": "1 of 1 runs",
        "evidence": shown,
        "expires": reporter.expires.isoformat(),
    }
    head = "# yaml-language-server: $schema=../schemas/bug.json\n"
    lines = [f"{name}: {_yaml(value)}\n" for name, value in fields.items()]
    step = {"day": reporter.day.isoformat(), "by": reporter.name, "status": "new", "note": "drafted from evidence"}
    return head + "".join(lines) + f"history:\n  - {_yaml(step)}\n"


def pattern_of(message: str) -> str:
    """A regular expression for the beginning of a message, up to what a model said.

    Measured numbers and long ones, such as ports, may differ; a status or a small count is part of the description.
    """
    first = _SAID.split(message.split("\n", 1)[0])[0][:PATTERN_LIMIT]
    escaped = re.escape(first.strip()).replace("\\-", "-")
    # A register counts white space in texts as one space.
    spaced = re.sub(r"(?:\\\s)+", lambda found: " " if found[0] == "\\ " else r"\s+", escaped)
    return _VARYING.sub(lambda found: r"\d+\.\d+" if "." in found[0] else r"\d+", spaced) or ".*"


def draft_differences(run: Run, name: str, version: str, start: str, day: date) -> str:
    """The text of a foreign server's file, with a difference for each row that failed.

    Args:
        run: all rows, attached to the server.
        name: how people call it.
        version: the version that was looked at.
        start: the command that started it.
        day: today.
    """
    fields = {"name": name, "version": version, "looked_at": day.isoformat(), "start": start}
    head = "# yaml-language-server: $schema=../schemas/target.json\n# What this server does otherwise; "
    head += "a difference that goes away fails its row, and so does a new one.\n"
    lines = [f"{field}: {_yaml(value)}\n" for field, value in fields.items()]
    failed = [result for result in run.results if result.status == "FAIL"]
    for number, result in enumerate(failed, start=1):
        row = f"{result.row.suite.partition('.')[2]}.{result.row.name}"
        message = pattern_of(result.message.removeprefix("*HTML*").strip())
        values = {"title": f"Not so: {result.row.name}", "rows": [row], "message": message}
        lines.append(f"  - id: DIFF-{number:03}\n")
        lines += [f"    {field}: {_yaml(value)}\n" for field, value in values.items()]
    lines.insert(len(fields), "differences:\n" if failed else "differences: []\n")
    return head + "".join(lines)


def _test_object(facts: Mapping[str, Any]) -> str:
    environment, gateway = facts.get("environment", {}), facts.get("gateway", {})
    known = {
        "gateway": gateway.get("version") or environment.get("Gateway version"),
        "commit": environment.get("Commit"),
        "model": environment.get("Model"),
        "address": environment.get("Gateway"),
    }
    return ", ".join(f"{name} {value}" for name, value in known.items() if value) or UNKNOWN


def _yaml(value: Any) -> str:
    """A value as YAML in one line; days stay days, and JSON's texts are YAML's."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_yaml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(one) for one in value) + "]"
    plain = re.fullmatch(r"\d{4}-\d\d-\d\d|(BUG|[A-Z]+)-\d+|[SP]\d|new|gateway|security|operations|quality", value)
    return value if plain else json.dumps(value, ensure_ascii=False)
