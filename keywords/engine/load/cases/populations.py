"""Cases of populations: which requests stand behind a number, and whether the client or a cache made it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.arrivals import Arrivals
from keywords.engine.load.cases.case import Case, Deviation, Part, together
from keywords.engine.load.cases.checks import all_measured, cautions_are
from keywords.engine.load.cases.items import CaseItems
from keywords.engine.load.plan import Stage
from keywords.engine.load.server_metrics.histogram import read_histogram
from keywords.engine.scripted.script import Fault, Script, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.load.cases.case import Measurement

_FAILING = (Script(), Script(status=500), Script(fault=Fault("error", after=2)), Script(fault=Fault("cut", after=2)))
_BUCKET_S = 0.01
_QUICK = Script(chunks=words(60), chunk_delay=0.003)
_PROMPTS = 12
_CACHING = Script(first_delay=0.15, repeated_first_delay=0.05)
_RATED = (Stage(duration_s=0.25, rate=400.0),)
_ARRIVALS = Arrivals(np.arange(100) / 400.0, np.zeros(100, np.int32), "constant")
_WORK_S = 0.01
_STEADY, _SOON, _SELDOM = Script(first_delay=0.15), Script(), Script(first_delay=0.3)
_OWN_TIMES = "vllm:inter_token_latency_seconds"
_PAGE = "\n".join(
    (
        f"# TYPE {_OWN_TIMES} histogram",
        *(f'{_OWN_TIMES}_bucket{{le="{bound}"}} 59' for bound in (_BUCKET_S, 0.1, "+Inf")),
        f"{_OWN_TIMES}_sum 0.177",
        f"{_OWN_TIMES}_count 59",
        "",
    )
).encode()


def _cached(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2 * _PROMPTS)
    waits = {
        sample.item: sample.t_first_content - sample.t_sent
        for sample in measured.samples
        if sample.t_first_content is not None and sample.t_sent is not None
    }
    first = [wait for item, wait in waits.items() if item < _PROMPTS]
    repeated = [wait for item, wait in waits.items() if item >= _PROMPTS]
    hidden = not first or not repeated or max(repeated) >= min(first)
    for each in cautions_are(measured, "repeats_are_cached"):
        yield replace(each, machine=hidden)


def _overloaded(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 100)
    if not measured.invalid:
        yield Deviation("the run is VALID, though the client could not keep up")
    if not any("sent late" in reason for reason in measured.invalid):
        yield Deviation(f"no reason names the lag of the sends: {measured.invalid}")


def _counts_agree(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 12)
    expected = {"server_error": 3, "stream_error": 3, "cut": 3}
    if dict(measured.numbers.errors) != expected:
        yield Deviation(f"the failures by class are {dict(measured.numbers.errors)} instead of {expected}")
    yield from cautions_are(measured)


def _half_failed(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 60)
    if (rate := measured.numbers.error_rate) != 1 / 2:
        yield Deviation(f"the error rate is {rate} instead of 0.5")
    survivors, adjusted = measured.numbers.percentile("e2e", 90), measured.numbers.percentile("e2e", 90, failures=True)
    if survivors is None or math.isinf(survivors):
        yield Deviation(f"the survivors' p90 of e2e is {survivors}")
    if adjusted != math.inf:
        yield Deviation(f"the p90 of e2e with failures as infinite is {adjusted}, but every second request failed")


def _below_resolution(measured: Measurement) -> Iterator[Deviation]:
    exact = measured.numbers.percentile("chunk_gap", 50)
    bounds = read_histogram(measured.page, _OWN_TIMES).percentile(50)
    if not bounds.is_below_resolution or "below resolution" not in str(bounds):
        yield Deviation(f"the server's median is read as {bounds}, but its first bucket reaches to {_BUCKET_S} s")
    if exact is None or not bounds.low < exact <= bounds.high:
        yield Deviation(f"the client's median gap of {exact} s lies outside of the server's bucket", machine=True)


def _mean_falls(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 60)
    numbers, metric = measured.numbers, "ttft_first_content"
    counts = [numbers.count(metric, stage) for stage in (0, 1)]
    if counts != [30, 30]:
        yield Deviation(f"the stages have {counts} values instead of 30 each")
    mean, later_mean = (numbers.mean(metric, stage) for stage in (0, 1))
    tail, later_tail = (numbers.percentile(metric, 90, stage) for stage in (0, 1))
    if mean is None or later_mean is None or tail is None or later_tail is None:
        yield Deviation(f"a stage lacks its mean or its p90: {mean}, {later_mean}, {tail}, {later_tail}")
    elif later_mean >= mean or later_tail <= tail:
        yield Deviation(f"the mean goes from {mean} to {later_mean}, not down, or the p90 from {tail} to {later_tail}")


POPULATION_CASES = (
    Case(
        "repeats_from_a_cache",
        "A repeated prompt is answered in a third of the time.",
        "A caution names the repeats, the cache and the remedy.",
        "vllm-project/vllm#54227, #52884",
        (Part((_CACHING,), _cached, items=CaseItems(distinct=_PROMPTS), stages=together(2 * _PROMPTS, _PROMPTS)),),
    ),
    Case(
        "client_is_late",
        "A hundred requests arrive within 0.25 s, and making each takes the client 10 ms.",
        "The run is INVALID, and a reason names the lag of the sends.",
        "kubernetes-sigs/inference-perf#364, #188, #245",
        (Part((Script(),), _overloaded, items=CaseItems(work_s=_WORK_S), stages=_RATED, arrivals=_ARRIVALS),),
    ),
    Case(
        "counts_agree",
        "Of every four requests, one is answered, and three fail: a 500, an error event, a cut connection.",
        "Samples, failures by class and the backend's record have the same counts, and there is no caution.",
        "kubernetes-sigs/inference-perf#249",
        (Part(_FAILING, _counts_agree, stages=together(12, 2)),),
    ),
    Case(
        "half_failed",
        "Every second request is answered with 500.",
        "The error rate is 0.5, and percentiles with failures as infinite stand beside the survivors'.",
        "ai-dynamo/aiperf#688",
        (Part((Script(), Script(status=500)), _half_failed, stages=together(60, 6)),),
    ),
    Case(
        "below_the_server_s_resolution",
        "Tokens come 3 ms apart, and the first bucket of the server's histogram ends at 10 ms.",
        "The server's percentile is below its resolution, and no number is made up.",
        "vllm-project/vllm#55276",
        (Part((_QUICK,), _below_resolution, page=_PAGE),),
    ),
    Case(
        "mean_falls_as_load_rises",
        "In a second stage most answers come sooner and one in five much later.",
        "Count and percentiles of each stage stand beside its mean, which falls.",
        "agentic-coding-harness-benchmarks#32",
        (
            Part(
                (*(_STEADY,) * 30, *(_SOON, _SOON, _SOON, _SOON, _SELDOM) * 6),
                _mean_falls,
                stages=together(30) * 2,
            ),
        ),
    ),
)
