"""A chart with all that its reader needs, for a page and as a file of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from keywords.engine.charts.colours import STYLE, STYLE_OF_FRAGMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIZE: Final = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')
_LINE, _MARGIN = 15, 8
_CHARACTER = 5.9
"""Mean width of a character of the notes, in the units of the picture."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    Attributes:
        title: what it shows.
        notes: sentences below the title: n, the environment, what the marks mean, what was left out.
        svg: the picture, for pages of any width.
        narrow_svg: in its place on a phone; empty where one picture does for both.
    """

    title: str
    notes: tuple[str, ...]
    svg: str
    narrow_svg: str = ""

    @property
    def name(self) -> str:
        """The title as the name of a file."""
        return re.sub(r"[^a-z0-9]+", " ", self.title.lower()).strip()

    def as_figure(self, *, narrow: bool = False) -> str:
        """The chart as a fragment of HTML, for a page with `STYLE`.

        Args:
            narrow: whether the page never is wide, so that the picture for phones does alone.
        """
        end = f"<figcaption>{''.join(f'<p>{escape(note)}</p>' for note in self.notes)}</figcaption></figure>"
        if narrow or not self.narrow_svg:
            return f"<figure><h3>{escape(self.title)}</h3>{self.narrow_svg or self.svg}{end}"
        pictures = f'<div class="wide">{self.svg}</div><div class="narrow">{self.narrow_svg}</div>'
        return f'<figure class="broad"><h3>{escape(self.title)}</h3>{pictures}{end}'

    def as_file(self) -> str:
        """The chart as a whole SVG file, with title and notes in the picture, on paper of its own."""
        found = _SIZE.search(self.svg)
        if found is None:
            raise ValueError("the picture has no viewBox")
        width, height = float(found[1]), float(found[2])
        lines = [line for note in self.notes for line in wrap(note, int((width - 2 * _MARGIN) / _CHARACTER))]
        top, left = 30, _MARGIN
        whole = top + height + _LINE * len(lines) + _MARGIN
        texts = "".join(
            f'<text x="{left}" y="{top + height + _LINE * number:g}" style="font: 11px system-ui, sans-serif; '
            f'fill: var(--chart-dim)">{escape(line)}</text>'
            for number, line in enumerate(lines, start=1)
        )
        picture = self.svg.replace("<svg ", f'<svg x="0" y="{top}" width="{width:g}" height="{height:g}" ', 1)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width:g} {whole:g}" width="{width:g}" height="{whole:g}">'
            f"<style>{STYLE} :root {{ background: var(--chart-paper); color: var(--chart-ink); }}</style>"
            f'<text x="{left}" y="20" style="font: 600 15px system-ui, sans-serif; fill: currentColor">'
            f"{escape(self.title)}</text>{picture}{texts}</svg>\n"
        )


def as_fragment(charts: Iterable[Chart]) -> str:
    """Charts as a fragment for a page without `STYLE`, such as Robot's log: on paper of their own, in its theme."""
    figures = "".join(chart.as_figure(narrow=True) for chart in charts)
    return f'<style>{STYLE_OF_FRAGMENT}</style><div class="charts-alone">{figures}</div>'
