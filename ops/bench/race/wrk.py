"""Debian's `wrk`: many connections, one core, one request after the other on each."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.statistics.percentiles import values_needed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SCRIPT = """wrk.method = "POST"
{headers}
wrk.body = [==[{body}]==]
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.status + errors.read + errors.write + errors.connect + errors.timeout))
end
"""
_RESULT = re.compile(r"^RESULT (\d+) (\d+) (\S+) (\S+) (\d+)$", re.MULTILINE)
_TIMEOUT_S = 30


class WrkError(Exception):
    """`wrk` gave no result."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk found.

    Attributes:
        requests: that were answered.
        seconds: it took.
        p50_ms: median of the answers' times, from wrk's own histogram; None if too few came for it.
        p99_ms: 99th percentile, likewise.
        errors: answers that were no 2xx or 3xx, and connections that broke or took too long.
    """

    requests: int
    seconds: float
    p50_ms: float | None
    p99_ms: float | None
    errors: int

    @property
    def per_s(self) -> float:
        """Answers per second, refusals left out."""
        return max(0, self.requests - self.errors) / self.seconds


def command() -> str | None:
    """The installed wrk; None if there is none."""
    return shutil.which("wrk")


def write_script(path: Path, body: str, headers: Mapping[str, str]) -> None:
    """Write the Lua script that has wrk send `body`, and tell its numbers in a form that `parse` reads."""
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    path.write_text(_SCRIPT.format(headers=lines, body=body), "utf-8")


def run(script: Path, url: str, *, connections: int, seconds: float) -> Load:
    """Load `url` for so many whole seconds.

    Raises:
        WrkError: it did not run, or said nothing that can be read.
    """
    options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={_TIMEOUT_S}s"]
    done = subprocess.run(  # noqa: S603  # our own words
        [command() or "wrk", *options, "-s", str(script), url], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WrkError(f"wrk ended with status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return parse(done.stdout)


def parse(text: str) -> Load:
    """The line that our script has wrk end with; times in it are microseconds.

    Raises:
        WrkError: there is none.
    """
    found = _RESULT.search(text)
    if not found:
        raise WrkError(f"wrk gave no result; it said: {text.strip()[:300]}")
    requests, duration_us, p50_us, p99_us, errors = found.groups()
    answers = int(requests)
    p50_ms, p99_ms = (
        float(told_us) / 1e3 if answers >= values_needed(p) else None for told_us, p in ((p50_us, 50), (p99_us, 99))
    )
    return Load(answers, int(duration_us) / 1e6, p50_ms, p99_ms, int(errors))
