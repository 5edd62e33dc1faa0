"""Markdown tables of figures with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keywords.engine.statistics.intervals import Estimate


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are aligned to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float) -> str:
    """Format a number with three significant digits, or all digits before the point, and commas for thousands."""
    size = abs(value)
    if size >= 100:  # noqa: PLR2004  # from here on, no decimals
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"  # noqa: PLR2004  # two more digits


def format_estimate(estimate: Estimate | None) -> str:
    """The mean, ± half the interval."""
    if estimate is None:
        return "-"
    half = (estimate.high - estimate.low) / 2
    return f"{number(estimate.mean)} ± {number(half)}" if estimate.n > 1 else number(estimate.mean)
