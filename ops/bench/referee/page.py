"""The report in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.bench.referee.laps import CHUNKS, PAUSE_S, REQUEST_USERS, SHORT_S
from ops.bench.referee.result import (
    HOPELESS,
    KNEE_ACHIEVED,
    KNEE_CORE,
    KNEE_ERROR_MS,
    OWN_ERROR_MS,
    SWEEP,
    TARGETS,
    USERS,
    Comparison,
)
from ops.bench.referee.tools import OURS, READER
from ops.bench.tables import format_estimate, number, table

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = {
    "ttft_error_p50_ms": "error of TTFT p50 ms",
    "ttft_error_p99_ms": "error of TTFT p99 ms",
    "gap_error_p50_ms": "error of a gap p50 ms",
    "gap_error_p99_ms": "error of a gap p99 ms",
    "achieved": "chunks sent, of those a client without pauses would get",
    "streams": "streams compared",
    "broken": "streams not whole",
    "refused": "share of laps that the tool itself calls INVALID",
    "core_share": "busy share of the tool's core",
    "cpu_us_per_chunk": "CPU µs/chunk",
    "cpu_us_per_request": "CPU µs/request",
    "requests_per_s": f"requests/s, {REQUEST_USERS} users",
    "start_cpu_s": "CPU s of a run without a chunk: start and report",
}
"""All figures of a lap with their units, in the order of the page."""


def markdown(comparison: Comparison) -> str:
    """The whole page."""
    return "\n".join(_parts(comparison)) + "\n"


def _parts(comparison: Comparison) -> Iterator[str]:
    yield "# Load generators before the referee\n"
    if not comparison.complete:
        yield "**It was broken off: what follows is what there was by then.**\n"
    if not comparison.is_valid():
        errors = ", ".join(
            f"{FIGURES[name]} {format_estimate(comparison.mean(READER, name))}"
            for name in ("ttft_error_p99_ms", "gap_error_p99_ms")
        )
        yield f"**INVALID: the referee's own reader errs by more than {OWN_ERROR_MS:g} ms: {errors}.**\n"
    yield "\n".join(f"- {name}: {value}" for name, value in comparison.machine.items()) + "\n"
    yield "## Targets\n"
    yield _targets(comparison)
    yield f"## {USERS} streams of {1 / PAUSE_S:g} chunks/s\n"
    names = comparison.names()
    heads = [f"{name} {comparison.versions.get(name, '')}".strip() for name in names]
    rows = [
        (what, *(format_estimate(comparison.mean(name, figure)) for name in names)) for figure, what in FIGURES.items()
    ]
    yield table((f"n = {len(comparison.rounds)} rounds of errors, {len(comparison.costs)} of costs", *heads), rows)
    if comparison.sweep:
        yield "## Up to the knee\n"
        yield _sweep(comparison)
    yield "\n".join(f"- **{what}**: skipped: {reason}" for what, reason in comparison.skipped.items())
    yield _HOW


def _targets(comparison: Comparison) -> str:
    rows = []
    for target in TARGETS:
        estimate = target.measured(comparison)
        bound = f"{'≥' if target.sense == '>=' else '≤'} {target.bound:g}"
        n = str(estimate.n) if estimate else "0"
        rows.append((target.what, bound, format_estimate(estimate), n, target.verdict(comparison)))
    return table(("target", "bound", "measured", "n", "met"), rows)


def _sweep(comparison: Comparison) -> str:
    def cell(tool: str, users: int) -> str:
        figures = comparison.sweep[tool].get(users)
        if figures is None:
            return "-"
        ttft, gap = (figures.get(f"{what}_error_p99_ms") for what in ("ttft", "gap"))
        core = f"{figures['core_share']:.0%}" if "core_share" in figures else "-"
        own = " INVALID" if figures.get("refused") else ""
        return f"{_or_few(ttft)} / {_or_few(gap)} / {figures['achieved']:.3f} / {core}{own}"

    rows = [(str(users), *(cell(tool, users) for tool in comparison.sweep)) for users in SWEEP]
    knees = ["knee", *(str(comparison.knee(tool) or f"above {SWEEP[-1]}") for tool in comparison.sweep)]
    return table(("streams: errors p99 of TTFT / gap in ms / achieved / core", *comparison.sweep), [*rows, knees])


def _or_few(value: float | None) -> str:
    return "n too small" if value is None else number(value)


_HOW = f"""## How it was measured

- The server logs on the monotonic clock when it sent each chunk, and keeps one core to itself; the tools run on the
  other, one at a time, in an order that changes with each round.
- A tool's error is its own value less the server's: TTFT from the sent request to the first text, less the server's
  time from the request's last byte to that chunk; a gap between two chunks, less the same gap at the server. The TTFT
  of each user's first stream is left out: all of them begin at once, and wait in the server's sockets until it reads
  them.
- `{READER}` searches the bytes for the chunks and does nothing else; its error is that of the server and the machine.
  Beyond {OWN_ERROR_MS:g} ms the table is INVALID.
- `{OURS}` runs as its users run it, with every sample stored and reported, without the calibration; AIPerf's chunk
  times come from its raw records; Locust's from a FastHttpUser that parses each event
  (`ops/bench/referee/locustfile.py`).
- CPU is user and system time of a tool and of all its processes that it waited for, start and report included. That of
  a lap of {SHORT_S:g} s is subtracted from that of a longer one, and the rest divided by the chunks (or requests of one
  chunk without a pause) that the server sent more. So what a run costs once is in no tool's figure, and what it costs
  each second is in all of them. Where a tool need not write each chunk's time, it does not; `{OURS}` always does.
- A ratio of costs is the geometric mean of the rounds' ratios; each round measures `{OURS}` and the best peer one right
  after the other. All tools are in the first round of costs. A peer that takes more than {HOPELESS:g} times as much as
  another, for a chunk and for a request, is not asked again: it is not the best one.
- The knee is the fewest streams at which an error's p99 exceeds {KNEE_ERROR_MS:g} ms, where it has enough values, or
  fewer than {KNEE_ACHIEVED:.0%} of the chunks were sent that a client without pauses between its streams would have
  got, or the tool's core was busy for more than {KNEE_CORE:.0%} of the time, or the tool calls its own run INVALID, as
  `qa load` does if its event loop was late by more than 5 ms (p99). How late the others' loops are, they do not say.
  Each stream has {CHUNKS} chunks; one lap a level.
- A value is the mean over the rounds that have it, ± half its 95 % interval (Student's t). `met` is *yes* or *no* if
  the whole interval lies on one side of the bound, else *unclear*."""
