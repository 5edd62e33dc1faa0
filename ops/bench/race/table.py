"""The report in Markdown: its first table is for managers, the others for engineers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.statistics.intervals import mean_interval
from keywords.engine.statistics.percentiles import values_needed
from ops.bench.race.laps import CONNECTIONS
from ops.bench.race.result import DIRECT
from ops.bench.race.streams import PACED_S
from ops.bench.race.targets import TARGETS, US
from ops.bench.tables import format_estimate, number, table

if TYPE_CHECKING:
    from ops.bench.race.result import Race

FIGURES = {
    **{f"rps@{n}": f"requests/s, {n} connection{'s' if n > 1 else ''}" for n in CONNECTIONS},
    **{f"p50_ms@{n}": f"p50 ms, {n}" for n in CONNECTIONS},
    **{f"p99_ms@{n}": f"p99 ms, {n}" for n in CONNECTIONS},
    **{f"cpu_us@{n}": f"CPU µs/request, {n}" for n in CONNECTIONS},
    **{f"errors@{n}": f"errors, {n}" for n in CONNECTIONS},
    "streams_per_s": "streams/s, 64 at once",
    "chunks_per_s": "chunks/s",
    "load_core_busy": "share of the load's core in use then",
    "cpu_us_per_chunk": "CPU µs/chunk, full speed",
    "cpu_us_per_paced_chunk": "CPU µs/chunk, paced",
    "ttft_p50_ms": "added TTFT p50 ms",
    "ttft_p99_ms": "added TTFT p99 ms",
    "delay_p50_ms": "chunk's way p50 ms",
    "gap_p99_ms": "added gap p99 ms",
    "stream_errors": "streams not whole",
    "rss_before_mb": "memory before, MB",
    "rss_after_mb": "memory after, MB",
    "load_average": "the machine's load average",
}
"""All figures of a lap with their units, in the order of the page."""
_RATIOS = ("rps@32", "cpu_us@32", "chunks_per_s", "cpu_us_per_chunk")


def markdown(race: Race) -> str:
    """The whole page."""
    parts = [
        "# The race\n",
        *([] if race.complete else ["**It was broken off: what follows is what there was by then.**\n"]),
        _machine(race),
        "## Targets\n",
        _targets(race),
        "## Figures\n",
        _figures(race),
        "## Ratios, each taken within its round\n",
        _ratios(race),
        "## Start and memory\n",
        _starts(race),
        "## Who took part\n",
        "\n".join(f"- **{name}**: {about}" for name, about in race.about.items()),
        *(f"- **{name}**: skipped: {reason}" for name, reason in race.skipped.items()),
        "\n" + _HOW,
    ]
    return "\n".join(parts) + "\n"


_HOW = f"""## How it was measured

- A value is the mean over the rounds, ± half its 95 % interval (Student's t over rounds); `n` is how many.
- The contender has one core to itself; wrk or the stream client and the upstreams share another. Contenders that are
  not at work are stopped (SIGSTOP). Their order changes with each round.
- Ordinary requests: wrk, one answer of about 500 bytes from nginx. `direct` is wrk straight at nginx.
- Streams: 64 at once, 64 chunks each, from the scripted backend. *Full speed*: as fast as they are read. *Paced*: a
  chunk every 20 ms, beginnings spread evenly, for at least {PACED_S:g} s. Added TTFT is the client's time to the first
  chunk, less the backend's own (from the request's arrival to that chunk's departure); a chunk's way is from its
  departure to its arrival at the client; the added gap is the difference of two chunks' distance at client and backend.
  The backend's record of its own sending is the referee; `direct` shows what client and backend add by themselves.
- Where the load's core is in use to nearly 1 at full speed, streams/s and chunks/s are the limit of client and backend
  and not of the contender; its CPU per chunk tells then.
- A percentile is a measured value (nearest rank; wrk's from its own histogram). A p99 takes {values_needed(99)} values
  and a p50 {values_needed(50)}; a round with fewer has none, and `-` is a figure that no round has.
- CPU is user and system time of the contender's processes, divided by the requests or chunks of that measurement.
- `met` is *yes* or *no* if the whole interval lies on one side of the target, else *unclear*; one round has none."""


def _machine(race: Race) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in race.machine.items()) + "\n"


def _targets(race: Race) -> str:
    rows = []
    for target in TARGETS:
        estimate = target.measured(race)
        bound = f"{'≥' if target.sense == '>=' else '≤'} {target.bound:g}"
        n = str(estimate.n) if estimate else "0"
        rows.append((target.what, bound, format_estimate(estimate), n, target.verdict(race)))
    return table(("target", "bound", "measured", "n", "met"), rows)


def _figures(race: Race) -> str:
    names = race.names()
    rows = []
    for figure, what in FIGURES.items():
        estimates = [race.mean(name, figure) for name in names]
        if any(estimates):
            rows.append((what, *map(format_estimate, estimates)))
    return table((f"figure (n = {len(race.rounds)})", *names), rows)


def _ratios(race: Race) -> str:
    others = [name for name in race.names() if name not in {DIRECT, US}]
    rows = [
        (
            FIGURES[figure],
            *(format_estimate(race.ratio((US, figure), (other, figure))) for other in others),
        )
        for figure in _RATIOS
    ]
    collapse = [format_estimate(race.ratio((name, "rps@256"), (name, "rps@32"))) for name in (US, *others)]
    own = table(("requests/s at 256 connections to its own at 32", US, *others), [("", *collapse)])
    return f"{table((f'{US} to …', *others), rows)}\n{own}"


def _starts(race: Race) -> str:
    rows = [(name, format_estimate(mean_interval(times)), str(len(times))) for name, times in race.starts_s.items()]
    page = table(("contender", "cold start to ready, s", "n"), rows)
    if race.soak is None:
        return page
    soak = race.soak
    return (
        f"{page}\nOver {soak.requests[-1]:,} requests at 32 connections, {US} went from {number(soak.rss_mb[0])} to "
        f"{number(soak.rss_mb[-1])} MB; per 100,000 requests in the second half: "
        f"{format_estimate(soak.per_100k_mb)} MB (n = {soak.per_100k_mb.n} looks).\n"
    )
