"""Scoreboard: several servers, each asked by its address alone, requirement by requirement."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keywords.traceability.pages import render
from keywords.traceability.results import NOT_RUN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keywords.traceability.matrix.table import Line, Matrix

MARKS = {"FAILING": "fails", "KNOWN_BUG": "differs", "PASSING": "holds", "PARTIAL": "holds in part", "FLAKY": "flaky"}
NOT_SEEN = "not seen"
"""What is said of a requirement whose rows an address alone does not let run."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the scoreboard.

    Attributes:
        name: how people call it.
        version: what was asked.
        matrix: the run of the rows attached to it.
    """

    name: str
    version: str
    matrix: Matrix


def write_scoreboard(servers: Sequence[Server], markdown: Path, page: Path, day: str) -> None:
    """Write the scoreboard as Markdown and as a page.

    Args:
        servers: in the order of the columns.
        markdown: the file for the repository.
        page: the file for a browser.
        day: when the rows ran.

    Raises:
        OSError: a file cannot be written.
    """
    facts = as_data(servers, day)
    for template, file in (("scoreboard.md", markdown), ("scoreboard.html", page)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(render(template, **facts, marks=MARKS).encode("utf-8", "backslashreplace"))


def as_data(servers: Sequence[Server], day: str) -> dict[str, Any]:
    """The scoreboard as plain data: only requirements that a row tried at one of the servers at least."""
    lines = [{line.requirement.id: line for line in server.matrix.lines} for server in servers]
    seen = [
        requirement
        for id_, requirement in servers[0].matrix.register.requirements.items()
        if any(_mark(of_server[id_]) != NOT_SEEN for of_server in lines)
    ]
    counts = [Counter(_mark(of_server[one.id]) for one in seen) for of_server in lines]
    return {
        "day": day,
        "rows": max(_tried(server.matrix) for server in servers),
        "servers": [
            {
                "name": server.name,
                "version": server.version,
                "counts": {mark: count[mark] for mark in (*MARKS.values(), NOT_SEEN)},
                "tried": _tried(server.matrix),
            }
            for server, count in zip(servers, counts, strict=True)
        ],
        "requirements": [
            {
                "id": one.id,
                "title": one.title,
                "area": one.area,
                "cells": [{"mark": _mark(of_server[one.id]), "why": _why(of_server[one.id])} for of_server in lines],
            }
            for one in seen
        ],
    }


def _mark(line: Line) -> str:
    decided = any(result.status in {"PASS", "FAIL"} or result.known_as for result in line.results)
    return MARKS.get(line.status, NOT_SEEN) if decided else NOT_SEEN


def _why(line: Line) -> str:
    """The first failure, or the reason for the status."""
    failed = [result.message for result in line.results if result.status == "FAIL" or result.known_as]
    return " ".join(failed[0].split()) if failed else line.reason


def _tried(matrix: Matrix) -> int:
    return sum(result.status not in {"SKIP", NOT_RUN} or bool(result.known_as) for result in matrix.results)
