"""Page of a choice: a table of quality, speed and cost, and charts of one by the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from keywords.engine.charts.colours import STYLE
from keywords.engine.charts.intervals import IntervalLine, interval_chart
from keywords.engine.charts.points import Point, pareto_chart
from keywords.engine.evaluation.comparison import compare, describe
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.load.page.charts import machine_of
from keywords.engine.load.report.numbers import number, per_cent
from keywords.engine.pages.render import write_page
from keywords.engine.statistics.clusters import TooFewItemsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keywords.engine.charts.chart import Chart
    from keywords.engine.statistics.clusters import Rate
    from keywords.engine.tradeoff.side import Figure, Side

_TEMPLATES: Final = Path(__file__).with_name("templates")
NO_SCORE: Final = "no score yet"
NO_LOAD: Final = "no load run yet"
NO_PRICE: Final = "no price"


def write_tradeoff_page(path: Path, sides: Sequence[Side]) -> Path:
    """Write the page.

    Args:
        path: the file; its folder is made.
        sides: two or more; the first is what the others are compared with.

    Raises:
        OSError: the file cannot be written.
    """
    return write_page(
        path,
        _TEMPLATES,
        "tradeoff.html",
        title=" or ".join(side.name for side in sides),
        eyebrow="LLM gateway, quality, speed and cost",
        pills=[],
        sentences=[*tradeoff_sentences(sides), *cautions(sides)],
        head=("", *(side.name for side in sides)),
        rows=tradeoff_rows(sides),
        charts=[chart.as_figure() for chart in tradeoff_charts(sides)],
        chart_style=STYLE,
    )


def shared_sets(sides: Sequence[Side]) -> list[str]:
    """Digests of the sets of questions of which every side that has a score at all has one."""
    scored = [side.scores for side in sides if side.scores]
    return [digest for digest in scored[0] if all(digest in scores for scores in scored)] if scored else []


def tradeoff_rows(sides: Sequence[Side]) -> list[tuple[str, ...]]:
    """The lines of the table: a name, and a text for each side."""
    sets = list(dict.fromkeys(digest for side in sides for digest in side.scores))
    shared = shared_sets(sides)
    rows = [("right answers, all shared sets", *(_quality(side, shared) for side in sides))]
    for digest in sets:
        label = next(_label(side, digest) for side in sides if digest in side.scores)
        rows.append((f"right answers, {label}", *(_quality(side, [digest]) for side in sides)))
    figures: tuple[tuple[str, Callable[[Side], Figure | None]], ...] = (
        ("time to the first text, p50, ms", lambda side: side.latency("ttft_first_content", 50)),
        ("time to the first text, p95, ms", lambda side: side.latency("ttft_first_content", 95)),
        ("time of each token after the first, p50, ms", lambda side: side.latency("tpot_excl_first", 50)),
        ("tokens/s of one answer, p50", lambda side: side.latency("output_tokens_per_s", 50)),
        ("tokens/s of all together", lambda side: side.tokens),
        ("whole answers per second", lambda side: side.rate),
        ("failed requests, %", lambda side: side.errors),
    )
    for name, of in figures:
        rows.append((name, *(_figure(of(side), "n too small" if side.loads else NO_LOAD) for side in sides)))
    rows.append(("price of 1,000 answers, $", *(_dollars(side) for side in sides)))
    rows.append(("load runs", *(", ".join(str(load.run.id) for load in side.loads) or "none" for side in sides)))
    evaluations = (", ".join(str(score.run.id) for score in side.scores.values()) or "none" for side in sides)
    rows.append(("evaluations", *evaluations))
    rows.append(("client's machine", *(_machine(side) for side in sides)))
    return rows


def tradeoff_sentences(sides: Sequence[Side]) -> Iterator[str]:
    """How each further side differs from the first: in quality, in speed, in cost."""
    first = sides[0]
    for side in sides[1:]:
        yield from _quality_change(first, side)
        parts = [
            text
            for text in (
                _change("tokens per second of one answer", first.latency("output_tokens_per_s", 50),
                        side.latency("output_tokens_per_s", 50)),
                _change("tokens per second in all", first.tokens, side.tokens),
                _change("time to the first text", first.latency("ttft_first_content", 50),
                        side.latency("ttft_first_content", 50)),
                _change("price of an answer", first.dollars, side.dollars),
            )
            if text
        ]  # fmt: skip
        if parts:
            yield f"{side.name} against {first.name}, by medians of their load runs: {'; '.join(parts)}."


def cautions(sides: Sequence[Side]) -> Iterator[str]:
    """What keeps the sides from being compared, and what is missing."""
    loads = [load.run for side in sides for load in side.loads]
    if len({run.workload_hash for run in loads}) > 1:
        yield "The sides were not sent the same workload: their speed and cost do not compare."
    if len({machine_of(run) for run in loads}) > 1:
        yield "The client ran on different machines: speed differs by that too."
    for side in sides:
        if side.left_out:
            yield f"{side.name}: load runs {', '.join(map(str, side.left_out))} are INVALID or not whole, and left out."
        if not side.scores:
            yield f"{side.name}: {NO_SCORE}; `qa eval --all --series {side.name}` makes one."
        if not side.loads:
            yield f"{side.name}: {NO_LOAD}; `qa load URL --name {side.name}` makes one."
    yield (
        "Speed is the median over load runs, with the lowest and the highest; whether a difference may be chance, "
        "`qa compare` tells."
    )


def tradeoff_charts(sides: Sequence[Side]) -> list[Chart]:
    """Quality by speed, quality by cost, and quality with its intervals."""
    shared = shared_sets(sides)
    rates = {side.name: rate for side in sides if (rate := _rate(side, shared)) is not None}
    missing = [side.name for side in sides if side.name not in rates]
    notes = ["n = " + ", ".join(f"{rate.items} items ({name})" for name, rate in rates.items()) + "."] if rates else []
    notes += [f"Not drawn, since there is {NO_SCORE}: {', '.join(missing)}."] if missing else []
    notes += [f"Client on {'; '.join(dict.fromkeys(_machine(side) for side in sides))}."]
    lines = [
        IntervalLine(side.name, None, note=NO_SCORE)
        if (rate := rates.get(side.name)) is None
        else IntervalLine(side.name, 100 * rate.mean, 100 * rate.low, 100 * rate.high)
        for side in sides
    ]
    quality = "right answers, %"
    speed = [
        Point(side.name, figure.value, 100 * rates[side.name].mean)
        for side in sides
        if side.name in rates and (figure := side.latency("output_tokens_per_s", 50)) is not None
    ]
    thrift = [
        Point(side.name, 1 / figure.value, 100 * rates[side.name].mean)
        for side in sides
        if side.name in rates and (figure := side.dollars) is not None and figure.value
    ]
    charts = [
        interval_chart("Quality", f"{quality}, with their 95 % intervals", lines, zero=False, notes=notes),
        pareto_chart("Quality by speed", "tokens/s of one answer, median", quality, speed, notes=notes),
        pareto_chart("Quality by cost", "thousand answers for a dollar", quality, thrift, notes=notes),
    ]
    return [chart for chart in charts if chart is not None]


def _rate(side: Side, sets: Sequence[str]) -> Rate | None:
    try:
        return side.quality(sets)
    except TooFewItemsError:
        return None


def _quality(side: Side, sets: Sequence[str]) -> str:
    try:
        rate = side.quality(sets)
    except TooFewItemsError as error:
        return str(error)
    if rate is None:
        return NO_SCORE
    return f"{per_cent(rate.mean)} ({number(rate.low, 100)} … {number(rate.high, 100)}), {rate.items} items"


def _figure(figure: Figure | None, missing: str) -> str:
    if figure is None:
        return missing
    spread = "" if figure.runs == 1 else f" ({number(figure.low)} … {number(figure.high)})"
    return f"{number(figure.value)}{spread}"


def _dollars(side: Side) -> str:
    if side.price is None:
        return NO_PRICE
    return _figure(side.dollars, "the server told no usage" if side.loads else NO_LOAD)


def _machine(side: Side) -> str:
    return "; ".join(dict.fromkeys(machine_of(load.run) for load in side.loads)) or "none"


def _quality_change(first: Side, side: Side) -> Iterator[str]:
    if not first.scores or not side.scores:
        return
    both = [digest for digest in first.scores if digest in side.scores]
    if not both:
        yield f"{side.name} and {first.name} were asked different questions: their quality does not compare."
    for digest in both:
        try:
            compared = compare(first.scores[digest], side.scores[digest])
        except DatasetError as error:
            yield f"{side.name} against {first.name}: {error}."
            continue
        yield f"{side.name} against {first.name}, {_label(first, digest)}: {describe(compared.pairs)}."


def _label(side: Side, digest: str) -> str:
    """The set of questions with its version, such as `science v1`."""
    return str(side.scores[digest].run.options["label"]).partition(" (")[0]


def _change(what: str, before: Figure | None, after: Figure | None) -> str:
    if before is None or after is None or not before.value:
        return ""
    return f"{what} {100 * (after.value / before.value - 1):+.3g} %"
