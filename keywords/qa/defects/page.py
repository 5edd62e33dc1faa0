"""The page that says which defects the suites find by an address alone."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keywords.qa.defects.verdict import Outcome

if TYPE_CHECKING:
    from keywords.qa.defects.trials import Trials
    from keywords.qa.defects.verdict import Verdict

_HEAD = """# What the suites find by an address alone

Each line is a server with one defect: a wire before a sound gateway plants it, and the suites know nothing but its
address, a model and a key. Left out are nightly rows, those about the suite itself (`req:SELF-*`), and those about the
framing of requests (`req:WIRE-009` to `WIRE-015`), which the wire reads in the place of the server. A defect counts as
found if the first row that fails carries a requirement that the defect violates. `tox run -e defects` makes this page.
"""


def page(trials: Trials) -> str:
    """The page in Markdown, with a table of all defects in the catalogue's order."""
    verdicts = {verdict.defect.name: verdict for verdict in trials.verdicts}
    tried = [verdicts[defect.name] for defect in trials.defects if defect.name in verdicts]
    lines = [_HEAD, _facts(trials), "", "| defect | what a user would suffer | first failing row | requirement | s |"]
    lines += ["| --- | --- | --- | --- | --- |", *(_line(verdict) for verdict in tried)]
    if missed := [verdict for verdict in tried if verdict.outcome is Outcome.DECLARED_MISS]:
        lines += ["", "Missed, and why:", ""]
        lines += [f"- **{verdict.defect.name}**: {verdict.defect.missed}" for verdict in missed]
    return "\n".join(lines) + "\n"


def counts(trials: Trials) -> str:
    """How many defects were found, as one sentence."""
    found = sum(verdict.outcome is Outcome.FOUND for verdict in trials.verdicts)
    return f"{found} of {len(trials.verdicts)} defects found"


def _facts(trials: Trials) -> str:
    open_ones = len(trials.defects) - len(trials.verdicts)
    rest = f" {open_ones} more were not tried: the run was stopped." if open_ones else ""
    return (
        f"{counts(trials)} by {trials.rows} rows, which take {trials.control_s:.0f} s and all pass without a "
        f"defect.{rest} "
        f"{datetime.now(UTC):%Y-%m-%d}, commit {_commit()}, {platform.system()} {platform.machine()} "
        f"with {os.cpu_count()} cores. `s`: seconds from the start of the run until that row had failed."
    )


def _line(verdict: Verdict) -> str:
    finding = verdict.finding
    row, ids, seconds = "none", "", ""
    if finding:
        row, ids, seconds = finding.row, ", ".join(finding.requirements), f"{finding.seconds:.0f}"
    if verdict.outcome is Outcome.INCONCLUSIVE or not verdict.holds:
        row += f" (**{verdict.outcome.value}**{f': {verdict.note}' if verdict.note else ''})"
    cells = (verdict.defect.name, verdict.defect.harm, row, ids, seconds)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603  # our own
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
