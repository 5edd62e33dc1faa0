"""The command `python -m ops.bench.scale samples`: what a report on a million samples takes.

Exit status 0 if it meets `MOST_S` and `MOST_MB`, 1 if not, 2 if there is no verdict, 130 if it is broken off.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from keywords.engine import clock
from keywords.engine.machine import measure_machine
from keywords.engine.store.errors import StoreError
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.scale.report import ReportCost, ReportError, measure_report
from ops.bench.scale.samples import write_samples

MOST_S = 20.0
"""Wall time of a report on a million samples."""
MOST_MB = 1000.0
"""Its largest resident memory, in 10^6 bytes."""


def measure(samples: int, chunks: int) -> ReportCost:
    """Write a store of many samples into a temporary folder, and make a report of it.

    Raises:
        StoreError: the store cannot be written.
        ReportError: the report was not made.
    """
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        path = Path(folder, "measurements.db")
        began = clock.now()
        run = write_samples(path, samples, chunks)
        log_progress(f"{samples} samples written in {clock.now() - began:.1f} s, {path.stat().st_size / 1e6:.0f} MB")
        return measure_report(path, run)


def main() -> None:
    """Measure, print the figures, and judge them."""
    options = _options()
    break_off_on_signals()
    try:
        cost = measure(options.samples, options.chunks)
    except KeyboardInterrupt:
        log_progress("broken off")
        sys.exit(130)
    except (StoreError, ReportError) as error:
        log_progress(f"no verdict: {error}")
        sys.exit(2)
    if options.show:
        sys.stdout.write(cost.text + "\n")
    is_met = cost.wall_s < MOST_S and cost.peak_mb < MOST_MB
    sys.stdout.write(
        f"report on {options.samples} samples: {cost.wall_s:.1f} s (target: under {MOST_S:g} s), processor "
        f"{cost.cpu_s:.1f} s, {cost.peak_mb:.0f} MB (target: under {MOST_MB:g} MB); {measure_machine()}: "
        f"{'met' if is_met else 'NOT MET'}\n"
    )
    sys.exit(not is_met)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.bench.scale", description="Reports on large load runs.")
    parser.add_argument("what", choices=["samples"], help="what there is much of")
    parser.add_argument("--samples", type=int, default=1_000_000, help="their number (default: 1000000)")
    parser.add_argument("--chunks", type=int, default=50, help="mean chunks of an answer (default: 50)")
    parser.add_argument("--show", action="store_true", help="print the report too")
    options = parser.parse_args()
    if options.samples < 1 or options.chunks < 1:
        parser.error("--samples and --chunks must be 1 or more")
    return options


if __name__ == "__main__":
    main()
