"""The table of a calibration: rankings, power, false alarms, and the drop that the sets can show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keywords.engine.statistics.intervals import wilson
from keywords.engine.statistics.pairs import detectable_drop
from ops.bench.calibration.design import (
    AGAIN,
    ALARMS_AT_MOST,
    BASE,
    DRAWS,
    FOUND_AT_LEAST,
    MODELS,
    MUCH_NOISE,
    RANKED_AT_LEAST,
    RANKING,
    SEEDS,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.bench.calibration.design import Model
    from ops.bench.calibration.results import SeedResult

MET, MISSED, TOO_FEW = 0, 1, 3


def table(results: Sequence[SeedResult], sets: Sequence[str]) -> str:
    """The table of all seeds that every model has answered, in Markdown."""
    head = (
        f"# Calibration\n\n{len(results)} seeds, sets {', '.join(sets)}, temperature 1, {DRAWS} answers to each item; "
        "an item is passed if most of them are right. Every model is of our own making, from the embedded one: its "
        "matrices requantised, or with Gaussian noise, new for each seed.\n"
    )
    if not results:
        return f"{head}\nNo seed is whole yet.\n"
    lines = [
        head,
        "| model | right answers | different from the base | mean drop of passed items |",
        "| --- " * 4 + "|",
    ]
    lines += [_row(results, model) for model in MODELS]
    return "\n".join([*lines, "", *_judged(results), "", *_worth(results), ""])


def exit_status(results: Sequence[SeedResult]) -> int:
    """0 if all targets are met, 1 if one is missed, 3 if there are fewer seeds than they are set for."""
    if len(results) < SEEDS:
        return TOO_FEW
    return MET if all(met for _, _, met in _targets(results)) else MISSED


def _row(results: Sequence[SeedResult], model: Model) -> str:
    hits, answers = [one.hits[model.name] for one in results], results[0].answers
    rate = f"{sum(hits) / len(hits) / answers:.0%} of {answers} ({min(hits)} to {max(hits)})"
    if model is BASE:
        return f"| {model.name} | {rate} | | |"
    pairs = [one.pairs[model.name] for one in results]
    drop = sum(one.drop for one in pairs) / len(pairs)
    return f"| {model.name} | {rate} | {_share(_different(results, model), len(pairs))} | {drop * 100:+.1f} points |"


def _judged(results: Sequence[SeedResult]) -> list[str]:
    n = len(results)
    lines = ["| target, of 20 seeds | measured | |", "| --- | --- | --- |"]
    for target, count, met in _targets(results):
        verdict = ("met" if met else "MISSED") if n >= SEEDS else "too few seeds"
        lines.append(f"| {target} | {_share(count, n)} | {verdict} |")
    parts = (
        f"{order} in {sum(order.holds(one.hits[order.better.name], one.hits[order.worse.name]) for one in results)}"
        for order in RANKING
    )
    return [*lines, "", f"The ranking by its parts: {', '.join(parts)} of {n} seeds."]


def _targets(results: Sequence[SeedResult]) -> list[tuple[str, int, bool]]:
    """Each target in words, its count, and whether that meets it."""
    ranked = sum(one.is_ranked for one in results)
    found, alarms = _different(results, MUCH_NOISE), _different(results, AGAIN)
    ranking = " ".join([RANKING[0].better.name, *(f"{order.sign} {order.worse.name}" for order in RANKING)])
    return [
        (f"ranked {ranking}: at least {RANKED_AT_LEAST}", ranked, ranked >= RANKED_AT_LEAST),
        (f"{MUCH_NOISE.name} is different: at least {FOUND_AT_LEAST}", found, found >= FOUND_AT_LEAST),
        (f"the base is different from itself: at most {ALARMS_AT_MOST}", alarms, alarms <= ALARMS_AT_MOST),
    ]


def _different(results: Sequence[SeedResult], model: Model) -> int:
    return sum(one.pairs[model.name].is_significant for one in results)


def _worth(results: Sequence[SeedResult]) -> list[str]:
    again = [one.pairs[AGAIN.name] for one in results]
    n = again[0].n
    churn = sum(one.gained + one.lost for one in again) / sum(one.n for one in again) / 2
    at_1, at_0 = _shown(detectable_drop(n, churn)), _shown(detectable_drop(n))
    return [
        f"Against itself, the base loses {churn:.1%} of the items by chance, and gains as many.",
        f"So {n} items detect a drop of {at_1} at temperature 1, and of {at_0} at temperature 0",
        "(power 80 %, exact McNemar).",
    ]


def _share(count: int, n: int) -> str:
    low, high = wilson(count, n)
    return f"{count} of {n} (95 % {low:.0%} to {high:.0%})"


def _shown(drop: float | None) -> str:
    return "none at all" if drop is None else f"{math.ceil(drop * 100)} points"
