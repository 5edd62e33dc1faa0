"""Numbers as reports show them: in milliseconds, with four digits."""

from __future__ import annotations

import math

_MILLISECONDS = 1000
NOTHING = "\N{EN DASH}"
TOO_FEW = "n too small"


def number(value: float | None, scale: float = 1) -> str:
    """A number with four significant digits and no exponent below a million; a dash if there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    scaled = value * scale
    digits = 3 - math.floor(math.log10(abs(scaled))) if scaled else 0
    text = f"{scaled:,.{max(0, min(6, digits))}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(",", "\u202f")


def interval(ends: tuple[float, float] | None, scale: float = 1) -> str:
    """The ends of an interval; a dash if there is none."""
    return NOTHING if ends is None else f"{number(ends[0], scale)} … {number(ends[1], scale)}"


def per_cent(share: float) -> str:
    """A share from 0 to 1 in per cent."""
    return f"{number(share, 100)} %"


def scale_of(metric: str) -> tuple[float, str]:
    """What a metric's values are multiplied with, and the unit after that."""
    if metric == "output_tokens_per_s":
        return 1, "tokens/s"
    if metric == "output_length":
        return 1, "tokens"
    return _MILLISECONDS, "ms"
