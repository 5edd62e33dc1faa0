"""The command `python -m ops.bench.scale.matrix ARGUMENTS`: a `qa` command in a process of its own, and what it took.

It prints what the command prints, and as its last line `CommandCost` as JSON, without the wall time, which its parent
knows.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from keywords.engine import clock
from ops.bench.scale.report import peak_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ("functional", "negative")
_REQUIREMENT = """\
- id: {id}
  title: Requirement {number} holds
  text: >
    What requirement {number} says takes two sentences. This is the second of them, and it is about as long as those of
    a real register are.
  area: area {area}
  risk: {{likelihood: {likelihood}, impact: {impact}}}
  needs: [functional, negative]
  owner: quality
"""
_CRITERION = """\
- id: EXIT-001
  title: No requirement fails
  measure: {of: failures, at_most: 0}
"""
_ROW = """\
Row {number} states a fact that is about as long as facts are
    [Tags]    req:{id}    kind:{kind}
    No Operation
"""
_RESULT = """\
<test id="s1-s{suite}-t{place}" name="Row {number} states a fact that is about as long as facts are">
<kw name="No Operation" owner="BuiltIn"><status status="{status}" start="{start}" elapsed="0.1"/></kw>
<tag>kind:{kind}</tag><tag>req:{id}</tag>
<meta name="Evidence">[evidence/row-{number}/index.html|1 exchange]</meta>
<status status="{status}" start="{start}" elapsed="0.1">{message}</status>
</test>
"""
_START = "2026-11-28T10:00:00"
_ROWS_OF_SUITE = 20
_MESSAGE = "The status should be 200, got 500; POST http://127.0.0.1:8080/v1/chat/completions answered nothing"


class CommandError(Exception):
    """A command failed."""


@dataclass(frozen=True, slots=True)
class CommandCost:
    """What a command took.

    Attributes:
        wall_s: from the start of its process to the end of it.
        cpu_s: processor time of that process, user and system.
        peak_mb: its largest resident memory, in 10^6 bytes.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def write_project(folder: Path, rows: int, requirements: int) -> None:
    """Write a register, suites, and the output and evidence of a run in which one row in fifty failed."""
    register = folder / "resources" / "register"
    register.mkdir(parents=True)
    texts = [
        _REQUIREMENT.format(
            id=_id(number), number=number, area=number % 30, likelihood=1 + number % 5, impact=1 + number % 4
        )
        for number in range(requirements)
    ]
    (register / "requirements.yaml").write_text("".join(texts), "utf-8")
    (register / "criteria.yaml").write_text(_CRITERION, "utf-8")
    (folder / "suites").mkdir()
    output = []
    for suite in range(rows // _ROWS_OF_SUITE):
        numbers = range(suite * _ROWS_OF_SUITE, (suite + 1) * _ROWS_OF_SUITE)
        written = [_ROW.format(number=n, id=_id(n % requirements), kind=_kind(n, requirements)) for n in numbers]
        text = "*** Test Cases ***\n" + "\n".join(written)
        (folder / "suites" / f"suite_{suite}.robot").write_text(text, "utf-8")
        results = "".join(_results(numbers, suite, requirements))
        output.append(f'<suite id="s1-s{suite + 1}" name="Suite {suite}">{results}{_status("PASS")}</suite>')
    (folder / "results").mkdir()
    body = f'<suite id="s1" name="Suites" source="{folder}/suites">{"".join(output)}{_status("FAIL")}</suite>'
    (folder / "results" / "output.xml").write_text(f'<robot generator="Robot 7.5">{body}<errors/></robot>', "utf-8")
    for number in range(rows):
        evidence = folder / "results" / "evidence" / f"row-{number}"
        evidence.mkdir(parents=True)
        (evidence / "index.html").touch()
        facts = {"started": _START, "status": _outcome(number)}
        (evidence / "row.json").write_text(json.dumps(facts), "utf-8")


def _results(numbers: range, suite: int, requirements: int) -> Iterator[str]:
    for place, number in enumerate(numbers, start=1):
        failed = _outcome(number) == "FAIL"
        yield _RESULT.format(
            suite=suite + 1,
            place=place,
            number=number,
            id=_id(number % requirements),
            kind=_kind(number, requirements),
            status=_outcome(number),
            start=_START,
            message=_MESSAGE if failed else "",
        )


def _id(number: int) -> str:
    return f"{chr(ord('A') + number // 900)}REQ-{number % 900 + 100}"


def _kind(number: int, requirements: int) -> str:
    return KINDS[number // requirements % len(KINDS)]


def _outcome(number: int) -> str:
    return "FAIL" if number % 50 == 0 else "PASS"


def _status(status: str) -> str:
    return f'<status status="{status}" start="{_START}" elapsed="200"/>'


def measure_command(folder: Path, *arguments: str) -> CommandCost:
    """Run a `qa` command in a folder.

    Raises:
        CommandError: it failed.
    """
    began = clock.now()
    command = [sys.executable, "-m", "ops.bench.scale.matrix", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)  # noqa: S603  # our own
    wall_s = clock.now() - began
    if done.returncode:
        raise CommandError(f"qa {arguments[0]} failed: {(done.stderr.splitlines() or ['it said nothing'])[-1]}")
    return CommandCost(wall_s=wall_s, **json.loads(done.stdout.rstrip().rpartition("\n")[2]))


def _main() -> None:
    sys.argv[0] = "qa"
    code: object = 0
    try:
        with contextlib.redirect_stdout(sys.stderr):
            # As its users start it; this program imports nothing of it.
            runpy.run_module("keywords.qa.cli", run_name="__main__")
    except SystemExit as end:
        code = end.code
    times = psutil.Process().cpu_times()
    sys.stdout.write(json.dumps({"cpu_s": times.user + times.system, "peak_mb": peak_bytes() / 1e6}) + "\n")
    sys.exit(code)  # type: ignore[arg-type]  # whatever it was


if __name__ == "__main__":
    _main()
