"""Capacity: the largest rate or number of users at which a server holds its service levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGER = "run longer, or from a client that keeps up"
Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]


class CapacityError(ValueError):
    """The bounds of the search do not go together."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One load run of the search.

    Attributes:
        level: rate per second, or number of users.
        verdict: whether every service level held; INCONCLUSIVE too if the run itself was INVALID.
        why: the levels that did not hold, or why nothing can be said; empty for PASS.
    """

    level: float
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The result of a search; the true capacity lies between `holds` and `breaks`.

    Attributes:
        holds: the largest level that held, and below which none broke; None if not even the smallest did.
        breaks: the smallest level above it that broke; None if none did.
        probes: every load run, in order.
        problem: what makes the result worth less; empty without.
    """

    holds: float | None
    breaks: float | None
    probes: tuple[Probe, ...]
    problem: str = ""

    @property
    def verdict(self) -> Verdict:
        """PASS if the capacity lies between two levels that were tried, FAIL if none held, else INCONCLUSIVE."""
        if self.holds is None:
            return "FAIL" if self.breaks is not None else "INCONCLUSIVE"
        return "INCONCLUSIVE" if self.breaks is None or self.problem else "PASS"

    def __str__(self) -> str:
        if self.holds is None:
            text = f"not even {self.probes[0].level:g} holds" if self.breaks is not None else "nothing can be said"
        elif self.breaks is None:
            text = f"at least {self.holds:g}; the search went no further"
        else:
            text = f"{self.holds:g} holds, {self.breaks:g} does not"
        return f"{text} ({len(self.probes)} load runs)" + (f"; {self.problem}" if self.problem else "")


def find_capacity(
    measure: Callable[[float], Probe],
    *,
    first: float,
    most: float,
    whole: bool,
    precision: float = 0.1,
    repeats: int = 3,
) -> Capacity:
    """Double the level until it breaks, then halve the distance; at the end, try what held once more.

    A level without a verdict is tried again, up to `repeats` times. If it stays so, the search goes on at both sides of
    it, and the interval stays as wide as it makes it. A level that held at first and breaks when it is tried once more
    is not the capacity; the search goes on below it.

    Args:
        measure: runs a load at a level and judges it; should let the server come to rest first.
        first: level to begin with, such as 1 user.
        most: level that is never exceeded.
        whole: levels are whole numbers: users.
        precision: the search ends once `breaks` is at most so much more than `holds`, as a share of `holds`.
        repeats: load runs at one level that give no verdict before the search goes on without it.

    Raises:
        CapacityError: the bounds do not go together.
    """
    if not 0 < first <= most:
        raise CapacityError(f"the search begins at {first:g} and ends at {most:g}; begin above 0 and not above the end")
    if whole and (first != int(first) or most != int(most)):
        raise CapacityError(f"users are whole numbers, not {first:g} to {most:g}")
    if not precision > 0 or repeats < 1:
        raise CapacityError("the precision must be above 0, and repeats 1 or more")
    search = _Search(measure, whole=whole, precision=precision, repeats=repeats)
    search.grow(first, most)
    search.narrow()
    while not search.confirm():
        search.narrow()
    return search.result()


class _Search:
    """What is known so far: the largest level that holds, the smallest that breaks, and those in doubt."""

    def __init__(self, measure: Callable[[float], Probe], *, whole: bool, precision: float, repeats: int) -> None:
        self._measure = measure
        self._whole = whole
        self._precision = precision
        self._repeats = repeats
        self._probes: list[Probe] = []
        self._holds: list[float] = []
        self._breaks: float | None = None
        self._doubtful: set[float] = set()
        self._taken_back: list[float] = []
        self._unconfirmed = False

    def grow(self, first: float, most: float) -> None:
        """Double until a level breaks, or two in a row give no verdict."""
        level, doubts = first, 0
        while (verdict := self._try(level)) != "FAIL" and level < most:
            doubts = doubts + 1 if verdict == "INCONCLUSIVE" else 0
            if doubts > 1:
                return
            level = min(2 * level, most)

    def narrow(self) -> None:
        """Halve the distance between what holds and what breaks."""
        while (level := self._next()) is not None:
            self._try(level)

    def confirm(self) -> bool:
        """Try the largest level that held once more; False if it breaks now, so that the search goes on below it."""
        if not self._holds:
            return True
        level = self._holds[-1]
        if (verdict := self._try(level)) == "FAIL":
            self._taken_back.append(level)
            return False
        self._unconfirmed = verdict == "INCONCLUSIVE"
        return True

    def result(self) -> Capacity:
        """The result so far."""
        problems = []
        if self._taken_back:
            shown = ", ".join(f"{level:g}" for level in self._taken_back)
            problems.append(f"{shown} held at first and broke when tried again: the capacity varies")
        doubtful = sorted(level for level in self._doubtful if not self._holds or level > self._holds[-1])
        if doubtful:
            shown = ", ".join(f"{level:g}" for level in doubtful)
            problems.append(f"{shown} gave no verdict{self._why(doubtful[-1])}: {_LONGER}")
        holds = self._holds[-1] if self._holds else None
        if self._unconfirmed:
            problems.append(
                f"{holds:g} held once and gave no verdict when tried again{self._why(self._holds[-1])}: {_LONGER}"
            )
        return Capacity(holds, self._breaks, tuple(self._probes), "; ".join(problems))

    def _why(self, level: float) -> str:
        """Why the last load run at a level gave no verdict: the client itself may have been the limit."""
        why = next((each.why for each in reversed(self._probes) if each.level == level), "")
        return f" ({why})" if why else ""

    def _try(self, level: float) -> Verdict:
        for _ in range(self._repeats):
            probe = self._measure(level)
            self._probes.append(probe)
            if probe.verdict != "INCONCLUSIVE":
                break
        if probe.verdict == "PASS":
            self._holds = sorted({*self._holds, level})
        elif probe.verdict == "FAIL":
            self._breaks = level if self._breaks is None else min(self._breaks, level)
            self._holds = [each for each in self._holds if each < level]
        else:
            self._doubtful.add(level)
        return probe.verdict

    def _next(self) -> float | None:
        """The middle between what holds and the next level that does not; None once all distances are small."""
        if not self._holds:
            return None
        low, high = self._holds[-1], self._breaks
        doubtful = sorted(level for level in self._doubtful if level > low and (high is None or level < high))
        gaps = [(low, doubtful[0] if doubtful else high)]
        if doubtful:
            gaps.append((doubtful[-1], high))
        for left, right in gaps:
            if right is not None and right - left > max(self._precision * left, 1 if self._whole else 0):
                return float((left + right) // 2) if self._whole else (left + right) / 2
        return None
