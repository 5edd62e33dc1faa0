"""Verdicts of a comparison: of each metric, and of all together."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keywords.engine.load.comparison.metrics import ComparedMetric
    from keywords.engine.load.comparison.series import Series


class Verdict(StrEnum):
    """What a comparison says of the second series.

    SAME: the interval of every shift lies within its practical threshold. INCONCLUSIVE: the runs cannot tell.
    NO VERDICT: they must not be asked.
    """

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    INCONCLUSIVE = "INCONCLUSIVE"
    NO_VERDICT = "NO VERDICT"


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much the second series lies above the first, with its two-sided 95 % interval.

    Attributes:
        value: Hodges-Lehmann estimate.
        low: lower end; minus infinity where the runs are too few for an interval.
        high: upper end; infinity where they are too few.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MetricVerdict:
    """The comparison of one metric.

    Attributes:
        metric: which.
        first: figures of the first series' runs, in the order of their starts.
        second: those of the second.
        shift: on the metric's scale: a share of the first (0.1 is 10 % more), or in the metric's unit.
        absolute: in the metric's unit.
        p: two-sided, of Mann and Whitney's test.
        adjusted_p: the same for all metrics together, by Holm.
        verdict: never NO VERDICT.
        runs_needed: a side, that would probably tell, if they vary as these do; None where no number would, or none is
            needed.
    """

    metric: ComparedMetric
    first: tuple[float, ...] = field(repr=False)
    second: tuple[float, ...] = field(repr=False)
    shift: Shift
    absolute: Shift
    p: float
    adjusted_p: float
    verdict: Verdict
    runs_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two series of load runs beside each other.

    Attributes:
        first: what is held against.
        second: what is judged.
        verdict: of all metrics together.
        reasons: why there is no verdict; empty if there is one.
        metrics: those that both series have figures of; empty where nothing can be compared.
        left_out: metrics without a figure, and why, by name.
        lost: those of them that each run of the first series has a figure of.
        cautions: what lessens the worth of the verdict, one sentence each.
        rounds: rounds in which both were measured in turns; 0 if they were not.
        heading: what the figures are, where they are no judgement of the server; empty if they are one.
    """

    first: Series
    second: Series
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    metrics: tuple[MetricVerdict, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    rounds: int = 0
    heading: str = ""
