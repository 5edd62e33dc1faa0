"""Gaps between requirements and rows: wrong tags, namesakes, requirements without a row."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from keywords.traceability.rows import tag_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from keywords.traceability.register.register import Register
    from keywords.traceability.rows import Row


def row_findings(register: Register, rows: Sequence[Row]) -> list[str]:
    """Rows with wrong tags, and rows that cannot be distinguished.

    Two rows of one suite and one name overwrite each other's evidence and Allure result, and `robot --test` runs both.
    Two rows of one name and the same requirements share their history.
    """
    findings = [problem for row in rows for problem in tag_problems(row, register)]
    namesakes = _groups(rows, lambda row: row.robot_name)
    findings += [
        f"row '{same[0].full_name}' is there {len(same)} times{_spellings(same)}; rename one" for same in namesakes
    ]
    told = {row.full_name for same in namesakes for row in same}
    for twins in _groups(rows, lambda row: row.stable_id):
        if not {row.full_name for row in twins} <= told:
            suites = " and ".join(row.suite for row in twins)
            findings.append(
                f"row '{twins[0].name}' is there {len(twins)} times with the same tags ({suites}); rename one"
            )
    return findings


def _groups(rows: Iterable[Row], key: Callable[[Row], object]) -> list[list[Row]]:
    """The rows that share a key with another one, by that key."""
    groups: defaultdict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return [group for group in groups.values() if len(group) > 1]


def _spellings(rows: Iterable[Row]) -> str:
    names = list(dict.fromkeys(row.full_name for row in rows))
    others = " and ".join(f"'{name}'" for name in names[1:])
    return f", also as {others}, which Robot does not tell apart" if others else ""


def coverage_findings(register: Register, rows: Iterable[Row]) -> list[str]:
    """Requirements without a row, or without a row of a kind that they need."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for id_ in row.requirements:
            kinds[id_].update(row.kinds)
    findings = []
    for requirement in register.requirements.values():
        what = f"requirement {requirement.id} ({requirement.title})"
        if requirement.id not in kinds:
            findings.append(f"{what} is uncovered: no row proves it; write one with tag req:{requirement.id}")
            continue
        findings += [
            f"{what} is partly covered: it needs kind {kind}; write a row with tags req:{requirement.id} kind:{kind}"
            for kind in requirement.needs
            if kind not in kinds[requirement.id]
        ]
    return findings
