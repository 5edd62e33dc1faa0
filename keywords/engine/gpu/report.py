"""A report of telemetry: what the GPU is, what it did in each window, what was found, and charts.

`python -m keywords.engine.gpu.report SOURCE FOLDER` writes `gpu.md` and a chart for each device, of a collector's file
(`.jsonl`) or of a recording (`.json`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keywords.engine.gpu import collector
from keywords.engine.gpu.chart import telemetry_chart
from keywords.engine.gpu.energy import energy
from keywords.engine.gpu.findings import as_table
from keywords.engine.gpu.recording import Replay
from keywords.engine.gpu.telemetry import Telemetry, Window, read_telemetry
from keywords.engine.gpu.windows import NotMeasuredError, annotation, gauge, growth, slowed_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.gpu.findings import Finding

PAGE: Final = "gpu.md"
REPLAY_MARK: Final = "**REPLAY of a recording. No GPU of this machine was asked, and nothing here counts as a pass.**"
_GAUGES: Final = (
    ("utilisation_percent", "utilisation, %", 1.0),
    ("sm_utilisation_percent", "busy multiprocessors, %", 1.0),
    ("memory_used_bytes", "memory in use, GiB", 1 / 2**30),
    ("power_instant_w", "power, W", 1.0),
    ("temperature_c", "temperature, °C", 1.0),
    ("sm_clock_mhz", "clock, MHz", 1.0),
)
_COUNTERS: Final = (
    "ecc_corrected_volatile",
    "ecc_uncorrected_volatile",
    "rows_remapped_uncorrected",
    "pcie_replays",
    "nvlink_replay_errors",
    "nvlink_recovery_errors",
)


def write_report(
    folder: Path,
    telemetry: Telemetry,
    *,
    findings: Sequence[Finding] = (),
    latencies: Sequence[tuple[float, float]] = (),
) -> Path:
    """Write `gpu.md` and `gpu-<device>.svg` into a folder, and return the page's path.

    Args:
        folder: made if missing.
        telemetry: of a run.
        findings: to be shown with it.
        latencies: of requests: the moment of sending and the time to the first text, both in seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# GPU telemetry", "", *((REPLAY_MARK, "") if telemetry.is_replay else ())]
    lines += [f"Source: {telemetry.origin}. {len(telemetry.samples)} samples at {telemetry.hz:g} Hz.", ""]
    lines += [_cost(telemetry), ""]
    for device in telemetry.devices:
        lines += _device(telemetry, device)
        chart = telemetry_chart(telemetry, device, latencies, _shares(telemetry, _main(telemetry), device))
        (folder / f"gpu-{device}.svg").write_text(chart, "utf-8")
        lines += [f"![GPU {device} over time](gpu-{device}.svg)", ""]
    if telemetry.xid_reason:
        lines += [f"XIDs as events: {telemetry.xid_reason}.", ""]
    for xid in telemetry.xids:
        lines += [f"XID {xid.code} on GPU {xid.device} at {xid.at_s - telemetry.whole().start_s:.1f} s.", ""]
    if findings:
        lines += ["## Findings", "", as_table(findings)]
    page = folder / PAGE
    page.write_text("\n".join(lines).rstrip("\n") + "\n", "utf-8")
    return page


def _main(telemetry: Telemetry) -> Window:
    return telemetry.windows.get("run", telemetry.whole())


def _cost(telemetry: Telemetry) -> str:
    cost = telemetry.cost
    if cost is None:
        return "The collector ended before it could say what it cost."
    if telemetry.is_replay:
        return "What the collecting costs is not told by a replay."
    return (
        f"The collector took {cost.core_share:.2%} of one core over {cost.seconds:.1f} s; {cost.missed} of "
        f"{cost.ticks + cost.missed} moments were missed; the slowest took {cost.slowest_s * 1e3:.1f} ms."
    )


def _device(telemetry: Telemetry, device: int) -> list[str]:
    facts = telemetry.of(device).readings
    name = facts["name"].value or f"unknown ({facts['name'].reason})"
    windows = list(telemetry.windows.values()) or [telemetry.whole()]
    lines = [
        f"## GPU {device}: {name}",
        "",
        "| | " + " | ".join(f"{each.name}, {each.length_s:.1f} s" for each in windows) + " |",
    ]
    lines.append("| --- |" + " --- |" * len(windows))
    told = [signal for signal in (*(name for name, *_ in _GAUGES), *_COUNTERS) if not telemetry.reason(signal, device)]
    for signal, label, factor in _GAUGES:
        if signal not in told:
            continue
        cells = [_gauge(telemetry, signal, window, device, factor) for window in windows]
        lines.append(f"| {label}: mean (lowest to highest) | " + " | ".join(cells) + " |")
    lines.append("| energy | " + " | ".join(_energy(telemetry, window, device) for window in windows) + " |")
    lines.append("| without a sample | " + " | ".join(_holes(telemetry, window) for window in windows) + " |")
    lines.append("| slowed by | " + " | ".join(_slowing(telemetry, window, device) for window in windows) + " |")
    for counter in _COUNTERS:
        if counter not in told:
            continue
        cells = [_growth(telemetry, counter, window, device) for window in windows]
        lines.append(f"| {counter}, growth | " + " | ".join(cells) + " |")
    missing = [name for name in (*(name for name, *_ in _GAUGES), *_COUNTERS) if name not in told]
    lines += ["", *(f"- {name} is not told: {facts[name].reason}" for name in missing)]
    return [*lines, ""]


def _gauge(telemetry: Telemetry, signal: str, window: Window, device: int, factor: float) -> str:
    try:
        over = gauge(telemetry, signal, window, device)
    except NotMeasuredError as error:
        return _short(error)
    return f"{over.mean * factor:.4g} ({over.low * factor:.4g} to {over.high * factor:.4g})"


def _growth(telemetry: Telemetry, counter: str, window: Window, device: int) -> str:
    try:
        return f"{growth(telemetry, counter, window, device):g}"
    except NotMeasuredError as error:
        return _short(error)


def _energy(telemetry: Telemetry, window: Window, device: int) -> str:
    try:
        used = energy(telemetry, window, device, telemetry.windows.get("idle"))
    except NotMeasuredError as error:
        return _short(error)
    parts = [f"{used.joules:.4g} J ({used.quality})"]
    if used.net_j is not None and window.name != "idle":
        parts.append(f"{used.net_j:.4g} J beyond idling")
    if used.disagreement is not None:
        parts.append(f"the power's integral is {used.disagreement:.1%} away")
    return ", ".join(parts)


def _holes(telemetry: Telemetry, window: Window) -> str:
    """The times without any sample: what happened then, nothing here tells."""
    lengths = [end - start for start, end in telemetry.holes(window)]
    if not lengths:
        return "no time"
    return f"{sum(lengths):.1f} s in {len(lengths)} stretches, the longest {max(lengths):.1f} s"


def _shares(telemetry: Telemetry, window: Window, device: int) -> dict[str, float]:
    try:
        return slowed_shares(telemetry, window, device)
    except NotMeasuredError:
        return {}


def _slowing(telemetry: Telemetry, window: Window, device: int) -> str:
    try:
        return annotation(slowed_shares(telemetry, window, device)) or "nothing"
    except NotMeasuredError as error:
        return _short(error)


def _short(error: NotMeasuredError) -> str:
    return f"not measured: {str(error).replace('|', '/')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report of a file, as its name says."""
    parser = argparse.ArgumentParser(prog="python -m keywords.engine.gpu.report", description=__doc__)
    parser.add_argument("source", type=Path, help="a collector's .jsonl, or a recording's .json")
    parser.add_argument("folder", type=Path, help="for the page and the charts")
    options = parser.parse_args(arguments)
    if options.source.suffix == ".jsonl":
        telemetry = read_telemetry(options.source)
    else:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "replay.jsonl"
            if collector.main([str(file), "--replay", str(options.source)]):
                return collector.UNUSABLE
            telemetry = read_telemetry(
                file, (Window(*each) for each in Replay(options.source).notes.get("windows", ()))
            )
    print(write_report(options.folder, telemetry))  # noqa: T201  # where to look
    return 0


if __name__ == "__main__":
    sys.exit(main())
