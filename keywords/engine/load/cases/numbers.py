"""Cases of numbers: ways in which load tools reported wrong or misleading numbers of what they had measured."""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from keywords.engine.load.cases.case import Case, Deviation, Part
from keywords.engine.load.cases.checks import (
    all_measured,
    chunk_times_are_true,
    moments_in_order,
    read_after_sending,
    sent_at,
    succeeded,
    text_is,
    tokens_are,
)
from keywords.engine.load.cases.items import CaseItems
from keywords.engine.load.plan import Stage
from keywords.engine.scripted.script import Fault, Script, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.load.cases.case import Measurement

_HIDDEN = Script(chunks=("",) * 8 + ("\ufffd", "\ufffd"), tokens_per_chunk=100, chunk_delay=0.01)
_SPACES = ("<s>", " " * 15, "a", " " * 15, "b")
_STALL_S = 0.3
_STALLING = Script(chunks=words(100), chunk_delay=0.001, chunk_delays=(0.0,) + (0.001,) * 49 + (_STALL_S,))
_FAILING = (Script(), Script(status=500), Script(fault=Fault("error", after=2)), Script(fault=Fault("cut", after=2)))
_FIRST_DELAY_S = 0.15
_BUNDLED = Script(chunks=words(8), tokens_per_chunk=4, first_delay=_FIRST_DELAY_S, chunk_delay=0.01)
_SHORT, _LONG = Script(chunks=words(10), chunk_delay=0.02), Script(chunks=words(100), chunk_delay=0.002)
_REASONING = Script(thoughts=5, tokens_per_thought=2)
_BUCKET_S = 0.01
_QUICK = Script(chunks=words(60), chunk_delay=0.003)
_STEADY, _SOON, _SELDOM = Script(first_delay=0.06), Script(), Script(first_delay=0.25)


def _together(items: int, users: int | None = None) -> tuple[Stage, ...]:
    return (Stage(duration_s=None, users=users or items, items=items),)


def _text_disagrees(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from tokens_are(measured.samples, 1000, "usage")
    yield from text_is(measured.samples, "\ufffd\ufffd", 2)
    yield from _cautions(measured, "text_disagrees_with_usage")


def _cached(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 24)
    yield from _cautions(measured, "repeats_are_cached")


def _not_cached(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 24)
    yield from _cautions(measured)


def _token_weighted(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    tpots, tokens = [], []
    for sample, request in measured.pairs():
        yield from tokens_are([sample], len(sent_at(request)), "usage")
        sent = sent_at(request)
        tpots.append((sent[-1] - sent[0]) / (len(sent) - 1))
        tokens.append(len(sent) - 1)
    by_request = sum(tpots) / len(tpots)
    by_token = sum(tpot * count for tpot, count in zip(tpots, tokens, strict=True)) / sum(tokens)
    yield from _near(measured.mean("tpot_excl_first"), by_request, "the mean of the requests' times per token")
    yield from _near(measured.mean_by_token("tpot_excl_first"), by_token, "the mean of all tokens' times")


def _stall_shows(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 4)
    yield from chunk_times_are_true(measured)
    worst = measured.percentile("chunk_gap", 99)
    if worst is None or worst < _STALL_S - TIMER_S:
        yield Deviation(f"the p99 of chunk_gap is {worst}, but each stream stalled for {_STALL_S} s")


def _retokenised(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from text_is(measured.samples, "".join(_SPACES), len(_SPACES))
    yield from tokens_are(measured.samples, len(_SPACES), "usage")


def _overloaded(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 40)
    if measured.validity.is_valid:
        yield Deviation("the run is VALID, though the client sent requests late")
    lag = measured.percentile("send_lag", 50)
    if lag is None or lag < 0.1:
        yield Deviation(f"the median send lag is {lag} s, but half of the requests were sent later")


def _counts_agree(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 12)
    expected = {"server_error": 3, "stream_error": 3, "cut": 3}
    if dict(measured.errors) != expected:
        yield Deviation(f"the failures by class are {dict(measured.errors)} instead of {expected}")


def _half_failed(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 60)
    if measured.error_rate != 0.5:
        yield Deviation(f"the error rate is {measured.error_rate} instead of 0.5")
    survivors, adjusted = measured.percentile("e2e", 90), measured.percentile("e2e", 90, failures_count=True)
    if survivors is None or math.isinf(survivors):
        yield Deviation(f"the survivors' p90 of e2e is {survivors}")
    if adjusted != math.inf:
        yield Deviation(f"the p90 of e2e with failures as infinite is {adjusted}, but every second request failed")


def _ttft_apart(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from tokens_are(measured.samples, 32, "usage")
    yield from chunk_times_are_true(measured)
    truths = [(sent[-1] - sent[0]) / 31 for _, request in measured.pairs() if (sent := sent_at(request))]
    yield from _near(measured.mean("tpot_excl_first"), sum(truths) / len(truths), "the mean time per token")
    gap = measured.mean("chunk_gap")
    if gap is None or gap >= _FIRST_DELAY_S / 2:
        yield Deviation(f"the mean gap between chunks is {gap} s, as if the time to the first one were one of them")


def _below_resolution(measured: Measurement) -> Iterator[Deviation]:
    exact, bounds = measured.percentile("chunk_gap", 50), measured.histogram("t_seconds").percentile(50)
    if not bounds.is_below_resolution or "below resolution" not in str(bounds):
        yield Deviation(f"the server's median is read as {bounds}, but its first bucket reaches to {_BUCKET_S} s")
    if exact is None or not bounds.low < exact <= bounds.high:
        yield Deviation(f"the client's median gap of {exact} s lies outside of the server's bucket", machine=True)


def _mean_falls(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 60)
    stages = [measured.in_stage(stage) for stage in (0, 1)]
    means = [stage.mean("ttft_first_content") for stage in stages]
    tails = [stage.percentile("ttft_first_content", 90) for stage in stages]
    counts = [stage.count("ttft_first_content") for stage in stages]
    if counts != [30, 30]:
        yield Deviation(f"the stages have {counts} values instead of 30 each")
    if None in tails or None in means:
        yield Deviation(f"a stage lacks its mean {means} or its p90 {tails}")
    elif not (means[1] < means[0] and tails[1] > tails[0]):
        yield Deviation(f"the means {means} should fall and the p90 {tails} rise")


def _one_read(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    for sample in measured.samples:
        if len(sample.chunk_times) != 40 or len(set(sample.chunk_times)) != 1:
            found = f"{len(sample.chunk_times)} chunks at {len(set(sample.chunk_times))} times"
            yield Deviation(f"item {sample.item} has {found}, but one read brought all 40: the clock is read too late")


def _reasoning_once(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from tokens_are(measured.samples, 15, "usage")
    yield from chunk_times_are_true(measured)


def _reasoning_in_two_fields(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from text_is(measured.samples, "Hm. One", 2)


def _named_error(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    for sample in measured.samples:
        if sample.error != "stream_error":
            yield Deviation(f"item {sample.item} has the error {sample.error}, not stream_error")


def _no_stream(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from succeeded(measured.samples)
    for metric in ("ttft_first_content", "tpot_excl_first", "chunk_gap"):
        if measured.count(metric) or measured.mean(metric) is not None:
            yield Deviation(f"{metric} is {measured.mean(metric)}, but no answer was a stream")
    if measured.count("e2e") != 2:
        yield Deviation(f"e2e has {measured.count('e2e')} values instead of 2")
    yield from _cautions(measured, "no_stream")


def _cautions(measured: Measurement, *expected: str) -> Iterator[Deviation]:
    kinds = [caution.kind for caution in measured.cautions]
    if kinds != list(expected):
        yield Deviation(f"the cautions are {kinds} instead of {list(expected)}")


def _near(value: float | None, truth: float, what: str) -> Iterator[Deviation]:
    """A mean of times is that of the backend's record, but for what the client adds to single chunks."""
    if value is None:
        yield Deviation(f"{what} is missing")
    elif abs(value - truth) > max(0.2 * truth, 0.0005):
        yield Deviation(f"{what} is {1000 * value:.3f} ms instead of {1000 * truth:.3f} ms", machine=abs(value - truth) < truth)


def _event(delta: dict[str, str], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"


_TWO_FIELDS = (
    _event({"role": "assistant", "reasoning": "Hm. ", "reasoning_content": "Hm. "}),
    _event({"content": "One"}),
    _event({}, "stop"),
    "data: [DONE]\n\n",
)
_NAMED_ERROR = (_event({"role": "assistant", "content": "One"}), 'event: error\ndata: {"message": "Out of memory."}\n\n')
_PAGE = "\n".join(
    (
        "# TYPE t_seconds histogram",
        *(f't_seconds_bucket{{le="{bound}"}} 59' for bound in (_BUCKET_S, 0.1, "+Inf")),
        "t_seconds_sum 0.177",
        "t_seconds_count 59",
        "",
    )
).encode()

NUMBER_CASES = (
    Case(
        "text_disagrees_with_usage",
        "The stream has ten chunks, eight of them empty, and a usage of 1,000 tokens.",
        "Tokens and their rates follow the usage, and a caution says that the text cannot hold so many.",
        "vllm-project/vllm#45739",
        (Part((_HIDDEN,), _text_disagrees),),
    ),
    Case(
        "repeats_from_a_cache",
        "A repeated prompt is answered in half the time.",
        "A caution names the repeats, the cache and the remedy; without repeats there is none.",
        "vllm-project/vllm#54227, #52884",
        (
            Part((_CACHING,), _cached, items=CaseItems(distinct=12), stages=_together(24, 12)),
            Part((_CACHING,), _not_cached, stages=_together(24, 12)),
        ),
    ),
    Case(
        "two_means_of_tpot",
        "One answer has 10 tokens, 20 ms apart, and one has 100, 2 ms apart.",
        "The mean of the requests and the mean of the tokens are two numbers with two names.",
        "vllm-project/guidellm#1144",
        (Part((_SHORT, _LONG), _token_weighted, stages=_together(2)),),
    ),
    Case(
        "stall_within_a_stream",
        f"A stream of 100 tokens stalls for {_STALL_S} s in its middle.",
        "The p99 of the gaps between chunks shows the stall.",
        "vllm-project/guidellm#1145",
        (Part((_STALLING,), _stall_shows, stages=_together(4)),),
    ),
    Case(
        "text_that_retokenises_badly",
        "Chunks look like a tokenizer's mark of a beginning, or hold 15 spaces; each is one token by the usage.",
        "Tokens follow the usage, and spaces are content.",
        "kubernetes-sigs/inference-perf#564",
        (Part((Script(chunks=_SPACES),), _retokenised),),
    ),
    Case(
        "client_is_late",
        "Forty requests arrive within 0.4 s; the client may have one under way at a time, and each takes 20 ms.",
        "The run is INVALID, and the lag of the sends is shown.",
        "kubernetes-sigs/inference-perf#364, #188, #245",
        (Part((Script(first_delay=0.02),), _overloaded, stages=_RATED, arrivals=_ARRIVALS, most_in_flight=1),),
    ),
    Case(
        "counts_agree",
        "Of every four requests, one is answered, and three fail: a 500, an error event, a cut connection.",
        "Samples, failures by class and the backend's record have the same counts.",
        "kubernetes-sigs/inference-perf#249",
        (Part(_FAILING, _counts_agree, stages=_together(12, 2)),),
    ),
    Case(
        "half_failed",
        "Every second request is answered with 500.",
        "The error rate is 0.5, and percentiles with failures as infinite stand beside the survivors'.",
        "ai-dynamo/aiperf#688",
        (Part((Script(), Script(status=500)), _half_failed, stages=_together(60, 6)),),
    ),
    Case(
        "ttft_is_no_gap",
        "The first of eight chunks, of four tokens each, comes after 150 ms, the others 10 ms apart.",
        "The time per token leaves out the time to the first one, and divides by the tokens, not the chunks.",
        "vllm-project/vllm#7242, ray-project/llmperf#99",
        (Part((_BUNDLED,), _ttft_apart),),
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
        (Part((*(_STEADY,) * 30, *(_SOON, _SOON, _SOON, _SOON, _SELDOM) * 6), _mean_falls, stages=_together(30, 10) * 2),),
    ),
    Case(
        "late_clock_double_reasoning_short_success",
        "Forty chunks come in one read; thoughts are counted in the usage, or stand in two fields; a named error ends "
        "the stream.",
        "Chunks of one read have one time, thoughts count once, and the error is a failure.",
        "tokenomics#16",
        (
            Part((Script(chunks=words(40), join=40),), _one_read),
            Part((_REASONING,), _reasoning_once),
            Part((Script(raw_events=_TWO_FIELDS),), _reasoning_in_two_fields),
            Part((Script(raw_events=_NAMED_ERROR),), _named_error),
        ),
    ),
    Case(
        "no_stream",
        "A stream was asked for, and a plain answer comes.",
        "Times of first content and of tokens are not measurable, and never 0.",
        "paiml/probar#24",
        (Part((Script(stream=False),), _no_stream),),
    ),
)
