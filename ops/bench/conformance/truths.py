"""The truth of each case as facts that any tool may report: TRUTHS has the runs of each case, in order."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from keywords.engine.load.cases.checks import LATE_S, sent_at
from ops.bench.conformance.facts import (
    Fact,
    end_s,
    end_to_end,
    first_text_s,
    mean,
    number,
    per_chunk,
    per_token,
    span_s,
    time,
    warning,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keywords.engine.scripted.record import RecordedRequest
    from ops.bench.conformance.facts import Facts
    from ops.bench.conformance.reported import Metric, Reported

_STALL_S = 0.3
"""Of the case `stall_within_a_stream`."""
_RATE = 40.0
"""Of the case `stall_in_open_loop`."""
_LATE_SENDS_S = 0.05
"""By so much the last request must come too late, or the client was not overloaded."""
_COUNTED_S = 0.003
"""What the server of `below_the_server_s_resolution` counted, 59 times."""
_NEAR, _MEDIAN = 0.2, 50
"""A number that is this near to the true one, as a share of it, is none that was made up."""
_AT_ONCE_S = 2 * LATE_S
"""How much later a client may read where thirty requests begin at once; the two stages lie further apart."""
_APART_S = 0.003
"""Tolerance of the two means of a time per token, which lie 7.5 ms apart."""


def _bundles(reported: Reported, records: Sequence[RecordedRequest], tokens: int) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=tokens)
    yield per_token(reported, records, tokens)
    yield per_chunk(reported, records)


def _joined(reported: Reported, records: Sequence[RecordedRequest], tokens: int) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=tokens)
    yield time("mean time between chunks of one read", reported.mean("chunk_gap"), 0.0, 1e-4, 0.0)


def _no_usage(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield from whole(reported, records)
    told = reported.mean("tokens")
    if told is None or reported.tokens_from is None:
        what = None if told is None else f"{told:g}, of no named source"
        yield Fact("tokens, which nobody but the client counted", what, "5, called an estimate", "not reported")
    else:
        yield Fact("tokens", f"{told:g} by {reported.tokens_from}", "5, called an estimate", "right")


def _late_finish(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=5)
    yield per_token(reported, records, 5)


def _kept_or_closed(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=5)
    reused = len(records) - len({record.connection for record in records})
    yield number("requests on a connection that was used before", reported.reused, reused)


def _all_failed(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    yield number("failed", reported.failed, len(records))


def _stalled(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    began = records[0].at_s
    waits = sorted(each.at_s + end_s(each) - began - place / _RATE for place, each in enumerate(records))
    for p in (50, 90):
        truth = waits[math.ceil(p / 100 * len(waits)) - 1]
        what = f"p{p} of the time from the moment when a request was due"
        # Some take a value, some a place between two; here two lie as far apart as the arrivals.
        yield time(what, _from_due(reported, p), truth, early_s=1 / _RATE)


def _from_due(reported: Reported, p: int) -> float | None:
    return reported.percentile("e2e_from_intended", p)


def _disagrees(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=1000, first=8)
    what = "warning that text and usage disagree"
    hidden, discrepancy = warning(reported, what, "usage", "than their text"), warning(reported, what, "discrepancy")
    yield hidden if hidden.told else discrepancy


def _cached(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    yield warning(reported, "warning that repeats came from a cache", "repeat", "cache")


def _two_means(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    spans = [(span_s(each), len(sent_at(each)) - 1) for each in records]
    by_request = mean([span / later for span, later in spans])
    by_token = sum(span for span, _ in spans) / sum(later for _, later in spans)
    yield time("mean of the requests' times per token", reported.mean("tpot"), by_request, _APART_S)
    # Each chunk has one token here, so a mean over all chunks of all requests is one over tokens.
    told = reported.mean("tpot_by_token") or reported.mean("chunk_gap")
    yield time("mean of all tokens' times", told, by_token, _APART_S)


def _stall_shows(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    spread = reported.spreads.get("chunk_gap")
    tail = [each for each in (spread.most, spread.percentiles.get(99)) if each is not None] if spread else []
    yield time("p99 or largest time between chunks", max(tail, default=None), _STALL_S, 2 * LATE_S)


def _retokenised(reported: Reported, records: Sequence[RecordedRequest], characters: int) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=5)
    if reported.text_length is not None:
        yield number("characters of text", reported.text_length, characters * len(records))


def _client_late(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    late_s = records[-1].at_s - records[0].at_s - len(records) / 20_000
    truth = f"the last of {len(records)} requests came {1000 * late_s:.0f} ms too late"
    if late_s < _LATE_SENDS_S:
        yield Fact("warning that the client was late", "nothing to warn of", truth, "right")
        return
    for words in (("sent late",), ("cpu usage",), ("event loop", "too long")):
        fact = warning(reported, "warning that the client was late", *words)
        if fact.told:
            yield Fact(fact.what, fact.told, truth, "right")
            return
    yield Fact("warning that the client was late", None, truth, "not reported")


def _counts(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    yield number("failed", reported.failed, 9)
    if reported.classes is None:
        yield Fact("failures by class", None, "3, 3 and 3", "not reported")
        return
    told = ", ".join(f"{count} {name}" for name, count in reported.classes.items())
    is_right = sorted(reported.classes.values()) == [3, 3, 3]
    yield Fact("failures by class", told or "none", "3 of 500, 3 error events, 3 cut", "right" if is_right else "wrong")


def _half_failed(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    yield number("failed", reported.failed, len(records) // 2)
    yield number("p90 of the time to the end, failures as infinite", reported.adjusted_p90, math.inf)


def _below_resolution(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    truth = f"at most 10 ms, below its resolution; all values are {1000 * _COUNTED_S:g} ms"
    for p in (50, 99):
        told_s, what = reported.server_percentiles.get(p), f"p{p} by the server's histogram"
        if told_s is not None:
            is_near = abs(told_s - _COUNTED_S) <= _NEAR * _COUNTED_S
            yield Fact(what, f"{1000 * told_s:.1f} ms", truth, "right" if is_near else "wrong")
        elif p == _MEDIAN:
            bounds = reported.server_bounds
            yield Fact(what, bounds, truth, "right" if bounds and "below resolution" in bounds else "not reported")


def _stage(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    waits = sorted(first_text_s(each) for each in records)
    spread = reported.spreads.get("ttft")
    yield number("number of times to first text", spread.n if spread else None, len(records))
    yield time("mean time to first text", reported.mean("ttft"), mean(waits), _AT_ONCE_S)
    p90 = waits[math.ceil(0.9 * len(waits)) - 1]
    yield time("p90 of the time to first text", reported.percentile("ttft", 90), p90, _AT_ONCE_S)


def _reasoning(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=15)


def _two_fields(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    yield number("failed", reported.failed, 0)
    spread = reported.spreads.get("chunk_gap")
    yield number("times between chunks, of which each answer has one", spread.n if spread else None, len(records))


def _no_stream(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield number("requests", reported.ended, len(records))
    yield number("failed", reported.failed, 0)
    yield end_to_end(reported, records)
    metrics: dict[Metric, str] = {"ttft": "time to first text", "tpot": "time per token", "chunk_gap": "between chunks"}
    for metric, what in metrics.items():
        told = reported.mean(metric)
        said = "none" if told is None else f"{1000 * told:.1f} ms"
        yield Fact(what, said, "none: it is not measurable", "right" if told is None else "wrong")


def _five(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield from whole(reported, records, tokens=5)


def _comment_first(reported: Reported, records: Sequence[RecordedRequest]) -> Iterator[Fact]:
    yield from whole(reported, records, first=1)


TRUTHS: Mapping[str, tuple[tuple[str, Facts], ...]] = {
    "early_role": (("", _five),),
    "four_tokens_a_chunk": (("", partial(_bundles, tokens=20)),),
    "split_and_joined_writes": (("split", _five), ("joined", partial(_joined, tokens=5))),
    "crlf": (("whole lines", _five), ("split lines", _five)),
    "comments": (("between events", _five), ("before the text", _comment_first)),
    "no_usage": (("", _no_usage),),
    "late_finish": (("", _late_finish),),
    "stall_in_open_loop": (("no limit", _stalled), ("two in flight", _stalled)),
    "keep_alive_closed": (("", _kept_or_closed),),
    "error_after_200": (("", _all_failed),),
    "text_disagrees_with_usage": (("", _disagrees),),
    "repeats_from_a_cache": (("", _cached),),
    "two_means_of_tpot": (("", _two_means),),
    "stall_within_a_stream": (("", _stall_shows),),
    "text_that_retokenises_badly": (("", partial(_retokenised, characters=35)),),
    "client_is_late": (("", _client_late),),
    "counts_agree": (("", _counts),),
    "half_failed": (("", _half_failed),),
    "ttft_is_no_gap": (("", partial(_bundles, tokens=32)),),
    "below_the_server_s_resolution": (("", _below_resolution),),
    "mean_falls_as_load_rises": (("first stage", _stage), ("second stage", _stage)),
    "late_clock_double_reasoning_short_success": (
        ("one read", partial(_joined, tokens=40)),
        ("reasoning", _reasoning),
        ("two fields", _two_fields),
        ("named error", _all_failed),
    ),
    "no_stream": (("", _no_stream),),
}
