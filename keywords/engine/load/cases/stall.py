"""Case of a stalled server under an open loop: the coordinated omission that most load tools commit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.arrivals import Arrivals
from keywords.engine.load.cases.case import Case, Deviation, Part
from keywords.engine.load.cases.checks import LATE_S, TIMER_S, all_measured, moments_in_order, succeeded
from keywords.engine.load.plan import Stage
from keywords.engine.scripted.script import Script, Stall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.load.cases.case import Measurement

_RATE = 40.0
_BEFORE_S = 0.15
_AFTER_S = 0.15
_SAME_S = 1e-5
"""Difference of two moments that are the same: what a store in microseconds may round away."""


def stall_case(length_s: float) -> Case:
    """A server that stalls for so many seconds, under 40 arrivals per second.

    Args:
        length_s: seconds.
    """
    duration_s = _BEFORE_S + length_s + _AFTER_S
    at_s = np.arange(int(duration_s * _RATE)) / _RATE
    arrivals = Arrivals(at_s, np.zeros(len(at_s), np.int32), "constant")
    stages = (Stage(duration_s=duration_s, rate=_RATE),)
    script = Script(stall=Stall(_BEFORE_S, length_s))
    check = partial(_check, stall=Stall(_BEFORE_S, length_s))
    return Case(
        "stall_in_open_loop",
        f"The server sends nothing for {length_s:g} s, while 40 requests per second arrive.",
        "All arrivals are sent, each on time or as soon as the client's own limit lets it; latency from the intended "
        "time includes the wait for a slot.",
        "grafana/k6 and locust/locust#2347 on coordinated omission; wrk2 and LoadGen count from the intended time",
        (
            Part((script,), partial(check, queued=False), stages=stages, arrivals=arrivals),
            Part((script,), partial(check, queued=True), stages=stages, arrivals=arrivals, most_in_flight=2),
        ),
    )


def _check(measured: Measurement, *, stall: Stall, queued: bool) -> Iterator[Deviation]:
    if measured.arrivals is None:
        raise ValueError("the case needs arrivals")
    yield from all_measured(measured, len(measured.arrivals.at_s))
    yield from succeeded(measured.samples)
    yield from moments_in_order(measured.samples)
    begins = min(request.at_s for request in measured.requests) + stall.after_s
    ends = begins + stall.length_s
    stalled = [sample for sample in measured.samples if begins < sample.t_intended < ends]
    yield from _intended_as_planned(measured)
    for sample in stalled:
        if sample.t_done is not None and sample.t_done < ends - TIMER_S:
            yield Deviation(f"item {sample.item} arrived in the stall and has an end before the stall's")
    waits = [sample.t_sent - sample.t_intended for sample in stalled if sample.t_sent is not None]
    if queued:
        if max(waits, default=0.0) < stall.length_s / 2:
            yield Deviation("no request waited for one of the two slots, though the server stalled")
        return
    arrived = sum(begins < request.at_s < ends for request in measured.requests)
    if arrived < len(stalled) / 2:
        yield Deviation(f"{len(stalled)} requests were to arrive in the stall, and {arrived} did: the others waited")
    if max(waits, default=0.0) > LATE_S:
        yield Deviation(f"a request of the stall was sent {max(waits):.3f} s late", machine=True)


def _intended_as_planned(measured: Measurement) -> Iterator[Deviation]:
    """Each request has the intended moment that was planned for it, and was sent before it came."""
    assert measured.arrivals is not None  # noqa: S101  # the caller has looked
    for sample, request in measured.pairs():
        off_s = sample.t_intended - measured.started - measured.arrivals.at_s[sample.item]
        if abs(off_s) > _SAME_S:
            yield Deviation(f"item {sample.item} is intended {1000 * off_s:.3f} ms after its arrival in the plan")
        if sample.t_sent is not None and sample.t_sent > request.at_s:
            yield Deviation(f"item {sample.item} was sent {1000 * (sample.t_sent - request.at_s):.1f} ms after it came")
