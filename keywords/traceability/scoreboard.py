"""Scoreboard: several servers, each asked by its address alone, requirement by requirement."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from keywords.traceability.pages import render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keywords.traceability.matrix.table import Line, Matrix
    from keywords.traceability.results import Result

SERVER_VERSION = "Server version"
"""Name of the metadata by which a run tells what it asked: `robot --metadata "Server version:litellm 1.106.2"`."""


class Mark(StrEnum):
    """What is said of a requirement at a server."""

    FAILS = "fails"
    DIFFERS = "differs"
    DECLINED = "declined"
    NOT_DECIDED = "not decided"
    IN_PART = "holds in part"
    FLAKY = "flaky"
    HOLDS = "holds"
    NOT_SEEN = "not seen"


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
        file.write_bytes(render(template, **facts).encode("utf-8", "backslashreplace"))


def as_data(servers: Sequence[Server], day: str) -> dict[str, Any]:
    """The scoreboard as plain data: only requirements that a row tried at one of the servers at least."""
    cells = [_cells(server.matrix) for server in servers]
    seen = [
        requirement
        for id_, requirement in servers[0].matrix.register.requirements.items()
        if any(of_server[id_]["mark"] != Mark.NOT_SEEN for of_server in cells)
    ]
    counts = [Counter(of_server[one.id]["mark"] for one in seen) for of_server in cells]
    return {
        "day": day,
        "servers": [
            {
                "name": server.name,
                "version": server.version,
                "counts": {mark: count[mark] for mark in Mark},
                "tried": sum(map(_was_tried, server.matrix.results)),
                "rows": len(server.matrix.results),
            }
            for server, count in zip(servers, counts, strict=True)
        ],
        "requirements": [
            {"id": one.id, "title": one.title, "area": one.area, "cells": [of_server[one.id] for of_server in cells]}
            for one in seen
        ],
    }


def _cells(matrix: Matrix) -> dict[str, dict[str, Any]]:
    """What is said of each requirement at a server: the mark, why, and how many of its rows were tried."""
    undecided, declined = set(matrix.skips.inconclusive), set(matrix.skips.declined)
    return {
        line.requirement.id: {
            "mark": _mark(line, undecided, declined),
            "why": _why(line),
            "tried": sum(map(_was_tried, line.results)),
            "rows": len(line.results),
        }
        for line in matrix.lines
    }


def _was_tried(result: Result) -> bool:
    """Whether a row told something of the server."""
    return result.status in {"PASS", "FAIL"} or bool(result.known_as)


def _mark(line: Line, undecided: set[Result], declined: set[Result]) -> Mark:
    """The mark by the rows alone: what the register says of the row, such as SUSPECT, says nothing of a server."""
    tried = [result for result in line.results if _was_tried(result)]
    open_ = any(result in undecided for result in line.results)
    if any(result.status == "FAIL" for result in tried):
        return Mark.FAILS
    if any(result.known_as for result in tried):
        return Mark.DIFFERS
    refused = any(result in declined for result in line.results)
    if not tried:
        return Mark.NOT_DECIDED if open_ else Mark.DECLINED if refused else Mark.NOT_SEEN
    lacking = [kind for kind in line.requirement.needs if not any(map(_was_tried, line.by_kind[kind]))]
    if open_ or refused or lacking:
        return Mark.IN_PART
    return Mark.FLAKY if any(result.is_flaky for result in tried) else Mark.HOLDS


def _why(line: Line) -> str:
    """The first failure, or the reason for the status."""
    failed = [result.message for result in line.results if result.status == "FAIL" or result.known_as]
    return " ".join(failed[0].split()) if failed else line.reason
