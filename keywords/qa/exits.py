"""Exit codes of every `qa` command that judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

PASS, FAIL, NO_VERDICT, INCONCLUSIVE = 0, 1, 2, 3
INTERRUPTED = 130


def worst(codes: Collection[int]) -> int:
    """Of several runs: an interrupted one first, then one without a verdict, a failed level, an undecided one."""
    return next((code for code in (INTERRUPTED, NO_VERDICT, FAIL, INCONCLUSIVE) if code in codes), PASS)
