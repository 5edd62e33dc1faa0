"""The table of how honest comparisons are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.comparison.verdicts import Verdict
from keywords.engine.statistics.shifts import hodges_lehmann
from ops.bench.honesty.pool import SLOWDOWN
from ops.bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ops.bench.honesty.draws import Draws
    from ops.bench.honesty.pool import PoolRun

DIFFERENT = (Verdict.FASTER, Verdict.SLOWER)
MOST_DIFFERENT = 0.05
"""Of A/A series that may be called different."""
LEAST_FOUND = 0.90
"""Of A/B series in which B must be called slower."""
_SHOWN = ("ttft_p50", "tpot_p50", "e2e_p50", "e2e_p95", "rps")


def is_met(draws: Draws) -> bool:
    """Whether a kind of draws meets its target."""
    if draws.kind == "A/A":
        return draws.share(*DIFFERENT) <= MOST_DIFFERENT
    return draws.share(Verdict.SLOWER) >= LEAST_FOUND


def markdown(pool: Sequence[PoolRun], found: Sequence[Draws], judged: int, facts: Mapping[str, str]) -> str:
    """The page.

    Args:
        pool: all of it.
        found: draws of both kinds, by their rounds.
        judged: rounds of the draws that the targets are about.
        facts: of the measurement, by name.
    """
    counts = {name: sum(each.server == name for each in pool) for name in ("A", "B")}
    invalid = sum(bool(each.run.problem) for each in pool)
    lines = [
        "# How honest comparisons of load runs are",
        "",
        *(f"- {name}: {fact}" for name, fact in facts.items()),
        f"- pool: {counts['A']} runs of A and {counts['B']} of B in turns (A B A B A), B slower by {SLOWDOWN:.0%} by",
        f"  its script; {invalid} of them INVALID and not drawn",
        "",
        table(
            ("series", "rounds", "draws", *(str(each) for each in Verdict), "target", "met"),
            [_row(each, judged) for each in found],
        ),
        "## How far the draws depend on each other",
        "",
        "All draws are of one pool, so they share runs. Where two draws share a part of their runs, they repeat each",
        "other to that part; so many draws are worth a few independent ones, and the interval is that of these few.",
        "",
        table(
            (
                "series",
                "rounds",
                "what is counted",
                "share",
                "95 % interval",
                "runs shared",
                "worth",
                "without a shared run",
            ),
            [_dependence(each) for each in found],
        ),
        "## The pool itself",
        "",
        "Runs of one server, middle half of the figures; and the shift of B, by Hodges and Lehmann, over all runs.",
        "",
        table(("metric", "A", "A varies by", "B", "shift of B"), _metrics(pool)),
    ]
    return "\n".join(lines)


def _row(draws: Draws, judged: int) -> list[str]:
    counted = [str(draws.verdicts[each]) for each in Verdict]
    target = f"≤ {MOST_DIFFERENT:.0%} different" if draws.kind == "A/A" else f"≥ {LEAST_FOUND:.0%} SLOWER"
    met = "yes" if is_met(draws) else "no"
    is_judged = draws.rounds == judged
    return [
        draws.kind,
        str(draws.rounds),
        str(draws.count),
        *counted,
        target if is_judged else "-",
        met if is_judged else "-",
    ]


def _dependence(draws: Draws) -> list[str]:
    verdicts = DIFFERENT if draws.kind == "A/A" else (Verdict.SLOWER,)
    low, high = draws.interval(*verdicts)
    return [
        draws.kind,
        str(draws.rounds),
        "different" if draws.kind == "A/A" else "SLOWER",
        f"{draws.share(*verdicts):.1%}",
        f"{low:.0%} to {high:.0%}",
        f"{draws.shared:.0%}",
        f"{draws.effective:.1f} draws",
        str(draws.disjoint),
    ]


def _metrics(pool: Sequence[PoolRun]) -> list[list[str]]:
    rows = []
    for name in _SHOWN:
        sides = [
            sorted(each.run.figures[name] for each in pool if each.server == server and name in each.run.figures)
            for server in ("A", "B")
        ]
        if all(sides):
            middles = [side[len(side) // 2] for side in sides]
            spread = (sides[0][3 * len(sides[0]) // 4] - sides[0][len(sides[0]) // 4]) / middles[0]
            shift = hodges_lehmann(sides[0], sides[1]) / middles[0]
            rows.append([name, _shown(name, middles[0]), f"{spread:.1%}", _shown(name, middles[1]), f"{shift:+.1%}"])
    return rows


def _shown(name: str, value: float) -> str:
    return f"{value:.3g} 1/s" if name == "rps" else f"{1000 * value:.4g} ms"
