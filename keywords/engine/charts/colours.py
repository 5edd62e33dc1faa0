"""Colours of charts: names in the picture, values by the scheme of the page.

While matplotlib draws, each name is a colour that nothing else has; the finished picture gets `var(--chart-…)` instead.
The six series colours keep the hues that M. Okabe and K. Ito (Color Universal Design, 2008) chose for readers who do
not tell red from green, darker on white and lighter on black, so that each has a contrast of 3:1 and more to its paper
(WCAG 2.2, 1.4.11). Lines differ by their dashes too.
"""

from __future__ import annotations

from typing import Final

_LIGHT: Final = {
    "1": "#0067a5",
    "2": "#c24a00",
    "3": "#00785a",
    "4": "#a3467f",
    "5": "#8a6100",
    "6": "#4a5fc1",
    "dim": "#5f6877",
    "rule": "#dfe3e9",
    "band": "#eef1f5",
    "limit": "#c62828",
    "paper": "#ffffff",
    "ink": "#1b1f27",
}
_DARK: Final = {
    "1": "#5ab4f0",
    "2": "#ff9152",
    "3": "#3fd0a2",
    "4": "#f0a3cf",
    "5": "#f2c14e",
    "6": "#a8b4ff",
    "dim": "#98a1b0",
    "rule": "#2e333d",
    "band": "#22262e",
    "limit": "#ff8a80",
    "paper": "#1a1d23",
    "ink": "#e7eaf0",
}
_MARKS: Final = {name: f"#0101{number:02x}" for number, name in enumerate(_LIGHT, start=1)}
"""What matplotlib draws with."""
DASHES: Final = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (10, 3)), (0, (1, 1)))

INK, DIM, RULE, BAND, LIMIT, PAPER = (_MARKS[name] for name in ("ink", "dim", "rule", "band", "limit", "paper"))
SERIES: Final = tuple(_MARKS[str(number)] for number in range(1, 7))


def series_colour(number: int) -> str:
    """The colour of a series, from 0; after six, colours come again with other dashes."""
    return SERIES[number % len(SERIES)]


def series_dashes(number: int) -> str | tuple[int, tuple[float, ...]]:
    """The dashes of a series' line, from 0, as matplotlib takes them."""
    return DASHES[(number + number // len(SERIES)) % len(DASHES)]


def with_variables(svg: str) -> str:
    """A picture with the page's colours in the place of those that it was drawn with."""
    for name, mark in _MARKS.items():
        # A page without the variables, such as Robot's log, shows the light ones; its ink is the page's own.
        colour = "currentColor" if name == "ink" else f"var(--chart-{name}, {_LIGHT[name]})"
        svg = svg.replace(mark, colour)
    return svg


def _declared(colours: dict[str, str]) -> str:
    return " ".join(f"--chart-{name}: {value};" for name, value in colours.items())


STYLE: Final = (
    f":root {{ {_declared(_LIGHT)} color-scheme: light dark; }}"
    f" @media (prefers-color-scheme: dark) {{ :root {{ {_declared(_DARK)} }} }}"
    f" @media print {{ :root {{ {_declared(_LIGHT)} color-scheme: light; }} }}"
)
"""Declares the colours, for a page or a file; dark where its reader's system is dark, never on paper."""
STYLE_OF_FRAGMENT: Final = (
    f".charts-alone {{ {_declared(_LIGHT)} background: var(--chart-paper); color: var(--chart-ink); "
    "font: 13px/1.4 system-ui, sans-serif; white-space: normal; max-width: 560px; padding: 6px 14px; "
    "border-radius: 8px; }"
    " .charts-alone figure { margin: 14px 0; } .charts-alone h3 { margin: 0 0 4px; }"
    " .charts-alone svg { width: 100%; height: auto; } .charts-alone figcaption p { margin: 2px 0; opacity: 0.8; }"
    f" [data-theme=dark] .charts-alone {{ {_declared(_DARK)} }}"
)
"""The same for charts within a page of somebody else; Robot's log says by `data-theme` that it is dark."""
