"""Sweep of streams cut at many bytes of the backend's answer, with a verdict on each."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keywords.engine.openai.answer import AnswerBrokeOff, GatewayRefused
from keywords.engine.openai.client import ChatClient
from keywords.engine.openai.conformance import broken_stream_defects, error_defects, stream_defects
from keywords.engine.scripted.backend import Fault, Script, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keywords.engine.scripted.backend import ScriptedBackend

CutKind = Literal["cut", "close"]
Verdict = Literal["told", "refused", "whole", "silent", "malformed", "hung"]
_SCRIPTS_AT_ONCE = 500
# A reset comes with a delay, so that it does not overtake earlier bytes; other streams use that time.
_STREAMS_AT_ONCE = 24
# The backend plays its scripts in the order of arrival. The number in the prompt tells which stream got which script.
_PROMPT = "Count {}."
_NUMBER = re.compile(rb"Count (\d+)\.")


@dataclass(frozen=True, slots=True)
class CutStream:
    """One cut stream.

    Attributes:
        at_byte: bytes of the answer's body that the backend sent.
        verdict: good ends are `told` (an error event), `refused` (an error status before the stream) and `whole`
            (nothing was missing); bad ones are `silent` (neither error nor end), `malformed` (an end or a text with
            defects) and `hung` (no end within the limit).
        detail: the defects.
    """

    at_byte: int
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ObservedStream:
    """One stream as its client saw it.

    Attributes:
        verdict: how it ended, from this stream alone.
        text: its whole text.
        defects: deviations from what such an end must look like.
    """

    verdict: Verdict
    text: str
    defects: list[str]


StreamObserver = Callable[[ChatClient, str, float], ObservedStream]
"""Requests a stream for a prompt in one format and observes it; after that many seconds it counts as hung."""


@dataclass(frozen=True, slots=True)
class CutSweep:
    """The streams of one sweep.

    Attributes:
        streams: in the order of their cuts.
        size: bytes of the uncut answer's body.
        seed: of the drawn cuts; None if there is one at every byte.
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
    observe: StreamObserver | None = None,
) -> CutSweep:
    """Request the same stream many times, and cut each at another byte of the backend's answer.

    The backend's earlier records are forgotten.

    Args:
        client: the gateway's client; it must give up after `hang_s` of silence.
        backend: the backend behind the gateway, which must make one attempt per request and pass the prompt on.
        count: words of the answer, one chunk each.
        kind: how the backend's connection ends, as in `Fault`.
        drawn: number of random cuts, besides those at each event's end, one byte before and one after; None cuts at
            every byte.
        seed: of the draws.
        hang_s: longest time of a stream; a longer one counts as hung.
        observe: requests and observes a stream; `observe_chat` if left out.

    Raises:
        ValueError: the uncut stream is not whole or has defects, so that cutting it proves nothing.
    """
    script = Script(chunks=words(count))
    backend.play(script)
    observe = observe or observe_chat
    uncut = observe(client, _PROMPT.format(0), hang_s)
    if uncut.verdict != "whole" or uncut.defects:
        raise ValueError(f"The uncut stream is {uncut.verdict}, and not in order: {'; '.join(uncut.defects)}")
    ends = [sent.end_byte for sent in backend.chat_requests()[-1].sent]
    size = ends[-1]
    cuts = list(range(size + 1)) if drawn is None else sorted(_draw_cuts(ends, drawn, seed))
    streams: list[CutStream] = []
    with ThreadPoolExecutor(_STREAMS_AT_ONCE) as pool:
        for batch in _batches(cuts):
            backend.forget_requests()
            backend.play(*(Script(chunks=script.chunks, fault=Fault(kind, at_byte=cut)) for cut in batch))
            observed = pool.map(lambda number: observe(client, _PROMPT.format(number), hang_s), range(len(batch)))
            verdicts = [_verify(each, uncut.text) for each in observed]
            order = _arrival_order(backend.chat_bodies(), len(batch))
            streams += [CutStream(cut, *verdicts[number]) for number, cut in zip(order, batch, strict=True)]
    return CutSweep(tuple(streams), size, None if drawn is None else seed)


def _arrival_order(bodies: Iterable[bytes], count: int) -> list[int]:
    """The streams' numbers in the order in which the backend got them.

    Raises:
        ValueError: it did not get each of them exactly once.
    """
    numbers = [int(match[1]) for body in bodies if (match := _NUMBER.search(body))]
    if sorted(numbers) != list(range(count)):
        raise ValueError(f"The backend got {len(numbers)} requests for {count} streams: one attempt each is needed.")
    return numbers


def _draw_cuts(ends: Sequence[int], drawn: int, seed: int) -> set[int]:
    size = ends[-1]
    around = {end + step for end in (0, *ends) for step in (-1, 0, 1)}
    others = sorted(set(range(size + 1)) - around)
    chosen = random.Random(seed).sample(others, min(drawn, len(others)))  # noqa: S311  # repeatable on purpose
    return {cut for cut in around if 0 <= cut <= size} | set(chosen)


def _batches(cuts: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(cuts), _SCRIPTS_AT_ONCE):
        yield cuts[start : start + _SCRIPTS_AT_ONCE]


def observe_chat(client: ChatClient, prompt: str, hang_s: float) -> ObservedStream:
    """Request a chat stream and observe it to its end."""
    try:
        stream = client.stream(prompt)
    except GatewayRefused as refusal:
        return ObservedStream("refused", "", error_defects(refusal.exchange))
    except AnswerBrokeOff as broken:
        return ObservedStream("hung" if broken.exchange.total_s >= hang_s else "silent", "", [str(broken)])
    if stream.total_s >= hang_s:
        return ObservedStream("hung", stream.text, [f"it took {stream.total_s:.1f} s"])
    if stream.error is not None:
        return ObservedStream("told", stream.text, broken_stream_defects(stream))
    if stream.finish_reasons and stream.closed:
        return ObservedStream("whole", stream.text, stream_defects(stream))
    return ObservedStream("silent", stream.text, [repr(stream)])


def _verify(observed: ObservedStream, whole_text: str) -> tuple[Verdict, str]:
    """The final verdict on one stream, and its defects."""
    defects = list(observed.defects)
    if observed.verdict == "told" and not whole_text.startswith(observed.text):
        defects.append("its text is no beginning of the uncut text")
    if observed.verdict == "whole" and observed.text != whole_text:
        defects.append("it has a finish reason, but its text is not the uncut one")
    good = observed.verdict in {"told", "whole", "refused"}
    return ("malformed" if defects and good else observed.verdict), "; ".join(defects)
