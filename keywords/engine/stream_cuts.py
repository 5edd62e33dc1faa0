"""Streams cut at many places of the backend's answer, and what the client was told each time."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keywords.engine.answer import AnswerBrokeOff, GatewayRefused
from keywords.engine.conformance import broken_stream_defects, error_defects, stream_defects
from keywords.engine.scripted_backend import Fault, Script, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keywords.engine.client import ChatClient, StreamedAnswer
    from keywords.engine.scripted_backend import ScriptedBackend

CutKind = Literal["cut", "close"]
Verdict = Literal["told", "refused", "whole", "silent", "malformed", "hung"]
_SCRIPTS_AT_ONCE = 500
# A reset takes its time, so that it does not overtake what was sent before it: others use that time.
_STREAMS_AT_ONCE = 24
# The backend plays its scripts in the order in which requests come; their prompts, which every wire format has, tell
# which of the streams that are under way got which script.
_PROMPT = "Count {}."
_NUMBER = re.compile(rb"Count (\d+)\.")


@dataclass(frozen=True, slots=True)
class CutStream:
    """One stream that was cut.

    Attributes:
        at_byte: so many bytes of the answer's body left the backend.
        verdict: `told` by an error event, `refused` with an error status before the stream began, `whole` because
            nothing was missing yet; or else `silent`: neither error nor end, `malformed`: an end or a text that is
            not as it must be, `hung`: no end within the limit.
        detail: what was wrong.
    """

    at_byte: int
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CutSweep:
    """The streams of one sweep.

    Attributes:
        streams: in the order of the bytes.
        size: bytes of the uncut answer's body.
        seed: of the drawn places; None if every byte was taken.
    """

    streams: tuple[CutStream, ...]
    size: int
    seed: int | None

    def that_are(self, verdict: Verdict) -> list[CutStream]:
        """The streams with this verdict."""
        return [stream for stream in self.streams if stream.verdict == verdict]

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{len(self.that_are(verdict))} {verdict}"
            for verdict in ("told", "refused", "whole", "silent", "malformed", "hung")
        )
        return f"CutSweep({len(self.streams)} streams of up to {self.size} bytes, seed {self.seed}: {counts})"


def cut_streams(
    client: ChatClient,
    backend: ScriptedBackend,
    *,
    count: int,
    kind: CutKind,
    drawn: int | None,
    seed: int,
    hang_s: float,
) -> CutSweep:
    """Ask for the same stream again and again, some at a time, and cut each at another byte of the backend's answer.

    What the backend recorded before is forgotten.

    Args:
        client: asks; it must give up after `hang_s` of silence.
        backend: what is behind the gateway, which must make one attempt per request, and pass the prompt on.
        count: words of the answer, one chunk each.
        kind: how the backend's connection ends, as in `Fault`.
        drawn: cut at each event's end, one byte before and one after, and at so many drawn bytes; None: at each byte.
        seed: of the draws.
        hang_s: a stream that takes longer hangs.

    Raises:
        GatewayRefused: the uncut stream was refused; as are `AnswerBrokeOff`.
        ValueError: the uncut stream has defects, so that cutting it proves nothing.
    """
    script = Script(chunks=words(count))
    backend.play(script)
    uncut = client.stream(_PROMPT.format(0))
    if defects := stream_defects(uncut):
        raise ValueError(f"The uncut stream is not in order: {'; '.join(defects)}")
    ends = [sent.end_byte for sent in backend.chat_requests()[-1].sent]
    size = ends[-1]
    places = list(range(size + 1)) if drawn is None else sorted(_drawn_places(ends, drawn, seed))
    streams: list[CutStream] = []
    with ThreadPoolExecutor(_STREAMS_AT_ONCE) as pool:
        for some in _batches(places):
            backend.forget_requests()
            backend.play(*(Script(chunks=script.chunks, fault=Fault(kind, at_byte=place)) for place in some))
            ran = list(pool.map(lambda number: _cut_stream(client, number, uncut.text, hang_s), range(len(some))))
            asked = _asked(backend.chat_bodies(), len(some))
            streams += [CutStream(place, *ran[number]) for number, place in zip(asked, some, strict=True)]
    return CutSweep(tuple(streams), size, None if drawn is None else seed)


def _asked(bodies: Iterable[bytes], count: int) -> list[int]:
    """The streams' numbers in the order in which the backend got them.

    Raises:
        ValueError: it did not get each of them exactly once.
    """
    found = [int(match[1]) for body in bodies if (match := _NUMBER.search(body))]
    if sorted(found) != list(range(count)):
        raise ValueError(f"The backend got {len(found)} requests for {count} streams: one attempt each is needed.")
    return found


def _drawn_places(ends: Sequence[int], drawn: int, seed: int) -> set[int]:
    size = ends[-1]
    around = {end + step for end in (0, *ends) for step in (-1, 0, 1)}
    others = sorted(set(range(size + 1)) - around)
    # Reproducible from the seed, which is all that is asked of it.
    chosen = random.Random(seed).sample(others, min(drawn, len(others)))  # noqa: S311  # see the line above
    return {place for place in around if 0 <= place <= size} | set(chosen)


def _batches(places: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(places), _SCRIPTS_AT_ONCE):
        yield places[start : start + _SCRIPTS_AT_ONCE]


def _cut_stream(client: ChatClient, number: int, whole_text: str, hang_s: float) -> tuple[Verdict, str]:
    """The verdict on one stream, and what was wrong with it."""
    try:
        stream = client.stream(_PROMPT.format(number))
    except GatewayRefused as refusal:
        return _judged("refused", error_defects(refusal.exchange))
    except AnswerBrokeOff as broken:
        return "hung" if broken.exchange.total_s >= hang_s else "silent", str(broken)
    if stream.total_s >= hang_s:
        return "hung", f"it took {stream.total_s:.1f} s"
    if stream.error is not None:
        repeated = [] if whole_text.startswith(stream.text) else ["its text is no beginning of the uncut text"]
        return _judged("told", [*broken_stream_defects(stream), *repeated])
    if stream.finish_reasons and stream.closed:
        return _judged("whole", [*stream_defects(stream), *_missing(stream, whole_text)])
    return "silent", repr(stream)


def _missing(stream: StreamedAnswer, whole_text: str) -> list[str]:
    return [] if stream.text == whole_text else ["it has a finish reason, but its text is not the uncut one"]


def _judged(verdict: Verdict, defects: Iterable[str]) -> tuple[Verdict, str]:
    found = "; ".join(defects)
    return ("malformed", found) if found else (verdict, "")
