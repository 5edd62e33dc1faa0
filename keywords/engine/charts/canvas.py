"""Canvas: what matplotlib draws, as SVG for pages.

matplotlib takes a second to import, so only drawing imports it.
"""

from __future__ import annotations

import hashlib
import io
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.charts.colours import BAND, DIM, INK, LIMIT, RULE, with_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 440, 290
"""Units of a picture: its text is as large as the page's at this width, and legible on a phone."""
WIDE: Final = 1080
_UNITS_PER_INCH = 72
_SETTINGS: Final[Any] = {
    "text.parse_math": False,  # a level of the cost has a dollar sign
    "svg.fonttype": "none",
    "svg.hashsalt": "charts",
    "font.size": 11.5,
    "axes.titlesize": 11.5,
    "axes.labelsize": 11.5,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": DIM,
    "axes.titlecolor": INK,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": DIM,
    "ytick.labelcolor": DIM,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_OPENING = re.compile(r"<svg [^>]*>")
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_DRAWN_STYLE = re.compile(r"\s*<defs>\s*<style [^>]*>[^<]*</style>\s*</defs>")
_IDENTITY = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r"(url\(#|href=\"#)([^)\"]+)")
_TEXT_ON_MARKS = re.compile(rf'(<text [^>]*style="[^"]*fill: (?:{LIMIT}|{INK}))')
_HALO = "; paint-order: stroke; stroke: var(--chart-paper, Canvas); stroke-width: 3px; stroke-linejoin: round"
"""Keeps names and limits legible on the lines and dots that they cross."""
_DIGITS = re.compile(r"(\.\d\d)\d+")
_FONT = re.compile(r"'DejaVu Sans', [^;\"]*")
_MARK = re.compile(r'<use [^>]*style="([^"]*)"/>$')
_BLANKS = re.compile(r"\n\s*")


def draw(label: str, paint: Callable[[Figure], None], *, width: float = WIDTH, height: float = HEIGHT) -> str:
    """Draw a picture, and return it as an `<svg>` element for any page.

    Args:
        label: what a screen reader says in its place.
        paint: draws into an empty figure.
        width: in units of the page.
        height: the same.
    """
    import matplotlib as mpl  # noqa: PLC0415  # a second
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(width / _UNITS_PER_INCH, height / _UNITS_PER_INCH), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    return _for_page(text.getvalue(), label, width, height)


def _for_page(svg: str, label: str, width: float, height: float) -> str:
    """The element alone: no ids but those that it refers to, which are its own; the page's font and colours."""
    for pattern in (_HEAD, _METADATA, _COMMENT, _DRAWN_STYLE):
        svg = pattern.sub("", svg)
    svg = _DIGITS.sub(r"\1", _BLANKS.sub("\n", svg))
    own = "c" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = {match[2] for match in _REFERENCE.finditer(svg)}
    svg = _IDENTITY.sub(lambda match: f' id="{own}-{match[1]}"' if match[1] in used else "", svg)
    svg = _REFERENCE.sub(rf"\1{own}-\2", svg)
    said = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    opening = (
        f'<svg viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" role="img" aria-label="{said}">'
    )
    svg = _TEXT_ON_MARKS.sub(rf"\1{_HALO}", svg)
    svg = _with_shared_styles(_FONT.sub("system-ui, sans-serif", _OPENING.sub(opening, svg, count=1)))
    return with_variables(svg).strip()


def _with_shared_styles(svg: str) -> str:
    """The same picture with one style around the marks of a series in the place of one on each: half of its size."""
    parts: list[str] = []
    for style, lines in groupby(svg.split("\n"), _style_of_mark):
        if style is None:
            parts += lines
        else:
            parts += [f'<g style="{style}">', *(line.replace(f' style="{style}"', "") for line in lines), "</g>"]
    return "\n".join(parts)


def _style_of_mark(line: str) -> str | None:
    match = _MARK.match(line)
    return match[1] if match else None


def shade(axes: Axes, spans: list[tuple[float, float]]) -> None:
    """Shade every second span of the axis of time."""
    for begin, end in spans[1::2]:
        axes.axvspan(begin, end, color=BAND, zorder=0, linewidth=0)
