"""Locust before the cases: its numbers are those of its CSV files, in milliseconds."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ops.bench.conformance.reported import Reported, Spread
from ops.bench.conformance.tools import Tool
from ops.bench.referee import installs
from ops.bench.referee.tools import LOCUST, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.bench.conformance.plays import Play
    from ops.bench.conformance.reported import Metric

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_METRICS: dict[Metric, str] = {
    "ttft": "time to first token",
    "e2e": "end to end",
    "tpot": "time per output token",
    "chunk_gap": "time between chunks",
}
_OVERLOADING = 50
"""Users for a rate without a limit."""
_WATCHED_S = 12
"""Locust looks at its own processor use every five seconds."""


def locust() -> Tool:
    """Locust with `locustfile.ChatUser`, a FastHttpUser.

    Raises:
        NotInstalledError: it could not be installed.
    """
    installed = installs.locust()

    def command(play: Play, url: str, folder: Path) -> list[str]:
        users = str(_users(play))
        load = ["--users", users, "--spawn-rate", users]
        if _overloads(play):
            load += ["--run-time", f"{_WATCHED_S}s"]
        files = ["--csv", str(folder / "out"), "--only-summary"]
        return [*installed.command, "-f", str(_LOCUSTFILE), "--headless", "--host", url, *load, *files]

    return Tool(LOCUST, installed.version, command, _read, _environment, cannot=_cannot)


def _users(play: Play) -> int:
    return play.users or _OVERLOADING


def _overloads(play: Play) -> bool:
    return play.rate is not None and play.users is None


def _cannot(play: Play) -> str | None:
    if play.case == "stall_in_open_loop" and play.users is None:
        return "it has no open loop: its users wait for their answers"
    return None


def _environment(play: Play) -> Mapping[str, str]:
    asked = {
        "requests": 10**9 if _overloads(play) else play.requests,
        "rate": play.rate and play.rate / _users(play),
        "prompts": play.prompts or (play.requests if _overloads(play) else None),
    }
    return {"CONFORMANCE": json.dumps(asked)}


def _read(play: Play, folder: Path) -> Reported:  # noqa: ARG001  # a tool's signature
    path = folder / "out_stats.csv"
    if not path.exists():
        words = " ".join((folder / "log.txt").read_text("utf-8", "replace").split())
        raise ToolError(f"{LOCUST} wrote no results: {words[-300:]}")
    rows = {(row["Type"], row["Name"]): row for row in _rows(path)}
    request = rows.get(("POST", "/v1/chat/completions"))
    spreads = {name: _spread(row) for name, entry in _METRICS.items() if (row := rows.get(("LLM", entry)))}
    if row := rows.get(("LLM", "end to end")):
        spreads["tokens"] = Spread(mean=float(row["Average Content Size"]))
    log = (folder / "log.txt").read_text("utf-8", "replace").splitlines()
    failures = _rows(folder / "out_failures.csv")
    return Reported(
        ended=int(request["Request Count"]) if request else 0,
        failed=int(request["Failure Count"]) if request else 0,
        classes={row["Error"]: int(row["Occurrences"]) for row in failures},
        spreads=spreads,
        warnings=[line for line in log if "/WARNING/" in line],
        lines=[
            *path.read_text("utf-8").splitlines(),
            *(f"failure: {row['Error']}: {row['Occurrences']}" for row in failures),
        ],
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _spread(row: Mapping[str, str]) -> Spread:
    percentiles = {p: float(row[f"{p}%"]) / 1000 for p in (50, 90, 99) if row[f"{p}%"] not in {"", "N/A"}}
    mean, most = float(row["Average Response Time"]) / 1000, float(row["Max Response Time"]) / 1000
    return Spread(int(row["Request Count"]), mean, most, percentiles)
