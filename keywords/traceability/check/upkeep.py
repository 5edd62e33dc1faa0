"""Gaps within the register: texts that changed after a review, rows that bugs no longer find, days that have passed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from keywords.traceability.bugs.known import names_row
from keywords.traceability.register.reviews import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from keywords.traceability.register.register import Register
    from keywords.traceability.rows import Row


def review_findings(register: Register, rows: Iterable[Row]) -> list[str]:
    """Rows that nobody has read against the text of their requirement as it is today.

    A register without reviews is not checked for them.
    """
    if not register.reviews:
        return []
    findings = []
    names: dict[str, set[str]] = {}
    for row in rows:
        for id_ in row.requirements:
            names.setdefault(id_, set()).add(row.name)
            if id_ not in register.requirements:
                continue
            reviewed = register.reviews.get(id_, {}).get(row.name)
            if reviewed is None:
                findings.append(
                    f"row '{row.full_name}' is not reviewed against {id_}; read both, then `qa review {id_}`"
                )
            elif reviewed != fingerprint(register.requirements[id_]):
                findings.append(
                    f"row '{row.full_name}' is suspect: the text of {id_} changed after they were reviewed together; "
                    f"read both, then `qa review {id_}`"
                )
    findings += [
        f"the reviews name row '{name}' of {id_}, which is not in the suites; `qa review {id_}` removes it"
        for id_, reviewed_rows in register.reviews.items()
        for name in reviewed_rows
        if name not in names.get(id_, set())
    ]
    return findings


def bug_findings(register: Register, rows: Sequence[Row], today: date) -> list[str]:
    """Bugs that name rows which are not there, and bugs and waivers whose day has passed."""
    findings = []
    full_names = [row.full_name for row in rows]
    for bug in register.bugs.values():
        for written in bug.rows:
            if any(names_row(written, row) for row in rows):
                continue
            near = difflib.get_close_matches(written, _ends(full_names, written.count(".")), n=1, cutoff=0.5)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            findings.append(f"{bug.id} names row '{written}', which is not in the suites{hint}; correct its file")
        if bug.has_expired(today):
            findings.append(f"{bug.id} is open, and expired on {bug.expires}: {bug.title}; fix it or decide anew")
    return findings + [
        f"{waiver.id} for {waiver.requirement} expired on {waiver.expires}; prove the requirement or decide anew"
        for waiver in register.waivers.values()
        if waiver.has_expired(today)
    ]


def warnings(register: Register, today: date) -> list[str]:
    """Waivers that are about to expire, for their owners."""
    return [
        f"{waiver.id} for {waiver.requirement} expires on {waiver.expires}; its owner is {waiver.owner}"
        for waiver in register.waivers.values()
        if waiver.expires_soon(today)
    ]


def _ends(names: Iterable[str], dots: int) -> list[str]:
    """The last parts of full names, as many as a written name has."""
    return [".".join(name.split(".")[-dots - 1 :]) for name in names]
