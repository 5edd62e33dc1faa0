"""Charts of telemetry as SVG: signals one below the other on one axis of time, times of slowing shaded."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from keywords.engine.gpu.signals import SLOWED_BY, reasons_of
from keywords.engine.gpu.windows import annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keywords.engine.gpu.telemetry import Telemetry, Window

WIDTH: Final = 960
LEFT: Final = 150
RIGHT: Final = 20
HEIGHT: Final = 74
GAP: Final = 16
TOP: Final = 56
POINTS_MAX: Final = 600
"""Points of a line: more than fit are thinned to the lowest and highest of each part, so that no peak is lost."""
_PANELS: Final = (
    ("utilisation_percent", "utilisation", "%", 1.0),
    ("sm_utilisation_percent", "busy multiprocessors", "%", 1.0),
    ("power_instant_w", "power", "W", 1.0),
    ("sm_clock_mhz", "clock", "MHz", 1.0),
    ("memory_used_bytes", "memory", "GiB", 1 / 2**30),
    ("temperature_c", "temperature", "°C", 1.0),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One panel of a chart.

    Attributes:
        label: what it shows.
        unit: its unit.
        points: moments in seconds, and values.
        is_dots: each point is a measurement of its own, such as the latency of a request.
    """

    label: str
    unit: str
    points: Sequence[tuple[float, float]]
    is_dots: bool = False


def telemetry_chart(
    telemetry: Telemetry,
    device: int,
    latencies: Sequence[tuple[float, float]] = (),
    shares: Mapping[str, float] | None = None,
) -> str:
    """A chart of one device over the whole time.

    Args:
        telemetry: of a run.
        device: the GPU's index.
        latencies: of requests: the moment of sending and the time to the first text, both in seconds.
        shares: by reason, the share of the run's window that was slowed, for the line below the title.
    """
    whole = telemetry.whole()
    lines = [Line("first text after", "s", latencies, is_dots=True)] if latencies else []
    for signal, label, unit, factor in _PANELS:
        series = telemetry.series(signal, device, whole)
        if series:
            lines.append(Line(label, unit, [(moment, value * factor) for moment, value in series]))
    name = telemetry.of(device).readings["name"].value or "GPU"
    title = f"{name}, GPU {device}: {telemetry.origin}"
    evidence = annotation(shares or {}) or "no slowdown told"
    return chart(title, evidence, lines, whole, list(telemetry.windows.values()), _slowed(telemetry, device, whole))


def chart(
    title: str,
    note: str,
    lines: Sequence[Line],
    whole: Window,
    windows: Sequence[Window] = (),
    shaded: Sequence[tuple[float, float]] = (),
) -> str:
    """Panels one below the other.

    Args:
        title: above all.
        note: below the title.
        lines: one panel each.
        whole: the axis of time.
        windows: named parts of it.
        shaded: parts of it in which the GPU was slowed.
    """
    height = TOP + len(lines) * (HEIGHT + GAP) + 30
    span = whole.length_s or 1.0

    def x(moment: float) -> float:
        inside = min(max(moment, whole.start_s), whole.end_s)
        return round(LEFT + (inside - whole.start_s) / span * (WIDTH - LEFT - RIGHT), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="10" y="20" font-size="15">{escape(title)}</text>',
        f'<text x="10" y="38" fill="#555">{escape(note)}</text>',
    ]
    bottom = height - 30
    for start, end in shaded:
        width = max(0.5, x(end) - x(start))
        area = f'x="{x(start)}" y="{TOP}" width="{width:.1f}" height="{bottom - TOP}"'
        parts.append(f'<rect {area} fill="#f6c9a8"/>')
    for window in windows:
        parts += [
            f'<line x1="{x(edge)}" y1="{TOP}" x2="{x(edge)}" y2="{bottom}" stroke="#999" stroke-dasharray="3 3"/>'
            for edge in (window.start_s, window.end_s)
        ]
        parts.append(f'<text x="{x(window.start_s) + 3}" y="{TOP - 4}" fill="#555">{escape(window.name)}</text>')
    for number, line in enumerate(lines):
        parts += _panel(line, TOP + number * (HEIGHT + GAP), x)
    parts += [
        f'<text x="{LEFT}" y="{height - 10}" fill="#555">0 s</text>',
        f'<text x="{WIDTH - RIGHT}" y="{height - 10}" fill="#555" text-anchor="end">{span:.1f} s</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(line: Line, top: float, x: Callable[[float], float]) -> list[str]:
    values = [value for _, value in line.points]
    high = max([*values, 0.0]) or 1.0

    def y(value: float) -> float:
        return round(top + HEIGHT - value / high * HEIGHT, 1)

    parts = [
        f'<line x1="{LEFT}" y1="{top + HEIGHT}" x2="{WIDTH - RIGHT}" y2="{top + HEIGHT}" stroke="#bbb"/>',
        f'<text x="{LEFT - 8}" y="{top + HEIGHT / 2}" text-anchor="end">{escape(line.label)}</text>',
        f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end" fill="#555">{high:.4g} {escape(line.unit)}</text>',
    ]
    if line.is_dots:
        parts += [f'<circle cx="{x(at)}" cy="{y(value)}" r="2" fill="#7b3fa0"/>' for at, value in line.points]
    else:
        path = " ".join(f"{x(at)},{y(value)}" for at, value in _thinned(line.points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="#1f6f43" stroke-width="1.3"/>')
    return parts


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= POINTS_MAX:
        return list(points)
    size = -(-len(points) * 2 // POINTS_MAX)
    thinned = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        thinned += sorted(ends)
    return thinned


def _slowed(telemetry: Telemetry, device: int, whole: Window) -> list[tuple[float, float]]:
    """Parts of the time in which samples had a bit of slowing, each up to the next sample."""
    period_s = 1 / telemetry.hz
    spans: list[tuple[float, float]] = []
    for moment, bits in telemetry.series("event_reasons", device, whole):
        if not set(SLOWED_BY) & set(reasons_of(int(bits))):
            continue
        end = min(moment + period_s, whole.end_s)
        if spans and moment - spans[-1][1] < period_s / 2:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((moment, end))
    return spans
