"""Load from Debian's `wrk`: many connections, one core, sequential requests on each connection."""

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
    """The result of one run of wrk.

    Attributes:
        requests: number of answered requests.
        seconds: duration of the run.
        p50_ms: median latency, from wrk's own histogram; None if there are too few answers.
        p99_ms: 99th percentile of the latency; None if there are too few answers.
        errors: answers other than 2xx or 3xx, and connections that broke or timed out.
    """

    requests: int
    seconds: float
    p50_ms: float | None
    p99_ms: float | None
    errors: int

    @property
    def per_s(self) -> float:
        """Successful answers per second."""
        return max(0, self.requests - self.errors) / self.seconds


def command() -> str | None:
    """The path of the installed wrk; None if there is none."""
    return shutil.which("wrk")


def write_script(path: Path, body: str, headers: Mapping[str, str]) -> None:
    """Write a Lua script for wrk that sends `body` and prints the results for `parse`."""
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    path.write_text(_SCRIPT.format(headers=lines, body=body), "utf-8")


def run(script: Path, url: str, *, connections: int, seconds: float) -> Load:
    """Load `url` for `seconds`, rounded to whole seconds.

    Raises:
        WrkError: wrk failed, or printed no result.
    """
    options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={_TIMEOUT_S}s"]
    done = subprocess.run(  # noqa: S603  # a fixed command
        [command() or "wrk", *options, "-s", str(script), url], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WrkError(f"wrk ended with status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return parse(done.stdout)


def parse(text: str) -> Load:
    """Parse the result line of the script, whose times are microseconds.

    Raises:
        WrkError: there is none.
    """
    match = _RESULT.search(text)
    if not match:
        raise WrkError(f"wrk gave no result; it said: {text.strip()[:300]}")
    requests, duration_us, p50_us, p99_us, errors = match.groups()
    answers = int(requests)
    p50_ms, p99_ms = (
        float(value_us) / 1e3 if answers >= values_needed(p) else None for value_us, p in ((p50_us, 50), (p99_us, 99))
    )
    return Load(answers, int(duration_us) / 1e6, p50_ms, p99_ms, int(errors))
