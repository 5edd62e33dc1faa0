"""Cases of the wire: ten ways in which servers stream that measuring tools got wrong.

Each is a reported error of a load tool; the referee is the backend's own record of when it sent each chunk.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keywords.engine.load.cases.case import Case, Deviation, Part, in_turn, one_by_one
from keywords.engine.load.cases.checks import (
    all_measured,
    chunk_times_are_true,
    failed_with,
    moments_in_order,
    read_after_sending,
    sent_at,
    succeeded,
    text_is,
    tokens_are,
)
from keywords.engine.load.cases.events import event
from keywords.engine.scripted.script import Fault, Script, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.load.cases.case import Measurement

_PAUSE_S = 0.01
_WAIT_S = 0.08
_CHUNKS = 5
_WORDS = words(_CHUNKS)
_TEXT = "".join(_WORDS)
_TOKENS_PER_CHUNK = 4


def _whole(measured: Measurement, count: int = 2) -> Iterator[Deviation]:
    """What holds of each case whose answers are whole: the text, the tokens, the order and the truth of all moments."""
    yield from all_measured(measured, count)
    yield from succeeded(measured.samples)
    yield from text_is(measured.samples, _TEXT, _CHUNKS)
    yield from chunk_times_are_true(measured)
    yield from moments_in_order(measured.samples)


def _early_role(measured: Measurement) -> Iterator[Deviation]:
    yield from _whole(measured)
    for sample, request in measured.pairs():
        yield from read_after_sending(
            f"the first byte of item {sample.item}", sample.t_first_byte, request.sent[0].at_s
        )


def _bundles(measured: Measurement) -> Iterator[Deviation]:
    yield from _whole(measured)
    yield from tokens_are(measured.samples, _TOKENS_PER_CHUNK * _CHUNKS, "usage")


def _joined(measured: Measurement) -> Iterator[Deviation]:
    yield from _whole(measured)
    for sample in measured.samples:
        if len(set(sample.chunk_times)) > 1:
            yield Deviation(f"item {sample.item} has different times of chunks that came in one read", machine=True)


def _comment_first(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from succeeded(measured.samples)
    for sample, request in measured.pairs():
        comment, content = sent_at(request)[:2]
        yield from read_after_sending(f"the first byte of item {sample.item}", sample.t_first_byte, comment)
        yield from read_after_sending(f"the first content of item {sample.item}", sample.t_first_content, content)


def _no_usage(measured: Measurement) -> Iterator[Deviation]:
    yield from _whole(measured)
    yield from tokens_are(measured.samples, _CHUNKS, "chunks")
    for sample in measured.samples:
        if sample.prompt_tokens is not None:
            yield Deviation(f"item {sample.item} has {sample.prompt_tokens} prompt tokens, which nobody counted")


def _late_finish(measured: Measurement) -> Iterator[Deviation]:
    yield from _whole(measured)
    for sample, request in measured.pairs():
        finish = next(sent.at_s for sent in reversed(request.sent) if sent.chunk is None)
        yield from read_after_sending(f"the end of item {sample.item}", sample.t_done, finish)


def _kept_or_closed(measured: Measurement) -> Iterator[Deviation]:
    yield from _whole(measured, len(_REUSED))
    in_order = sorted(measured.samples, key=lambda sample: sample.item)
    reused = [sample.reused_connection for sample in in_order]
    if reused != _REUSED:
        yield Deviation(f"reused_connection is {reused} instead of {_REUSED}")
    count = len({request.connection for request in measured.requests})
    if count != _REUSED.count(False):
        yield Deviation(f"the requests came over {count} connections instead of {_REUSED.count(False)}")


def _error_event(measured: Measurement) -> Iterator[Deviation]:
    yield from all_measured(measured, 2)
    yield from failed_with(measured.samples, "stream_error", 200)


_COMMENT_FIRST = (
    ": hold on\n\n",
    event({"role": "assistant", "content": "One"}),
    event({}, "stop"),
    "data: [DONE]\n\n",
)

_PACED = Script(chunks=_WORDS, chunk_delay=_PAUSE_S)
_QUICK = Script(chunks=_WORDS)
_REUSED = [False, True, False] * 2
"""The first connection is kept for the second request and closed after it, as is the third one's."""

STREAM_CASES = (
    Case(
        "early_role",
        "The stream opens with a chunk that has a role and no text; the text comes 80 ms later.",
        "The first byte is the role's, the first content the text's.",
        "vllm-project/vllm#15106, ai-dynamo/aiperf#339",
        (Part((replace(_PACED, early_role=True, chunk_delays=(_WAIT_S,)),), _early_role),),
    ),
    Case(
        "four_tokens_a_chunk",
        "Each chunk of text holds four tokens, by the usage.",
        "Tokens follow the usage, and the gaps between chunks are those of chunks.",
        "vllm-project/vllm#27485, ai-dynamo/aiperf#1279",
        (Part((replace(_PACED, tokens_per_chunk=_TOKENS_PER_CHUNK),), _bundles),),
    ),
    Case(
        "split_and_joined_writes",
        "Events are split into TCP writes of seven bytes, or five come in one write.",
        "The text is whole, a chunk has the time of its last byte, and chunks of one read have one time.",
        "kubernetes-sigs/inference-perf#410",
        (
            Part(
                (replace(_PACED, split_bytes=7, split_pause_s=0.0), Script(chunks=_WORDS, join=_CHUNKS)),
                in_turn(_whole, _joined),
                stages=one_by_one(4),
            ),
        ),
    ),
    Case(
        "crlf",
        "Lines of the stream end with CR LF, and a write may end between the two.",
        "The text is whole and all times are those of its chunks.",
        "html.spec.whatwg.org 9.2.6",
        (
            Part(
                (replace(_PACED, crlf=True), replace(_PACED, crlf=True, split_bytes=5, split_pause_s=0.0)),
                in_turn(_whole, _whole),
                stages=one_by_one(4),
            ),
        ),
    ),
    Case(
        "comments",
        "A comment opens the stream at once, the text follows 80 ms later; comments stand between all events.",
        "A comment is no content: it moves the first byte and no other time.",
        "html.spec.whatwg.org 9.2.6; gateways send comments to keep connections open",
        (
            Part(
                (replace(_PACED, comments=True), Script(raw_events=_COMMENT_FIRST, chunk_delays=(0.0, _WAIT_S))),
                in_turn(_whole, _comment_first),
                stages=one_by_one(4),
            ),
        ),
    ),
    Case(
        "no_usage",
        "The stream has no usage, though it was asked for.",
        "Tokens are the number of chunks and are called so; prompt tokens are unknown.",
        "vllm-project/guidellm: http.py counts chunks as tokens without a word",
        (Part((replace(_PACED, usage=False),), _no_usage),),
    ),
    Case(
        "late_finish",
        "The finish reason, the usage and [DONE] come 80 ms after the last text.",
        "The last content is the last text's; only the end of the answer is later.",
        "vllm-project/vllm serve.py: the end of a request is its last chunk with choices",
        (Part((replace(_PACED, finish_delay=_WAIT_S),), _late_finish),),
    ),
    Case(
        "keep_alive_closed",
        "The server closes each connection after its answer, announced or silently; or it keeps it.",
        "No request fails, and a connection counts as reused only where it was.",
        "vllm-project/guidellm keeps idle connections for 5 s, as long as uvicorn does",
        (
            Part(
                (_QUICK, replace(_QUICK, keep_alive="silent"), replace(_QUICK, keep_alive="announced")),
                _kept_or_closed,
                stages=one_by_one(len(_REUSED)),
            ),
        ),
    ),
    Case(
        "error_after_200",
        "After 200 and two chunks of text the stream has an error, and no [DONE].",
        "The request failed with stream_error; it is no short success.",
        "NVIDIA/TensorRT-LLM#17427",
        (Part((replace(_PACED, fault=Fault("error", after=2)),), _error_event),),
    ),
)
