"""Rules of MLPerf Endpoints 1.0 for a measurement point, and which of them a load run meets.

Source: docs.mlcommons.org/endpoints-submission-docs, "Run the points", "Plan your curve", "Metrics and regions". What a
run cannot know of itself is None, never met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.run import RunFacts

LOWEST_REGION = 32
"""Concurrency up to which a point lies in the region Ultra Low Concurrency."""
WINDOW_S = {True: 600.0, False: 1200.0}
"""Least seconds of the steady window, by whether the point lies in that region."""
POINTS = range(7, 33)
WARMUP_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: what it asks for.
        text: the figure, or why it is not known.
        is_met: None where the run cannot know.
    """

    name: str
    text: str
    is_met: bool | None = None

    def __str__(self) -> str:
        mark = {True: "met", False: "not met", None: "not known"}[self.is_met]
        return f"{self.name}: {mark} ({self.text})"


def endpoints_rules(
    plan: LoadPlan, facts: RunFacts, *, window_s: float, streamed: bool, dataset_items: int | None = None
) -> tuple[Rule, ...]:
    """Compare a load run with the rules.

    Args:
        plan: of the run.
        facts: of the run.
        window_s: seconds of the shortest steady window of a stage, by whatever method found it.
        streamed: whether every answer was streamed, chunk by chunk.
        dataset_items: number of different items that the workload draws from; None if it has no end.
    """
    levels = [stage.users for stage in plan.stages]
    lowest = [users for users in levels if users is not None and users <= LOWEST_REGION]
    needed_s = WINDOW_S[len(lowest) == len(levels)]
    how = "an open loop" if None in levels else f"{', '.join(map(str, levels))} users"
    points, all_streamed = (
        len(set(levels)),
        "all answers came as streams" if streamed else "some answers were no streams",
    )
    return (
        Rule("fixed concurrency", how, None not in levels),
        Rule("steady window", f"{window_s:.0f} of {needed_s:.0f} s", window_s >= needed_s),
        _whole_passes(facts.begun_items, dataset_items),
        Rule("streaming", all_streamed, streamed),
        Rule("warm-up excluded and stated, at most a day", f"{plan.warmup_s:g} s", plan.warmup_s <= WARMUP_S),
        Rule(
            f"7 to 32 points, one of them with at most {LOWEST_REGION} requests at once",
            f"{points} points, {len(lowest)} of them so",
            points in POINTS and bool(lowest),
        ),
        Rule("one point in each region", "the regions follow from the largest concurrency that is declared"),
        Rule("one model, configuration and seed set", "all stages run one plan on one server", is_met=True),
        Rule("accuracy at four points", "a load run measures no accuracy", is_met=False),
    )


def _whole_passes(begun: int, dataset_items: int | None) -> Rule:
    name = "whole passes over the data"
    if dataset_items is None:
        return Rule(name, "the workload has no number of items")
    passes, rest = divmod(begun, dataset_items)
    return Rule(name, f"{begun} items of {dataset_items} different ones", passes >= 1 and rest == 0)
