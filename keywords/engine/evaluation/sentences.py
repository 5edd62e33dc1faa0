"""The sentences that say what a score is worth; never written by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keywords.engine.evaluation.marks import Outcome
from keywords.engine.statistics.clusters import TooFewItemsError
from keywords.engine.statistics.pairs import detectable_drop

if TYPE_CHECKING:
    from keywords.engine.evaluation.scores import Score

_PUBLISHED = {
    "gsm8k": "GSM8K",
    "mmlu": "MMLU",
    "truthfulqa": "TruthfulQA",
    "triviaqa": "TriviaQA",
    "squad": "SQuAD",
}
_SHOWN_MODELS = 3
_LONGEST_NAME = 100
"""Characters."""


def sentence(score: Score) -> str:
    """What was measured, with its interval, its failures and its limits."""
    run, options = score.run, score.run.options
    server = run.environment.get("server") or "a server of unknown kind"
    sampling = options["sampling"]
    seed = "" if sampling["seed"] is None else f", seed {sampling['seed']}"
    drawn = f"{sampling['temperature']:g}{seed}"
    parts = [
        f"Model {run.model} at {run.target} ({server}), set {options['label']}, T={drawn}: {result(score)}",
        failures(score),
        *_repeats(score),
        *_notes(score),
        _worth(score),
    ]
    return "; ".join(part for part in parts[:2]) + ". " + " ".join(f"{part}." for part in parts[2:] if part)


def result(score: Score) -> str:
    """The counts and the interval; "n too small" instead of one for a few items."""
    drawn = score.draws != score.valid_items
    counts = f"{score.hits}/{score.draws} answers correct" if drawn else f"{score.hits}/{score.draws} correct"
    if drawn:
        counts += f", {score.passed}/{score.valid_items} items in most of their answers"
    try:
        rate = score.rate
    except TooFewItemsError as error:
        return f"{counts} ({error})"
    clustered = ", clustered by item" if drawn else ""
    value = score.mean_value
    mean = f", mean {score.scorer} {value:.3f}" if abs(value - score.hits / score.draws) > 1e-9 else ""  # noqa: PLR2004
    return f"{counts}, Wilson 95 % {rate.low * 100:.0f} to {rate.high * 100:.0f} %{clustered}{mean} by {score.scorer}"


def failures(score: Score) -> str:
    """How many answers fared otherwise, with the reasons of those that never came."""
    outcomes = score.outcomes
    named = [Outcome.FORMAT, *(one for one in (Outcome.ABSTAINED, Outcome.REFUSED) if outcomes[one])]
    counted = [f"{outcomes[one]} {_plural(one, outcomes[one])}" for one in named]
    errors = outcomes[Outcome.ERROR]
    why = ", ".join(f"{count} with {failure}" for failure, count in score.failures.items())
    return ", ".join([*counted, f"{errors} {_plural(Outcome.ERROR, errors)}{f' ({why})' if why else ''}"])


def _plural(outcome: Outcome, count: int) -> str:
    return f"{outcome}s" if count != 1 and outcome in {Outcome.FORMAT, Outcome.ERROR} else str(outcome)


def _repeats(score: Score) -> list[str]:
    draws = score.run.options["sampling"]["draws"]
    if draws == 1:
        return []
    return [f"{draws} draws of each item, {score.unchanging_items}/{score.valid_items} items byte-identical"]


def _notes(score: Score) -> list[str]:
    run, options, notes = score.run, score.run.options, []
    if score.cut:
        notes.append(_counted(score.cut, "answer reached its limit of tokens", "answers reached their limit of tokens"))
    if score.cached:
        taken = "taken from earlier runs, not asked"
        notes.append(_counted(score.cached, f"answer was {taken}", f"answers were {taken}"))
    if options["resumed"]:
        times = options["resumed"]
        elsewhere = ", ".join(options.get("resumed_at", []))
        how_often = f"{'once' if times == 1 else f'{times} times'}{f', at {elsewhere}' if elsewhere else ''}"
        notes.append(f"The run was interrupted and resumed {how_often}")
    if other := score.other_models:
        shown = [f"{name[:_LONGEST_NAME]} ({count})" for name, count in list(other.items())[:_SHOWN_MODELS]]
        more = f" and {len(other) - _SHOWN_MODELS} more" if len(other) > _SHOWN_MODELS else ""
        notes.append(f"Answers name other models than {run.model}: {', '.join(shown)}{more}")
    if twice := score.repeated_items:
        repeated = _counted(twice, "item asks", "items ask")
        notes.append(f"{repeated} what another one asks, so the interval is too narrow")
    if score.missing:
        notes.append(_counted(score.missing, "item has no answer", "items have no answer"))
    if run.interrupted or run.ended is None:
        notes.append(f"The run is not finished: `qa eval --resume {run.id}` asks the rest")
    return notes


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _worth(score: Score) -> str:
    drop = detectable_drop(score.valid_items)
    seen = (
        f"Detects a drop of {math.ceil(drop * 100)} points or more against an equal run, if nothing is gained"
        if drop is not None
        else f"n too small to detect any drop: {score.valid_items} items"
    )
    if not score.run.options["own_items"]:
        return seen
    return f"{seen}; own items, not comparable with published {_PUBLISHED[score.run.options['form']]}"
