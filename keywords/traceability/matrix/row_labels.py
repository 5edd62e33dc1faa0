"""How a row's end is called on pages: a known bug, a missing verdict and a second attempt are neither pass nor skip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.traceability.results import NOT_RUN
from keywords.traceability.skips import is_inconclusive

if TYPE_CHECKING:
    from keywords.traceability.results import Result

LABELS = ("FAIL", "SKIP", NOT_RUN, "INCONCLUSIVE", "KNOWN", "FLAKY-PASS", "PASS")
"""Labels of a row, worst first."""


def label(result: Result) -> str:
    """The label of a row's result: one of `LABELS`."""
    if result.known_as:
        return "KNOWN"
    if is_inconclusive(result):
        return "INCONCLUSIVE"
    return "FLAKY-PASS" if result.is_flaky else result.status
