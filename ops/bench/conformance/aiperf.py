"""AIPerf before the cases: its numbers are those of `profile_export_aiperf.json`, in milliseconds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ops.bench.conformance.reported import Reported, Spread
from ops.bench.conformance.tools import MODEL, Tool
from ops.bench.referee import installs
from ops.bench.referee.tools import AIPERF, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.bench.conformance.plays import Play
    from ops.bench.conformance.reported import Metric

_METRICS: dict[Metric, str] = {
    "ttft": "time_to_first_token",
    "e2e": "request_latency",
    "e2e_from_intended": "effective_latency",
    "tpot": "inter_token_latency",
    "chunk_gap": "inter_chunk_latency",
    "tokens": "output_sequence_length",
}
_KEPT = (
    *_METRICS.values(),
    "request_count",
    "completed_request_count",
    "error_request_count",
    "request_error_rate",
    "error_summary",
    "usage_completion_tokens",
    "adj_request_latency",
    "http_req_connection_reused",
    "credit_to_start_latency",
)
"""What the evidence shows of the file."""
_COUNTED = frozenset({"no_usage", "text_disagrees_with_usage", "text_that_retokenises_badly"})
_FRAME = re.compile(r"[│╭╮╰╯─┏┓┗┛━┃]+")
_WARNING = re.compile(r"Warning ─")
_ALL_FAILED = re.compile(r"All (\d+) inference request\(s\) failed")
"""Then it writes no file of results, and ends with 1."""
_NOTE = re.compile(r"^(?!.*(?:INFO|DEBUG)).*\bWARNING\b")


def aiperf(model: Path, tokenizer: Path) -> Tool:
    """AIPerf, with a tokenizer made from a GGUF file's own vocabulary.

    Args:
        model: the GGUF file.
        tokenizer: folder to write the tokenizer into.

    Raises:
        NotInstalledError: it could not be installed.
    """
    installed = installs.aiperf()
    installs.write_tokenizer(installed, model, tokenizer)

    def command(play: Play, url: str, folder: Path) -> list[str]:
        load = ["--request-count", str(play.requests)]
        load += ["--concurrency", str(play.users)] if play.users else []
        if play.rate is not None:
            load += ["--request-rate", f"{play.rate:g}", "--arrival-pattern", "constant"]
        if play.prompts is not None:
            load += ["--num-prompts", str(play.prompts)]
        if not play.client_tokens:
            load.append("--use-server-token-count")
        if play.page is None:
            load.append("--no-server-metrics")
        return [
            *installed.command, "profile", "--model", MODEL, "--url", url, "--endpoint-type", "chat", "--streaming",
            *load, "--tokenizer", str(tokenizer), "--isl", "8", "--export-http-trace",
            "--artifact-dir", str(folder / "out"), "--ui", "none", "--no-gpu-telemetry",
        ]  # fmt: skip

    return Tool(AIPERF, installed.version, command, _read, otherwise=_otherwise)


def _otherwise(play: Play) -> Play | None:
    """Where it matters who counts the tokens, the run in which AIPerf does: its default."""
    if play.case not in _COUNTED:
        return None
    return replace(play, part="without --use-server-token-count", client_tokens=True)


def _read(play: Play, folder: Path) -> Reported:
    path = folder / "out" / "profile_export_aiperf.json"
    if not path.exists():
        words = " ".join((folder / "log.txt").read_text("utf-8", "replace").split())
        if all_failed := _ALL_FAILED.search(words):
            return Reported(ended=int(all_failed[1]), failed=int(all_failed[1]), lines=[all_failed[0]])
        raise ToolError(f"{AIPERF} wrote no results: {words[-300:]}")
    told = json.loads(path.read_text("utf-8"))
    ended = told.get("completed_request_count", {}).get("avg")
    succeeded = told.get("request_count", {}).get("avg", 0.0)
    summary = [each for each in told.get("error_summary") or () if each["count"]]
    spreads = {name: _spread(told[metric], name) for name, metric in _METRICS.items() if told.get(metric)}
    adjusted = told.get("adj_request_latency", {}).get("p90")
    reused = told.get("http_req_connection_reused", {}).get("sum")
    return Reported(
        ended=None if ended is None else int(ended),
        failed=None if ended is None else int(ended - succeeded),
        classes={_class(each["error_details"]): each["count"] for each in summary},
        spreads=spreads,
        ends_with_text=True,
        tokens_from="its own tokenizer" if play.client_tokens else "usage",
        adjusted_p90=None if adjusted is None else float(adjusted) / 1000,
        reused=None if reused is None else round(reused),
        server_percentiles=_server_percentiles(folder / "out"),
        warnings=list(_warnings(folder)),
        lines=[f"{name}: {json.dumps(told[name])}" for name in _KEPT if told.get(name)],
    )


def _spread(told: dict[str, Any], metric: Metric) -> Spread:
    scale = 1.0 if metric == "tokens" else 1000.0
    percentiles = {p: told[f"p{p}"] / scale for p in (50, 90, 99) if told.get(f"p{p}") is not None}
    most = told.get("max")
    return Spread(told.get("count"), told["avg"] / scale, None if most is None else most / scale, percentiles)


def _class(error: dict[str, Any]) -> str:
    return " ".join(str(error[name]) for name in ("code", "type") if error.get(name))


def _warnings(folder: Path) -> Iterator[str]:
    """The panels of warnings on its console page, and the warnings of its log."""
    console = folder / "out" / "profile_export_console.txt"
    lines = console.read_text("utf-8", "replace").splitlines() if console.exists() else []
    for place, line in enumerate(lines):
        if _WARNING.search(line):
            yield " ".join(_FRAME.sub(" ", f"{line} {' '.join(lines[place + 1 : place + 4])}").split())
    for line in (folder / "log.txt").read_text("utf-8", "replace").splitlines():
        if _NOTE.search(line):
            yield " ".join(line.split())


def _server_percentiles(folder: Path) -> dict[int, float]:
    """Its estimates from the only histogram of the server's page."""
    path = folder / "server_metrics_export.json"
    metrics = json.loads(path.read_text("utf-8"))["metrics"] if path.exists() else {}
    for metric in metrics.values():
        stats = metric["series"][0]["stats"]
        return {p: stats[f"p{p}_estimate"] for p in (50, 99) if stats.get(f"p{p}_estimate") is not None}
    return {}
