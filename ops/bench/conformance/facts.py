"""Facts of a case: what a tool says, beside the truth, and the mark for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from keywords.engine.load.cases.checks import LATE_S, TIMER_S, sent_at

if TYPE_CHECKING:
    from keywords.engine.scripted.record import RecordedRequest
    from ops.bench.conformance.reported import Reported

Mark = Literal["right", "wrong", "not reported"]
_SAME = 1e-6
_SPAN_S = 0.02
"""By how much a client may err on the time from the first to the last chunk: it may read either of them late."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One number or warning of a tool against the truth.

    Attributes:
        what: its name.
        told: what the tool says; None if it says nothing.
        truth: what is true.
        mark: the judgement.
    """

    what: str
    told: str | None
    truth: str
    mark: Mark


Facts = Callable[["Reported", Sequence["RecordedRequest"]], Iterator[Fact]]
"""The facts of one run: what a tool reported, and the backend's records of its requests in their order."""


def mark_of(facts: Sequence[Fact]) -> Mark:
    """The mark for all facts together: wrong if one is; not reported if one is not; else right."""
    marks = {fact.mark for fact in facts}
    return "wrong" if "wrong" in marks else "not reported" if "not reported" in marks else "right"


def number(what: str, told: float | None, truth: float) -> Fact:
    """A number that has to be exact."""
    if told is None:
        return Fact(what, None, f"{truth:g}", "not reported")
    is_right = told == truth or abs(told - truth) <= _SAME
    return Fact(what, f"{told:g}", f"{truth:g}", "right" if is_right else "wrong")


def time(what: str, told_s: float | None, truth_s: float, late_s: float = LATE_S, early_s: float = TIMER_S) -> Fact:
    """A time, that may be later by what a client takes to read, and earlier by what a timer may err."""
    truth = f"{1000 * truth_s:.1f} ms"
    if told_s is None:
        return Fact(what, None, truth, "not reported")
    is_right = truth_s - early_s <= told_s <= truth_s + late_s
    return Fact(what, f"{1000 * told_s:.1f} ms", truth, "right" if is_right else "wrong")


def warning(reported: Reported, what: str, *words: str) -> Fact:
    """A warning, known by words that must all stand in it."""
    for text in reported.warnings:
        if all(word in text.lower() for word in words):
            return Fact(what, f"“{text}”", "a warning", "right")
    return Fact(what, None, "a warning", "not reported")


def whole(
    reported: Reported, records: Sequence[RecordedRequest], *, tokens: int | None = None, first: int = 0
) -> Iterator[Fact]:
    """What holds of each case whose answers are whole.

    Args:
        reported: by the tool.
        records: of its requests.
        tokens: of each answer by the server's usage; None if that is not asked for.
        first: number of the first chunk with text.
    """
    yield number("requests", reported.ended, len(records))
    yield number("failed", reported.failed, 0)
    yield time("mean time to first text", reported.mean("ttft"), mean(first_text_s(each, first) for each in records))
    yield end_to_end(reported, records)
    if tokens is not None:
        yield number("tokens of an answer", reported.mean("tokens"), tokens)


def end_to_end(reported: Reported, records: Sequence[RecordedRequest]) -> Fact:
    """The mean time to the end, by the tool's own definition of the end."""
    truth = mean((last_text_s if reported.ends_with_text else end_s)(each) for each in records)
    what = "mean time to the last text" if reported.ends_with_text else "mean time to the end"
    return time(what, reported.mean("e2e"), truth)


def per_token(reported: Reported, records: Sequence[RecordedRequest], tokens: int) -> Fact:
    """The mean time per token without the first, of answers with so many tokens each."""
    truth, off_s = mean(span_s(each) for each in records) / (tokens - 1), _SPAN_S / (tokens - 1)
    return time("mean time per token", reported.mean("tpot"), truth, off_s, off_s)


def per_chunk(reported: Reported, records: Sequence[RecordedRequest]) -> Fact:
    """The mean time between chunks."""
    gaps = [later - at for each in records for at, later in pairwise(sent_at(each))]
    off_s = _SPAN_S * len(records) / len(gaps)
    return time("mean time between chunks", reported.mean("chunk_gap"), mean(gaps), off_s, off_s)


def first_text_s(record: RecordedRequest, first: int = 0) -> float:
    """Seconds from a request to the first chunk with text."""
    return sent_at(record)[first] - record.at_s


def last_text_s(record: RecordedRequest) -> float:
    """Seconds from a request to the last chunk; to the whole body of a plain answer."""
    return (sent_at(record) or [record.sent[-1].at_s])[-1] - record.at_s


def end_s(record: RecordedRequest) -> float:
    """Seconds from a request to the end of its answer."""
    return record.sent[-1].at_s - record.at_s


def span_s(record: RecordedRequest) -> float:
    """Seconds from the first to the last chunk."""
    times = sent_at(record)
    return times[-1] - times[0]


def mean(values: Iterator[float] | Sequence[float]) -> float:
    """The mean of some values."""
    listed = list(values)
    return sum(listed) / len(listed)
