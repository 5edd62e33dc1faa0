"""Pages of evaluations: a table for each item, a chart of intervals, two answers side by side."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine.evaluation.comparison import Comparison, describe, judge_all, pooled
from keywords.engine.evaluation.formats import LETTERS
from keywords.engine.evaluation.prompting import rotated
from keywords.engine.evaluation.sentences import sentence
from keywords.engine.pages.environment import page_environment
from keywords.engine.redaction.printable import printable
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.statistics.clusters import TooFewItemsError
from keywords.engine.statistics.pairs import drop_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from keywords.engine.evaluation.items import Item
    from keywords.engine.evaluation.scores import Score

_TEMPLATES = Path(__file__).with_name("templates")
_LONGEST = 2000
"""Characters of a text that a page shows; a reply may hold millions, and stands in the store."""


def write_run_page(path: Path, scores: Sequence[Score]) -> Path:
    """Write the page of one run, or of several of the same model.

    Args:
        path: the file to write; its folder is made.
        scores: at least one.
    """
    parts = [
        {
            "run": score.run.id,
            "title": score.run.options["label"],
            "sentence": sentence(score),
            "note": _measured_by(score),
            "lines": [_line(score, place) for place in _places(score)],
        }
        for score in scores
    ]
    first = scores[0].run
    return _write(path, "run.html", model=str(first.model), chart=[_rate_line(score) for score in scores], parts=parts)


def write_comparison_page(path: Path, comparisons: Sequence[Comparison], *, max_drop: float) -> Path:
    """Write the page of two runs, or of two series of them, with both answers side by side.

    Args:
        path: the file to write; its folder is made.
        comparisons: at least one.
        max_drop: the accepted drop, 0 to 1.
    """
    first, second = _names(comparisons[0])
    verdict, reason = judge_all(comparisons, max_drop)
    parts = [
        {"title": one.first.run.options["label"], "sentence": one.sentence, "lines": _compared_lines(one)}
        for one in comparisons
    ]
    chart = [_drop_line(one) for one in comparisons]
    pairs = describe(pooled(comparisons))
    return _write(
        path,
        "comparison.html",
        first=first,
        second=second,
        verdict=verdict,
        reason=reason[0].upper() + reason[1:],
        pooled=pairs,
        chart=chart,
        parts=parts,
    )


def _names(comparison: Comparison) -> tuple[str, str]:
    """What tells the two sides apart: the model, else the series, the temperature, the server, else the run."""
    first, second = comparison.first.run, comparison.second.run
    if first.model != second.model:
        return str(first.model), str(second.model)
    if first.series != second.series:
        return first.series, second.series
    warm, warmer = (run.options["sampling"]["temperature"] for run in (first, second))
    if warm != warmer:
        return f"temperature {warm:g}", f"temperature {warmer:g}"
    server, other = (str(run.environment.get("server")) for run in (first, second))
    if server != other:
        return server, other
    return f"run {first.id}", f"run {second.id}"


def _measured_by(score: Score) -> str:
    return f"Marked by {score.scorer}. Requests {score.run.options['concurrency']} at once."


def _rate_line(score: Score) -> dict[str, Any]:
    name = score.run.options["set"]
    try:
        rate = score.rate
    except TooFewItemsError:
        return {"name": name, "mean": None}
    return {"name": name, "mean": 100 * rate.mean, "low": 100 * rate.low, "high": 100 * rate.high, "tone": ""}


def _drop_line(comparison: Comparison) -> dict[str, Any]:
    """The drop with its interval; it has a colour only if chance does not explain it."""
    pairs = comparison.pairs
    low, high = drop_interval(pairs)
    tone = ("worse" if pairs.drop > 0 else "better") if pairs.is_significant else ""
    name = comparison.first.run.options["set"]
    return {"name": name, "mean": 100 * pairs.drop, "low": 100 * low, "high": 100 * high, "tone": tone}


def _places(score: Score) -> list[tuple[str, int, int]]:
    order = {item: at for at, item in enumerate(score.items)}
    return sorted(score.answers, key=lambda place: (order[place[0]], place[2], place[1]))


def _line(score: Score, place: tuple[str, int, int]) -> dict[str, Any]:
    item, draw, rotation = place
    answer, mark = score.answers[place], score.marks[place]
    asked = rotated(score.items[item], rotation)
    drawn, turned = (score.run.options["sampling"]["draws"] > 1), len(asked.choices) > 0
    parts = [f"draw {draw}"] * drawn + [f"turned {rotation}"] * turned
    options = "".join([f" --draw {draw}"] * bool(draw) + [f" --rotation {rotation}"] * bool(rotation))
    return {
        "item": item,
        "place": ", ".join(parts),
        "question": asked.question,
        "context": asked.context,
        "choices": [f"{letter}. {choice}" for letter, choice in zip(LETTERS, asked.choices, strict=False)],
        "accepted": _accepted(asked),
        "reply": _shortened(answer.asked.detail if answer.asked.reply is None else answer.asked.reply.text),
        "extracted": _shortened(mark.extracted or ""),
        "outcome": str(mark.outcome),
        "replay": f"qa replay {score.run.id} {item}{options}",
    }


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({len(text)} characters; all of them stand in the store)"


def _accepted(item: Item) -> str:
    if item.right is not None:
        return f"{LETTERS[item.right]}. {item.choices[item.right]}"
    return " · ".join(item.references) or "no answer"


def _compared_lines(comparison: Comparison) -> list[dict[str, Any]]:
    lines = []
    for one in comparison.items:
        item = comparison.first.items[one.item]
        sides = [_answers(score, one.item) for score in (comparison.first, comparison.second)]
        lines.append(
            {
                "item": one.item,
                "question": item.question,
                "context": item.context,
                "accepted": _accepted(item) if item.right is None else item.choices[item.right],
                "sides": sides,
                "change": one.change,
                "same": one.same_texts,
            }
        )
    return lines


def _answers(score: Score, item: str) -> list[dict[str, str]]:
    places = [place for place in _places(score) if place[0] == item]
    lines = [_line(score, place) for place in places]
    return [{"reply": line["reply"], "outcome": line["outcome"]} for line in lines]


def _write(path: Path, template: str, **values: Any) -> Path:
    text = _environment().get_template(template).render(**values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SECRETS.redact(text.encode("utf-8", "backslashreplace")))
    return path


def _printable(value: object) -> object:
    """What a template shows of a value: a text without characters that act, such as marks that reverse what follows."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@functools.cache
def _environment() -> Environment:
    return page_environment(_TEMPLATES, finalize=_printable)
