"""Memory under long load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.statistics.intervals import slope_interval
from ops.bench.race import wrk
from ops.bench.race.laps import write_script
from ops.bench.race.result import Soak
from ops.bench.race.upstream import PATH

if TYPE_CHECKING:
    from ops.bench.race.contenders import Contender
    from ops.bench.race.laps import Course
    from ops.bench.race.running import Running
    from ops.bench.race.upstream import Nginx

_CONNECTIONS = 32
_SAMPLE_S = 1
_MIN_SAMPLES = 6
"""The second half of them is three, which a slope needs."""


def soak(course: Course, contender: Contender, running: Running, nginx: Nginx, requests: int) -> Soak:
    """Send at least `requests` requests, counted by nginx, and measure the memory every second.

    Raises:
        WrkError: the load failed.
    """
    script = course.folder / f"{contender.name}.lua"
    write_script(script, contender.headers)
    before = nginx.requests()
    counts, sizes = [0], [running.rss_mb()]
    while counts[-1] < requests or len(counts) < _MIN_SAMPLES:
        wrk.run(script, running.url + PATH, connections=_CONNECTIONS, seconds=_SAMPLE_S)
        answered = nginx.requests() - before
        if answered == counts[-1]:
            raise wrk.WrkError("not one request was answered within a second")
        counts.append(answered)
        sizes.append(running.rss_mb())
        if len(counts) % 10 == 0:
            course.log_progress(f"{contender.name}: {answered:,} of {requests:,} requests, {sizes[-1]:.0f} MB")
    half = len(counts) // 2
    return Soak(counts, sizes, slope_interval([count / 1e5 for count in counts[half:]], sizes[half:]))
