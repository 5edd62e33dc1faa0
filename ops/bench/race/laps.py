"""One lap: all measurements of one contender in one round, as figures by name.

Names are `<figure>@<connections>` for ordinary requests, and `<figure>` for streams; `table.FIGURES` has the units.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from ops.bench.pinning import can_pin
from ops.bench.race import streams, wrk
from ops.bench.race.cores import LOAD_CORE
from ops.bench.race.upstream import PATH, QUESTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from keywords.engine.scripted.backend import ScriptedBackend
    from ops.bench.race.contenders import Contender
    from ops.bench.race.running import Running

CONNECTIONS = (1, 32, 256)
_WARM_S = 1.0
Lap = dict[str, float]


@dataclass(frozen=True, slots=True)
class Course:
    """The settings that all laps share.

    Attributes:
        backend: the upstream of the streams.
        wrk: whether wrk and nginx are installed, for ordinary requests.
        folder: folder for wrk's scripts.
        seconds: duration of each of a lap's five measurements. Paced streams may last longer, see `streams.PACED_S`.
        log_progress: takes a line of progress.
    """

    backend: ScriptedBackend
    wrk: bool
    folder: Path
    seconds: float
    log_progress: Callable[[str], None]


def run(course: Course, running: Running, contender: Contender) -> Lap:
    """Measure the ordinary requests of a lap.

    Raises:
        WrkError: the measurement failed.
    """
    lap: Lap = {"load_average": psutil.getloadavg()[0], "rss_before_mb": running.rss_mb()}
    if not course.wrk:
        return lap
    script = course.folder / f"{contender.name}.lua"
    write_script(script, contender.headers)
    wrk.run(script, running.url + PATH, connections=CONNECTIONS[1], seconds=_WARM_S)
    for connections in CONNECTIONS:
        course.log_progress(f"{contender.name}: {connections} connections")
        used_s = running.cpu_s()
        load = wrk.run(script, running.url + PATH, connections=connections, seconds=course.seconds)
        used_s = running.cpu_s() - used_s
        lap |= load_figures(load, connections)
        lap[f"cpu_us@{connections}"] = used_s * 1e6 / max(load.requests, 1)
    lap["rss_after_mb"] = running.rss_mb()
    return lap


def run_streams(course: Course, running: Running, contender: Contender) -> Lap:
    """Measure the streams of a lap.

    Raises:
        StreamsError: not one stream was complete.
    """
    course.log_progress(f"{contender.name}: streams")
    return _streams(course, running.url, contender.stream_headers, running.cpu_s)


def run_direct(course: Course, url: str) -> Lap:
    """Measure a lap without a gateway: the load generators and upstreams alone."""
    lap: Lap = {"load_average": psutil.getloadavg()[0]}
    script = course.folder / "direct.lua"
    write_script(script, {})
    for connections in CONNECTIONS if course.wrk else ():
        course.log_progress(f"direct: {connections} connections")
        lap |= load_figures(wrk.run(script, url + PATH, connections=connections, seconds=course.seconds), connections)
    course.log_progress("direct: streams")
    return lap | _streams(course, course.backend.url, {}, lambda: 0.0)


def write_script(path: Path, headers: Mapping[str, str]) -> None:
    """Write wrk's script for the race's one request."""
    wrk.write_script(path, json.dumps(QUESTION), {"content-type": "application/json", **headers})


def load_figures(load: wrk.Load, connections: int) -> Lap:
    """The figures of one run of wrk."""
    return _without_gaps(
        {
            f"rps@{connections}": load.per_s,
            f"p50_ms@{connections}": load.p50_ms,
            f"p99_ms@{connections}": load.p99_ms,
            f"errors@{connections}": load.errors,
        }
    )


def _without_gaps(figures: Mapping[str, float | None]) -> Lap:
    """The figures that have a value: a percentile of too few values has none."""
    return {name: value for name, value in figures.items() if value is not None}


def _streams(course: Course, url: str, headers: Mapping[str, str], cpu_s: Callable[[], float]) -> Lap:
    used_s, load = cpu_s(), _load_core()
    fast = streams.full_speed(course.backend, url, headers, course.seconds)
    fast_s, loaded = cpu_s() - used_s, _load_core()
    used_s = cpu_s()
    even = streams.paced(course.backend, url, headers, course.seconds)
    even_s = cpu_s() - used_s
    return _without_gaps(
        {
            "streams_per_s": fast.streams / fast.seconds,
            "chunks_per_s": fast.chunks / fast.seconds,
            "load_core_busy": 1 - (loaded[0] - load[0]) / (loaded[1] - load[1]),
            "cpu_us_per_chunk": fast_s * 1e6 / max(fast.chunks, 1),
            "cpu_us_per_paced_chunk": even_s * 1e6 / max(even.chunks, 1),
            "ttft_p50_ms": even.ttft_p50_ms,
            "ttft_p99_ms": even.ttft_p99_ms,
            "delay_p50_ms": even.delay_p50_ms,
            "gap_p99_ms": even.gap_p99_ms,
            "stream_errors": fast.errors + even.errors,
        }
    )


def _load_core() -> tuple[float, float]:
    """Idle seconds and total seconds of the load's core; of all cores, if nothing is pinned."""
    times = psutil.cpu_times(percpu=True)[LOAD_CORE] if can_pin() else psutil.cpu_times()
    return times.idle, sum(times)
