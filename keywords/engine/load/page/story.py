"""What happened in a load run, in sentences for somebody who was not there."""

from __future__ import annotations

import time
from math import isfinite
from typing import TYPE_CHECKING

from keywords.engine.load.imported.storing import imported_from
from keywords.engine.load.report.build import judge_stages
from keywords.engine.load.report.numbers import number, per_cent, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.load.metrics.levels import LevelResult
    from keywords.engine.load.page.stored import StoredLoad
    from keywords.engine.load.service_levels import ServiceLevel, Verdict

_FIRST_TEXT = "ttft_first_content"


def story_of(load: StoredLoad, levels: Sequence[ServiceLevel] = (), price: Price | None = None) -> tuple[str, ...]:
    """What was sent, what came back, how fast, how it changed with the load, and which levels held."""
    if (tool := imported_from(load.run)) is not None and not len(load.summary.samples.item):
        return (
            *_sent(load),
            f"Imported from {tool} without samples: its own figures stand in the tables, and no more.",
        )
    return (
        *_sent(load),
        *_came(load),
        *_speed(load),
        *_growth(load),
        *(sentence for _, sentence in levels_told(load, levels, price)),
    )


def _sent(load: StoredLoad) -> Iterator[str]:
    run, summary = load.run, load.summary
    started = time.strftime("%Y-%m-%d at %H:%M", time.localtime(run.started_at))
    stages = ", then ".join(
        f"{load.load_of(stage)} for {number(summary.duration_s(stage))} s" for stage in summary.windows
    )
    model = f", model {run.model}" if run.model else ""
    yield f"On {started}, {run.target or 'a server'}{model}, was put under load: {stages or 'no stage began'}."
    if run.interrupted:
        yield "It was interrupted before its plan was done."
    elif run.ended is None:
        yield "It has no end: it still runs, or was killed."


def _came(load: StoredLoad) -> Iterator[str]:
    summary = load.summary
    answered, failed, cancelled = summary.answered(), summary.failed(), summary.cancelled()
    share = per_cent(summary.error_rate)
    said = f"{answered + failed} requests ended: {answered} whole answers, {failed} failed ({share})"
    if failed:
        said += ": " + ", ".join(f"{count} {name}" for name, count in summary.errors.items())
    unended = f"; {cancelled} more had not ended when the run did" if cancelled else ""
    yield f"{said}{unended}."


def _speed(load: StoredLoad) -> Iterator[str]:
    metric = _FIRST_TEXT if load.summary.count(_FIRST_TEXT) else "e2e"
    scale, unit = scale_of(metric)
    what = "The first text came" if metric == _FIRST_TEXT else "The end of the answer came"
    for stage in load.summary.stages:
        middle, high = (load.summary.percentile(metric, p, stage, failures=True) for p in (50, 95))
        if middle is None:
            yield f"At {load.load_of(stage)}, too few requests ended to tell how fast they were."
            continue
        late = "; for its p95 there are too few" if high is None else f", {number(high, scale)} {unit} for 95 %"
        yield (
            f"At {load.load_of(stage)}: {what.lower()} within {number(middle, scale)} {unit} for half of the "
            f"requests{late}; {number(load.summary.rps(stage))} answers/s, "
            f"{number(load.summary.total_output_tokens_per_s(stage))} tokens/s in all."
        )


def _growth(load: StoredLoad) -> Iterator[str]:
    """How throughput and latency changed from the first stage to the last."""
    summary, stages = load.summary, load.summary.stages
    if len(stages) < 2:  # noqa: PLR2004  # there is nothing to compare
        return
    first, last = stages[0], stages[-1]
    before, after = summary.rps(first), summary.rps(last)
    if not before or after is None:
        return
    said = f"From {load.load_of(first)} to {load.load_of(last)}, answers per second changed {after / before:.3g}-fold"
    metric = _FIRST_TEXT if summary.count(_FIRST_TEXT) else "e2e"
    early, late = (summary.percentile(metric, 50, stage, failures=True) for stage in (first, last))
    if early and late is not None and isfinite(early):
        said += f", the median latency {number(late / early)}-fold"
    yield f"{said}."


def levels_told(load: StoredLoad, levels: Sequence[ServiceLevel], price: Price | None) -> Iterator[tuple[Verdict, str]]:
    """The verdict on each level over all stages, with a sentence that names the stages and what was measured there."""
    results = judge_stages(load.summary, levels, price)
    for level in levels:
        found = [(stage, result) for stage, result in results if result.level == level]
        if broke := [_measured(load, stage, one) for stage, one in found if one.verdict == "FAIL"]:
            yield "FAIL", f"{level} did not hold at {', '.join(broke)}."
        elif unsure := [_measured(load, stage, one) for stage, one in found if one.verdict == "INCONCLUSIVE"]:
            yield "INCONCLUSIVE", f"{level} broke nowhere, but nothing can be said of {', '.join(unsure)}."
        else:
            yield "PASS", f"{level} held at every stage."


def _measured(load: StoredLoad, stage: int, result: LevelResult) -> str:
    level, value = result.level, result.value
    if value is None:
        return f"{load.load_of(stage)} ({result.note})"
    if level.is_per_request:
        return f"{load.load_of(stage)} ({per_cent(value)} of the requests hold it)"
    shown = {"time": f"{number(value, 1000)} ms", "share": per_cent(value)}.get(level.dimension, number(value))
    return f"{load.load_of(stage)} ({shown})"


def story_across(loads: Sequence[StoredLoad], names: Sequence[str]) -> Iterator[str]:
    """Where several runs were fastest and slowest, by their names."""
    for metric, what in (
        ("rps", "whole answers per second"),
        ("total_output_tokens_per_s", "tokens per second in all"),
    ):
        values = [(getattr(load.summary, metric)(), name) for load, name in zip(loads, names, strict=True)]
        known = [(value, name) for value, name in values if value is not None]
        if known:
            (low, worst), (high, best) = min(known), max(known)
            yield f"The fewest {what}: {number(low)} ({worst}); the most: {number(high)} ({best})."
