"""Rules of MLPerf Endpoints 1.0 for a measurement point, and which of them a load run meets.

Source: docs.mlcommons.org/endpoints-submission-docs, "Run the points", "Plan your curve", "Metrics and regions". What a
run cannot know of itself is None, never met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.run import RunFacts

LOWEST_REGION = 32
"""Concurrency up to which a point lies in the region Ultra Low Concurrency."""
WINDOW_S = {True: 600.0, False: 1200.0}
"""Least seconds of the steady window, by whether the point lies in that region."""
POINTS = range(7, 33)
WARMUP_S = 24 * 3600.0
_STREAMED = {True: "all answers came as streams", False: "some answers were no streams", None: "nothing was answered"}
_MODEL = {
    True: "one plan; the server told the same of its model before and after it",
    False: "the server told something else of its model after the run than before it",
    None: "one plan; the server tells nothing by which one could know its model again",
}


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
    plan: LoadPlan,
    facts: RunFacts,
    *,
    windows_s: Sequence[float],
    streamed: bool | None,
    one_model: bool | None = None,
    dataset_items: int | None = None,
) -> tuple[Rule, ...]:
    """Compare a load run with the rules; each of its stages is a measurement point.

    Args:
        plan: of the run.
        facts: of the run.
        windows_s: seconds of the steady window of each stage, by whatever method found it.
        streamed: whether every answer was streamed, chunk by chunk; None without an answer.
        one_model: whether the server told the same of its model before and after the run; None if it told nothing.
        dataset_items: number of different items that the workload draws from; None if it has no end.
    """
    levels = [stage.users for stage in plan.stages]
    users = {level for level in levels if level is not None}
    lowest = {level for level in users if level <= LOWEST_REGION}
    how = "an open loop" if None in levels else f"{', '.join(map(str, levels))} users"
    return (
        Rule("fixed concurrency", how, None not in levels),
        _steady_window(levels, windows_s),
        _whole_passes(facts.begun, len(levels), dataset_items),
        Rule("streaming", _STREAMED[streamed], streamed),
        Rule("warm-up excluded and stated, at most a day", f"{plan.warmup_s:g} s", plan.warmup_s <= WARMUP_S),
        Rule(
            f"7 to 32 points, one of them with at most {LOWEST_REGION} requests at once",
            f"{len(users)} points, {len(lowest)} of them so",
            len(users) in POINTS and bool(lowest),
        ),
        Rule("one point in each region", "the regions follow from the largest concurrency that is declared"),
        Rule("one model, configuration and seed set", _MODEL[one_model], one_model),
        Rule("accuracy at four points", "a load run measures no accuracy", is_met=False),
    )


def _steady_window(levels: Sequence[int | None], windows_s: Sequence[float]) -> Rule:
    """The stage that has the least of what its own region asks for."""
    needed = [WINDOW_S[level is not None and level <= LOWEST_REGION] for level in levels]
    pairs = list(zip([*windows_s, *[0.0] * (len(needed) - len(windows_s))], needed, strict=True))
    window_s, needed_s = min(pairs, key=lambda pair: pair[0] / pair[1])
    return Rule("steady window", f"{window_s:.0f} of {needed_s:.0f} s", window_s >= needed_s)


def _whole_passes(begun: Sequence[int], stages: int, dataset_items: int | None) -> Rule:
    name = "whole passes over the data"
    if dataset_items is None:
        return Rule(name, "the workload has no number of items")
    each = [*begun, *[0] * (stages - len(begun))]
    text = f"{', '.join(map(str, each))} items of {dataset_items} different ones"
    return Rule(name, text, all(items and items % dataset_items == 0 for items in each))
