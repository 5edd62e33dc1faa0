"""Checks that several cases share: what a sample says against the backend's record and the script."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

from keywords.engine.load.cases.case import Deviation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.cases.case import Measurement
    from keywords.engine.load.sample import Sample
    from keywords.engine.scripted.record import RecordedRequest

LATE_S = 0.05
"""How much later than the backend sent a chunk the client may read it on an idle machine; some 0.1 ms are measured."""
TIMER_S = 0.002
"""How much earlier than planned a timer of the backend may fire: uvloop counts in milliseconds."""


def sent_at(request: RecordedRequest) -> list[float]:
    """When the backend sent each chunk of the script, in order."""
    return [sent.at_s for sent in request.sent if sent.chunk is not None]


def all_measured(measured: Measurement, count: int) -> Iterator[Deviation]:
    """Each request of the plan is one sample and one request at the backend."""
    if len(measured.samples) != count:
        yield Deviation(f"{len(measured.samples)} samples instead of {count}")
    if measured.received != count:
        yield Deviation(f"the backend got {measured.received} requests instead of {count}")


def succeeded(samples: Sequence[Sample]) -> Iterator[Deviation]:
    """No request failed."""
    for sample in samples:
        if sample.error is not None or sample.status is None:
            yield Deviation(f"item {sample.item} failed with {sample.error} ({sample.error_message}), but was answered")


def failed_with(samples: Sequence[Sample], error: str, status: int) -> Iterator[Deviation]:
    """Each request failed in this way."""
    for sample in samples:
        if (sample.status, sample.error) != (status, error):
            yield Deviation(f"item {sample.item} has status {sample.status} and error {sample.error}, not {error}")


def text_is(samples: Sequence[Sample], text: str, chunks: int) -> Iterator[Deviation]:
    """The text of each sample is this one, in so many chunks with text."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()[:16]
    for sample in samples:
        if sample.text_length != len(text) or sample.text_sha256 != sha256:
            yield Deviation(f"item {sample.item} has {sample.text_length} characters of text, not the {len(text)} sent")
        if sample.text_chunks != chunks or len(sample.chunk_times) != chunks:
            counts = f"{sample.text_chunks} chunks with text and {len(sample.chunk_times)} times"
            yield Deviation(f"item {sample.item} has {counts} instead of {chunks}")


def tokens_are(samples: Sequence[Sample], tokens: int, source: str) -> Iterator[Deviation]:
    """Each sample has so many tokens, from this source."""
    for sample in samples:
        if (sample.output_tokens, sample.tokens_source) != (tokens, source):
            found = f"{sample.output_tokens} tokens by {sample.tokens_source}"
            yield Deviation(f"item {sample.item} has {found} instead of {tokens} by {source}")


def chunk_times_are_true(measured: Measurement) -> Iterator[Deviation]:
    """No chunk was read before it was sent, nor much later; first and last content are the first and last chunk."""
    for sample, request in measured.pairs():
        times, sent = list(sample.chunk_times), sent_at(request)
        if not times or len(times) != len(sent):
            yield Deviation(f"item {sample.item} has {len(times)} times of chunks instead of {len(sent)}")
            continue
        if (sample.t_first_content, sample.t_last_content) != (times[0], times[-1]):
            yield Deviation(
                f"item {sample.item}: first and last content are not the first and the last chunk with text"
            )
        for number, (read, left) in enumerate(zip(times, sent, strict=True)):
            yield from read_after_sending(f"chunk {number} of item {sample.item}", read, left)


def read_after_sending(what: str, read: float | None, sent: float) -> Iterator[Deviation]:
    """A moment at the client came after the backend's sending of what it stands for, and soon after."""
    if read is None:
        yield Deviation(f"{what} has no time")
    elif read < sent:
        yield Deviation(f"{what} has a time {1000 * (sent - read):.3f} ms before the backend sent it")
    elif read - sent > LATE_S:
        yield Deviation(f"{what} has a time {1000 * (read - sent):.1f} ms after the backend sent it", machine=True)


def moments_in_order(samples: Sequence[Sample]) -> Iterator[Deviation]:
    """The moments of each sample follow each other."""
    for sample in samples:
        names = ("t_queued", "t_connected", "t_sent", "t_first_byte", "t_first_content", "t_last_content", "t_done")
        moments = [(name, at) for name in names if (at := getattr(sample, name)) is not None]
        for (earlier, at), (later, then) in pairwise(moments):
            if then < at:
                yield Deviation(f"item {sample.item}: {later} lies {1000 * (at - then):.3f} ms before {earlier}")


def cautions_are(measured: Measurement, *expected: str) -> Iterator[Deviation]:
    """The engine gives these cautions and no others."""
    kinds = [caution.kind for caution in measured.cautions]
    if kinds != list(expected):
        yield Deviation(f"the cautions are {kinds} instead of {list(expected)}")
