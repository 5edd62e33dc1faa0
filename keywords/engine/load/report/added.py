"""Report of what a gateway adds: the same prompts through it and to the server behind it, in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.metrics.added_latency import added_latency, pooled
from keywords.engine.load.report.content import Report, ReportTable
from keywords.engine.load.report.numbers import NOTHING, TOO_FEW, interval, number
from keywords.engine.redaction.addresses import without_credentials
from keywords.engine.statistics.percentiles import TooFewValuesError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.metrics.added_latency import AddedLatency
    from keywords.engine.load.session import LoadRun

METRICS = ("ttft_first_byte", "ttft_first_content", "e2e")
_MS = 1000
Round = tuple["LoadRun", "LoadRun"]
"""The run through the gateway, and the direct one, of the same prompts."""


def added_report(rounds: Sequence[Round], *, unique_prefix: bool) -> Report:
    """Build the report.

    Args:
        rounds: each with prompts of its own; in the first one the gateway came first, in the second the direct server.
        unique_prefix: whether each prompt began anew on each way.
    """
    runs = [run for pair in rounds for run in pair]
    reasons = [f"run {run.run}: {reason}" for run in runs for reason in run.validity.reasons]
    through, direct = rounds[0]
    stages = sorted({stage for run in runs for stage in run.summary.stages})
    head = ("metric, ms", "stage", "pairs", "unpaired", "mean", "p50", "p95", "95 % interval of p50")
    heads = (*head, *(f"p50 of round {number}" for number in range(1, len(rounds) + 1)))
    rows = tuple(_row(rounds, metric, stage) for stage in stages for metric in METRICS)
    return Report(
        stamp="INVALID" if reasons else "VALID",
        reasons=tuple(reasons),
        facts=(
            ("through", _server(through)),
            ("direct", _server(direct)),
            ("runs", ", ".join(f"{pair[0].run} less {pair[1].run}" for pair in rounds)),
        ),
        tables=(ReportTable("Added latency: through the gateway less direct, on the same prompts", heads, rows),),
        remarks=tuple(_remarks(rounds, unique_prefix=unique_prefix)),
    )


def pairs_of(rounds: Sequence[Round]) -> int:
    """Number of requests that were answered on both ways."""
    return len(_added(rounds, "e2e", None).differences_s)


def _row(rounds: Sequence[Round], metric: str, stage: int) -> tuple[str, ...]:
    added = _added(rounds, metric, stage)
    pairs = len(added.differences_s)
    mean = number(float(added.differences_s.mean()), _MS) if pairs else NOTHING
    ends = NOTHING if _percentile(added, 50) == TOO_FEW else interval(added.interval(50), _MS)
    medians = [_percentile(_added([each], metric, stage), 50) for each in rounds]
    numbers = (mean, _percentile(added, 50), _percentile(added, 95), ends, *medians)
    return (metric, str(stage), str(pairs), str(added.unpaired), *numbers)


def _remarks(rounds: Sequence[Round], *, unique_prefix: bool) -> Iterator[str]:
    if unique_prefix:
        yield "Each prompt began anew on each way: no cache could help the second one."
    else:
        yield (
            "The ways took turns: gateway, direct; then, with other prompts if they are drawn, direct, gateway. A "
            "prompt cache behind both makes the second way faster, and the medians of the rounds differ by it: unique "
            "prefixes rule it out."
        )
    if len(rounds) > 1 and (apart := [metric for metric in METRICS if _differ(rounds, metric)]):
        yield (
            f"The rounds differ by more than chance in {', '.join(apart)}: the order, a cache or the machine's state "
            f"matters as much as the gateway. Run longer, or with unique prefixes."
        )
    (through, direct) = rounds[0]
    if through.plan.target.model != direct.plan.target.model:
        yield f"The models' names differ: make sure that {direct.plan.target.model} is the one behind the gateway."


def _differ(rounds: Sequence[Round], metric: str) -> bool:
    """Whether the intervals of the rounds' medians have no value in common."""
    ends = []
    for each in rounds:
        added = _added([each], metric, None)
        if _percentile(added, 50) == TOO_FEW:
            return False
        ends.append(added.interval(50))
    return max(low for low, _ in ends) > min(high for _, high in ends)


def _added(rounds: Sequence[Round], metric: str, stage: int | None) -> AddedLatency:
    return pooled([added_latency(one.summary.samples, other.summary.samples, metric, stage) for one, other in rounds])


def _percentile(added: AddedLatency, p: int) -> str:
    try:
        return number(added.percentile(p), _MS)
    except TooFewValuesError:
        return TOO_FEW


def _server(run: LoadRun) -> str:
    return f"{without_credentials(run.plan.target.url)}, model {run.plan.target.model}"
