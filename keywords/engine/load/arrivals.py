"""Arrivals: the precomputed moments at which an open loop sends its items."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from keywords.engine.load.errors import ArrivalsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keywords.engine.load.plan import Stage

ArrivalProcess = Literal["constant", "poisson", "gamma"]
"""Even intervals, exponential intervals, or gamma intervals with a burstiness."""
WARMUP = -1
"""Stage of the arrivals before the first stage."""

_MOST = 20_000_000
"""Arrivals of a load run; a sample of each takes half a kilobyte in the store."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Moments of arrival, in order; the item's number is its place in the list.

    Attributes:
        at_s: seconds from the start of the first stage; shape (n,), ascending. Those of the warm-up are negative.
        stage: index of the stage of each, -1 in the warm-up; shape (n,).
        process: how they were drawn, such as `poisson, seed 7`, or the trace they were read from.
        expected: mean number that the rates and durations give; the drawn number varies around it. None where nothing
            was drawn.
        stages: the stages they were drawn for.
        warmup_s: seconds of the warm-up before them.
    """

    at_s: NDArray[np.float64]
    stage: NDArray[np.int32]
    process: str
    expected: float | None = None
    stages: tuple[Stage, ...] = ()
    warmup_s: float = 0.0

    def __len__(self) -> int:
        return len(self.at_s)

    def __repr__(self) -> str:
        return f"{self.description}, sha256 {self.sha256[:16]}"

    @property
    def description(self) -> str:
        """How they were drawn, with the expected and the drawn number."""
        expected = "" if self.expected is None else f", {self.expected:.6g} expected"
        return f"{self.process}{expected}, {len(self)} drawn"

    @property
    def sha256(self) -> str:
        """Hash of all moments and stages, bit by bit; the same on every platform."""
        content = np.ascontiguousarray(self.at_s, "<f8").tobytes() + np.ascontiguousarray(self.stage, "<i4").tobytes()
        return hashlib.sha256(content).hexdigest()


def draw_arrivals(
    stages: Sequence[Stage],
    process: ArrivalProcess = "poisson",
    *,
    seed: int = 0,
    burstiness: float = 1.0,
    warmup_s: float = 0.0,
) -> Arrivals:
    """Draw the arrivals of an open loop, stage by stage.

    Nothing is rescaled: the number of arrivals within a duration is as random as the process makes it, and only the
    intervals of `constant` are all the same. Each stage has a random sequence of its own, so that a longer first stage
    does not change the second.

    Args:
        stages: of an open loop; each ends after its duration, or its number of items, whichever comes first.
        process: `constant` sends one at the start of each stage and the next ones exactly 1 / rate apart.
        seed: of numpy's default generator, with the stage's index as its second word.
        burstiness: shape of the gamma distribution of intervals, whose mean stays 1 / rate: 1 is Poisson, below 1 more
            bursty, above 1 more even. Only for `gamma`. Source: vLLM's `--burstiness`.
        warmup_s: seconds before the first stage, at its rate.

    Raises:
        ArrivalsError: a stage has no rate or no end, or a number is out of range.
    """
    if process not in get_args(ArrivalProcess):
        raise ArrivalsError(f"arrivals are {process!r}; write one of {', '.join(get_args(ArrivalProcess))}")
    if burstiness <= 0 or (burstiness != 1 and process != "gamma"):
        raise ArrivalsError(
            f"burstiness is {burstiness:g} with {process} arrivals; give more than 0, and gamma arrivals"
        )
    if seed < 0:
        raise ArrivalsError(f"seed is {seed}; give 0 or more")
    _refuse_too_many(stages, warmup_s)
    moments: list[NDArray[np.float64]] = []
    of_stage: list[NDArray[np.int32]] = []
    start_s, expected = -warmup_s, 0.0
    for index, stage in _with_warmup(stages, warmup_s):
        own = _moments(_Intervals(process, stage.rate or 0.0, burstiness, seed, index), stage)
        moments.append(start_s + own)
        of_stage.append(np.full(len(own), index, np.int32))
        bounds = [bound for bound in (stage.items, _expected(stage)) if bound is not None]
        expected += min(bounds)
        start_s += stage.duration_s or 0.0
    shape = f", burstiness {burstiness:g}" if process == "gamma" else ""
    name = process if process == "constant" else f"{process}{shape}, seed {seed}"
    return Arrivals(np.concatenate(moments), np.concatenate(of_stage), name, expected, tuple(stages), warmup_s)


def _with_warmup(stages: Sequence[Stage], warmup_s: float) -> list[tuple[int, Stage]]:
    """The stages with their indices, the warm-up first."""
    if not stages:
        raise ArrivalsError("there is no stage; give at least one rate")
    for index, stage in enumerate(stages):
        if stage.rate is None or not stage.rate > 0:
            raise ArrivalsError(f"stage {index} has the rate {stage.rate}; give more than 0 requests per second")
        if stage.duration_s is None and (stage.items is None or index < len(stages) - 1):
            raise ArrivalsError(f"stage {index} has no duration; only the last stage may end by its items instead")
        if stage.duration_s is not None and not stage.duration_s > 0:
            raise ArrivalsError(f"stage {index} lasts {stage.duration_s:g} s; give more than 0")
    if not warmup_s >= 0:
        raise ArrivalsError(f"the warm-up lasts {warmup_s:g} s; give 0 or more")
    warmup = [(WARMUP, replace(stages[0], duration_s=warmup_s, items=None))] if warmup_s else []
    return warmup + list(enumerate(stages))


def _refuse_too_many(stages: Sequence[Stage], warmup_s: float) -> None:
    """All arrivals are in memory, here and in the client processes."""
    count = 0.0
    for _, stage in _with_warmup(stages, warmup_s):
        count += min(bound for bound in (stage.items, _expected(stage)) if bound is not None)
    if count > _MOST:
        raise ArrivalsError(f"that is {count:.3g} requests; give rates and times of at most {_MOST:,} in one load run")


def _expected(stage: Stage) -> float | None:
    return None if stage.duration_s is None or stage.rate is None else stage.rate * stage.duration_s


def _moments(intervals: _Intervals, stage: Stage) -> NDArray[np.float64]:
    """Seconds from the stage's start, all before its end and no more than its items."""
    duration_s = stage.duration_s
    if duration_s is None:
        return intervals.first(stage.items or 0)
    count = int(np.ceil((_expected(stage) or 0.0) * 1.1)) + 16
    moments = intervals.first(count)
    while moments[-1] < duration_s:
        moments = np.concatenate([moments, moments[-1] + intervals.first(count)])
    return moments[moments < duration_s][: stage.items]


class _Intervals:
    """Intervals between the arrivals of one stage."""

    def __init__(self, process: ArrivalProcess, rate: float, burstiness: float, seed: int, stage: int) -> None:
        self._process = process
        self._rate = rate
        self._burstiness = burstiness
        self._generator = np.random.default_rng([seed, stage - WARMUP])

    def first(self, count: int) -> NDArray[np.float64]:
        """The moments of the next `count` arrivals, in seconds from the one before them."""
        if self._process == "constant":
            return np.arange(count) / self._rate  # a sum of intervals would drift
        if self._process == "poisson":
            return np.cumsum(self._generator.exponential(1 / self._rate, count))
        scale = 1 / (self._rate * self._burstiness)
        return np.cumsum(self._generator.gamma(self._burstiness, scale, count))
