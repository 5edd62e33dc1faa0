"""`qa load` before the cases: its numbers are those of its store, from which its report is made."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from keywords.engine.load.metrics.summary import BY_TOKEN, Summary
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES
from keywords.engine.store.columns import read_columns
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run
from ops.bench.conformance.reported import Reported, Spread
from ops.bench.conformance.tools import MODEL, Tool
from ops.bench.referee.tools import OURS, ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from ops.bench.conformance.plays import Play
    from ops.bench.conformance.reported import Metric

_METRICS: dict[Metric, str] = {
    "ttft": "ttft_first_content",
    "e2e": "e2e",
    "e2e_from_intended": "e2e_from_intended",
    "tpot": "tpot_excl_first",
    "chunk_gap": "chunk_gap",
    "tokens": "output_length",
}
_LEADS = 3
"""Two that are no requests, by which it sees what the server is, and one of one token."""
_SERVER_MEDIAN = "p50 of the server's own"


def ours() -> Tool:
    """`qa load`."""
    return Tool(OURS, "", _command, _read, leads=_LEADS)


def _command(play: Play, url: str, folder: Path) -> list[str]:
    load = [sys.executable, "-m", "keywords.qa.cli", "load", "--url", url, "--model", MODEL]
    if play.rate is None:
        load += ["--users", str(play.users), "--requests", str(play.requests)]
    else:
        load += ["--rate", f"{play.rate:g}", "--for", f"{play.requests / play.rate:g}s", "--arrivals", "constant"]
        load += ["--most-in-flight", str(play.users)] if play.users else []
    if play.prompts is None:
        load.append("--unique-prefix")
    else:
        load += [word for number in range(play.prompts) for word in ("--prompt", f"Count up from {number}.")]
    return [*load, "--store", str(folder / "measurements.db"), "--no-calibration", "--quiet"]


def _read(play: Play, folder: Path) -> Reported:  # noqa: ARG001  # a tool's signature
    path, said = folder / "measurements.db", (folder / "log.txt").read_text("utf-8", "replace").splitlines()
    if not path.exists():
        raise ToolError(f"{OURS} measured nothing: {' '.join(said)[-300:]}")
    with Store(path, LOAD_ROOM) as store:
        run = read_run(store, 1)
        kept = read_columns(store, SAMPLES, 1, ["reused_connection", "text_length"])
    summary = Summary(read_samples(path, 1))
    spreads = {name: _spread(summary, metric) for name, metric in _METRICS.items() if summary.count(metric)}
    if (by_token := summary.mean(BY_TOKEN)) is not None:
        spreads["tpot_by_token"] = Spread(mean=by_token)
    sources = Counter(source for source in summary.samples.tokens_source if source)
    remarks = [line.removeprefix("• ").strip() for line in _remarks(said)]
    return Reported(
        ended=summary.answered() + summary.failed(),
        failed=summary.failed(),
        classes=dict(summary.errors),
        spreads=spreads,
        tokens_from=" and ".join(sources) or None,
        adjusted_p90=summary.percentile("e2e", 90, failures=True),
        reused=sum(kept["reused_connection"]),
        text_length=sum(kept["text_length"]),
        server_bounds=next((line for line in remarks if _SERVER_MEDIAN in line), None),
        warnings=[*(run.reasons if run.validity == "INVALID" else ()), *remarks],
        lines=[line for line in said if line.strip() and not line.startswith("• ")],
    )


def _remarks(said: list[str]) -> list[str]:
    """The remarks at the end of the report; one may take several lines."""
    remarks: list[str] = []
    for line in said:
        if line.startswith("• "):
            remarks.append(line)
        elif remarks and line.strip():
            remarks[-1] += f" {line.strip()}"
    return remarks


def _spread(summary: Summary, metric: str) -> Spread:
    values = {p: summary.percentile(metric, p) for p in (50, 90, 99)}
    told = {p: value for p, value in values.items() if value is not None}
    return Spread(summary.count(metric), summary.mean(metric), None, told)
