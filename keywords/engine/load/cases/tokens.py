"""Cases of tokens and of the times between them: what load tools counted twice, left out, or confused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.cases.case import Case, Deviation, Part, in_turn, one_by_one, together
from keywords.engine.load.cases.checks import (
    TIMER_S,
    all_measured,
    cautions_are,
    chunk_times_are_true,
    failed_with,
    sent_at,
    succeeded,
    text_is,
    tokens_are,
)
from keywords.engine.load.cases.events import event
from keywords.engine.scripted.script import Script, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.load.cases.case import Measurement

_HIDDEN = Script(chunks=("",) * 8 + ("\ufffd", "\ufffd"), tokens_per_chunk=100, chunk_delay=0.01)
_SPACES = ("<s>", " " * 15, "a", " " * 15, "b")
_STALL_S = 0.3
_STALLING = Script(chunks=words(100), chunk_delay=0.001, chunk_delays=(0.0,) + (0.001,) * 49 + (_STALL_S,))
_FIRST_DELAY_S = 0.15
_BUNDLED = Script(chunks=words(8), tokens_per_chunk=4, first_delay=_FIRST_DELAY_S, chunk_delay=0.01)
_SHORT, _LONG = Script(chunks=words(10), chunk_delay=0.02), Script(chunks=words(100), chunk_delay=0.002)
_JOINED = 40
_ROUNDED_S = 2e-6
_REASONING = Script(thoughts=5, tokens_per_thought=2)
_TWO_FIELDS = (
    event({"role": "assistant", "reasoning": "Hm. ", "reasoning_content": "Hm. "}),
    event({"content": "One"}),
    event({}, "stop"),
    "data: [DONE]\n\n",
)
_NAMED_ERROR = (
    event({"role": "assistant", "content": "One"}),
    'event: error\ndata: {"message": "Out of memory."}\n\n',
    "data: [DONE]\n\n",
)


def _text_disagrees(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from tokens_are(measured.samples, 1000, "usage")
    yield from text_is(measured.samples, "\ufffd\ufffd", 2)
    yield from cautions_are(measured, "text_disagrees_with_usage")


def _token_weighted(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from chunk_times_are_true(measured)
    spans, later = [], []
    for sample, request in measured.pairs():
        yield from tokens_are([sample], len(sent_at(request)), "usage")
        spans.append(sample.chunk_times[-1] - sample.chunk_times[0])
        later.append(len(sample.chunk_times) - 1)
    by_request = sum(span / count for span, count in zip(spans, later, strict=True)) / len(spans)
    by_token = sum(spans) / sum(later)
    yield from _same(measured.numbers.mean("tpot_excl_first"), by_request, "the mean of the requests' times per token")
    yield from _same(measured.numbers.mean("tpot_excl_first_by_token"), by_token, "the mean of all tokens' times")


def _stall_shows(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 4)
    yield from chunk_times_are_true(measured)
    worst = measured.numbers.percentile("chunk_gap", 99)
    if worst is None or worst < _STALL_S - TIMER_S:
        yield Deviation(f"the p99 of chunk_gap is {worst}, but each stream stalled for {_STALL_S} s")


def _retokenised(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from text_is(measured.samples, "".join(_SPACES), len(_SPACES))
    yield from tokens_are(measured.samples, len(_SPACES), "usage")


def _ttft_apart(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from tokens_are(measured.samples, _BUNDLED.tokens_per_chunk * len(_BUNDLED.chunks), "usage")
    yield from chunk_times_are_true(measured)
    chunks, tokens = len(_BUNDLED.chunks), _BUNDLED.tokens_per_chunk * len(_BUNDLED.chunks)
    spans = [sample.chunk_times[-1] - sample.chunk_times[0] for sample in measured.samples]
    later = len(spans) * (chunks - 1)
    yield from _same(
        measured.numbers.mean("tpot_excl_first"), sum(spans) / len(spans) / (tokens - 1), "the mean time per token"
    )
    yield from _same(measured.numbers.mean("chunk_gap"), sum(spans) / later, "the mean gap between chunks")
    if (count := measured.numbers.count("chunk_gap")) != later:
        yield Deviation(f"there are {count} gaps between chunks instead of {later}")


def _one_read(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    for sample in measured.samples:
        chunks, times = len(sample.chunk_times), len(set(sample.chunk_times))
        if (chunks, times) != (_JOINED, 1):
            what = f"{chunks} chunks at {times} times, but one read brought all {_JOINED}: the clock is read too late"
            yield Deviation(f"item {sample.item} has {what}")


def _reasoning_once(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from tokens_are(measured.samples, 15, "usage")
    yield from chunk_times_are_true(measured)


def _reasoning_in_two_fields(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from text_is(measured.samples, "Hm. One", 2)


def _named_error(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from failed_with(measured.samples, "stream_error", 200)


def _no_stream(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from succeeded(measured.samples)
    for metric in ("ttft_first_content", "tpot_excl_first", "chunk_gap"):
        if measured.numbers.count(metric) or measured.numbers.mean(metric) is not None:
            yield Deviation(f"{metric} is {measured.numbers.mean(metric)}, but no answer was a stream")
    if (count := measured.numbers.count("e2e")) != len(measured.samples):
        yield Deviation(f"e2e has {count} values instead of {len(measured.samples)}")
    yield from cautions_are(measured, "no_stream")


def _same(value: float | None, truth: float, what: str) -> Iterator[Deviation]:
    """A mean is that of the chunks' own times, but for what a store in microseconds rounds away."""
    if value is None:
        yield Deviation(f"{what} is missing")
    elif abs(value - truth) > _ROUNDED_S:
        yield Deviation(f"{what} is {1000 * value:.3f} ms instead of {1000 * truth:.3f} ms")


TOKEN_CASES = (
    Case(
        "text_disagrees_with_usage",
        "The stream has ten chunks, eight of them empty, and a usage of 1,000 tokens.",
        "Tokens and their rates follow the usage, and a caution says that the text cannot hold so many.",
        "vllm-project/vllm#45739",
        (Part((_HIDDEN,), _text_disagrees),),
    ),
    Case(
        "two_means_of_tpot",
        "One answer has 10 tokens, 20 ms apart, and one has 100, 2 ms apart.",
        "The mean of the requests and the mean of the tokens are two numbers with two names.",
        "vllm-project/guidellm#1144",
        (Part((_SHORT, _LONG), _token_weighted, stages=together(2)),),
    ),
    Case(
        "stall_within_a_stream",
        f"A stream of 100 tokens stalls for {_STALL_S} s in its middle.",
        "The p99 of the gaps between chunks shows the stall.",
        "vllm-project/guidellm#1145",
        (Part((_STALLING,), _stall_shows, stages=together(4)),),
    ),
    Case(
        "text_that_retokenises_badly",
        "Chunks look like a tokenizer's mark of a beginning, or hold 15 spaces; each is one token by the usage.",
        "Tokens follow the usage, and spaces are content.",
        "kubernetes-sigs/inference-perf#564",
        (Part((Script(chunks=_SPACES),), _retokenised),),
    ),
    Case(
        "ttft_is_no_gap",
        "The first of eight chunks, of four tokens each, comes after 150 ms, the others 10 ms apart.",
        "The time per token leaves out the time to the first one, and divides by the tokens, not the chunks.",
        "vllm-project/vllm#7242, ray-project/llmperf#99",
        (Part((_BUNDLED,), _ttft_apart),),
    ),
    Case(
        "late_clock_double_reasoning_short_success",
        "Forty chunks come in one read; thoughts are counted in the usage, or stand in two fields; a named error ends "
        "the stream.",
        "Chunks of one read have one time, thoughts count once, and the error is a failure.",
        "tokenomics#16",
        (
            Part(
                (
                    Script(chunks=words(_JOINED), join=_JOINED),
                    _REASONING,
                    Script(raw_events=_TWO_FIELDS),
                    Script(raw_events=_NAMED_ERROR),
                ),
                in_turn(_one_read, _reasoning_once, _reasoning_in_two_fields, _named_error),
                stages=one_by_one(8),
            ),
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
