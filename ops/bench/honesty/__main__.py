"""The command `python -m ops.bench.honesty`, as `tox run -e honesty` runs it: 100 load runs in turns, some 7 minutes.

Exit code 0 if equal servers are called different in at most 5 % of the drawn series, and a server that is 10 % slower
is found in at least 90 %; 1 if not, 2 if there are too few valid runs to draw from, 130 if it is broken off.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

from keywords.engine.load.run import LoadRunError
from keywords.engine.store.errors import StoreError
from ops.bench.honesty.draws import draw
from ops.bench.honesty.page import is_met, markdown
from ops.bench.honesty.pool import load_pool, measure_pool, save_pool
from ops.bench.progress import log_progress

_FEW = 5
"""Rounds of the smaller series, as many as a verdict takes."""
_NO_VERDICT, _INTERRUPTED = 2, 130


def main() -> int:
    """Measure the pool, draw from it, and write `honesty.md` and `honesty.json`."""
    options = _options()
    options.to.mkdir(parents=True, exist_ok=True)
    facts = {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "load average at the start": f"{psutil.getloadavg()[0]:.2f}",
    }
    file = options.to / "honesty.json"
    try:
        if options.again:
            pool = load_pool(file)
            facts = {"drawn again from": str(file)}
        else:
            pool = measure_pool(options.to / "measurements.db", options.blocks, options.seconds)
            facts["load average at the end"] = f"{psutil.getloadavg()[0]:.2f}"
            save_pool(pool, file)
    except (LoadRunError, StoreError, OSError, ValueError) as error:
        log_progress(f"no verdict: {error}")
        return _NO_VERDICT
    # How long runs were that were measured before, nobody tells.
    lasted = "" if options.again else f" for {options.seconds:g} s"
    facts["runs"] = f"6 users{lasted}, answers of 10 chunks in 0.15 s"
    log_progress(f"drawing {options.draws} series of each kind")
    found = [
        each
        for rounds in sorted({_FEW, options.rounds})
        for kind in ("A/A", "A/B")
        if (each := draw(pool, kind, rounds, options.draws)) is not None
    ]
    judged = [each for each in found if each.rounds == options.rounds]
    page = markdown(pool, found, options.rounds, facts)
    (options.to / "honesty.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    if not options.again and len({each.block for each in pool}) < options.blocks:
        return _INTERRUPTED
    if len(judged) < 2:  # noqa: PLR2004  # A/A and A/B
        log_progress(f"no verdict: too few blocks of valid runs for {options.rounds} rounds; is the machine busy?")
        return _NO_VERDICT
    return int(not all(map(is_met, judged)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="honesty", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blocks", type=int, default=20, help="of 3 runs of A and 2 of B (default: 20)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run (default: 2)")
    parser.add_argument("--draws", type=int, default=200, help="of each kind (default: 200)")
    parser.add_argument("--rounds", type=int, default=10, help="of the drawn series that are judged (default: 10)")
    parser.add_argument("--again", action="store_true", help="draw from the pool in the folder, and measure nothing")
    parser.add_argument("--to", type=Path, default=Path("results/honesty"), help="folder for all files")
    options = parser.parse_args()
    if min(options.blocks, options.draws, options.rounds) < 1 or not options.seconds > 0:
        parser.error("--blocks, --draws, --rounds and --seconds must be more than 0")
    return options


if __name__ == "__main__":
    sys.exit(main())
