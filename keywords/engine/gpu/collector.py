"""The collector of GPU telemetry: a process of its own, so that neither the load nor the rows wait for a driver.

`python -m keywords.engine.gpu.collector FILE` writes JSON lines into the file until its standard input ends. The first
line tells what is read, the last what the collecting cost. Times are those of `keywords.engine.clock`, the same in all
processes of a machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from keywords.engine import clock
from keywords.engine.gpu.nvml import NoNvmlError, NoSuchGpuError, Nvml
from keywords.engine.gpu.prometheus import MetricsPage
from keywords.engine.gpu.recording import Recorder, RecordingError, Replay
from keywords.engine.gpu.sampler import Sampler
from keywords.engine.gpu.xid import XidEvents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.gpu.reading import Source
    from keywords.engine.gpu.sampler import Sample

FORMAT: Final = 1
HZ: Final = 10.0
UNUSABLE: Final = 2
"""Exit status if nothing can be collected; standard error has the reason."""
_FLUSH_S = 1.0


def main(arguments: Sequence[str] | None = None, stop: threading.Event | None = None) -> int:
    """Collect until standard input ends, a recording ends, or `stop` is set."""
    options = _parser().parse_args(arguments)
    with ExitStack() as stack:
        try:
            driver = Replay(options.replay) if options.replay else Nvml()
            stack.callback(driver.close)
            source: Source = driver
            if options.record:
                source = Recorder(driver, "python -m keywords.engine.gpu.collector --record")
                stack.callback(source.save, options.record)
            devices = options.devices or list(range(source.count))
            sampler = Sampler(source, devices)
        except (NoNvmlError, NoSuchGpuError, RecordingError) as error:
            print(error, file=sys.stderr)  # noqa: T201  # whoever started this reads it
            return UNUSABLE
        # The file is closed before a recording is saved, which takes longer than a kill may wait.
        file = stack.enter_context(options.to.open("w", encoding="utf-8"))
        events = XidEvents(driver, devices) if isinstance(driver, Nvml) else None
        page = MetricsPage(sampler.matrices, options.port) if options.port is not None else None
        if page is not None:
            stack.callback(page.close)
        header = {
            "format": FORMAT,
            "origin": source.origin,
            "driver": source.driver,
            "is_replay": isinstance(driver, Replay),
            "hz": options.hz,
            "metrics_port": page.port if page is not None else None,
            "xid": "the recording holds no XID events" if events is None else events.reason,
            "capabilities": [
                {
                    name: [each.state, each.value, each.reason, each.code, each.call]
                    for name, each in matrix.readings.items()
                }
                for matrix in sampler.matrices
            ],
            "devices": devices,
        }
        _write(file, header)
        file.flush()
        if options.replay:
            # It ends by itself, and whole.
            _collect(file, sampler, events, page, threading.Event(), 0.0)
        else:
            _collect(file, sampler, events, page, stop or _end_of_input(), 1 / options.hz)
    return 0


def _collect(
    file: TextIO,
    sampler: Sampler,
    events: XidEvents | None,
    page: MetricsPage | None,
    stop: threading.Event,
    period_s: float,
) -> None:
    """Sample at fixed moments; moments that the driver's slowness takes are counted as missed, and not made up for."""
    began, cpu_began = clock.now(), time.process_time()
    due = flushed = began
    ticks = missed = 0
    slowest_s = 0.0
    while not stop.is_set():
        started = clock.now()
        samples = sampler.sample()
        if samples is None:
            break
        for sample in samples:
            _write(file, _line(sample))
        for xid in events.take() if events is not None else ():
            _write(file, {"xid": xid.code, "d": xid.device, "t": xid.at_s})
        if page is not None:
            page.show(samples)
        ticks += 1
        now = clock.now()
        slowest_s = max(slowest_s, now - started)
        if now - flushed >= _FLUSH_S:
            file.flush()
            flushed = now
        if period_s:
            due += period_s
            late = int(max(0.0, now - due) / period_s)
            missed += late
            due += late * period_s
            stop.wait(max(0.0, due - now))
    ended = clock.now()
    _write(
        file,
        {
            "end_s": ended,
            "seconds": ended - began,
            "cpu_s": time.process_time() - cpu_began,
            "ticks": ticks,
            "missed": missed,
            "slowest_s": slowest_s,
            "xid": events.reason if events is not None else "",
        },
    )


def _line(sample: Sample) -> dict[str, Any]:
    line: dict[str, Any] = {"t": round(sample.at_s, 6), "d": sample.device, "v": sample.values}
    if sample.gaps:
        line["gaps"] = sample.gaps
    return line


def _write(file: TextIO, line: dict[str, Any]) -> None:
    file.write(json.dumps(line, separators=(",", ":")) + "\n")


def _end_of_input() -> threading.Event:
    """An event that is set when whoever started this process closes the pipe, or is gone."""
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m keywords.engine.gpu.collector", description=__doc__)
    parser.add_argument("to", type=Path, help="file for the JSON lines")
    parser.add_argument("--hz", type=float, default=HZ, help="samples a second (10)")
    parser.add_argument(
        "--devices", type=lambda text: [int(each) for each in text.split(",")], help="indexes, as 0,1 (all)"
    )
    parser.add_argument("--replay", type=Path, help="a recording in place of a driver; as fast as it goes")
    parser.add_argument("--record", type=Path, help="write all answers into this recording too")
    parser.add_argument("--port", type=int, help="serve /metrics on this port of 127.0.0.1; 0 takes a free one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
