"""Streams cut at many places of the backend's answer, and what the client was told each time."""

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
class Seen:
    """What a client saw of one stream.

    Attributes:
        verdict: how it ended, as far as that can be told without the others.
        text: all that it said.
        defects: what is not as it must be with such an end.
    """

    verdict: Verdict
    text: str
    defects: list[str]


See = Callable[[ChatClient, str, float], Seen]
"""Asks for a stream in one of the gateway's formats, with a prompt, and judges it; after so many seconds it hangs."""


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
    see: See | None = None,
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
        see: asks and judges; chat streams if left out.

    Raises:
        ValueError: the uncut stream is not whole and in order, so that cutting it proves nothing.
    """
    script = Script(chunks=words(count))
    backend.play(script)
    see = see or see_chat
    uncut = see(client, _PROMPT.format(0), hang_s)
    if uncut.verdict != "whole" or uncut.defects:
        raise ValueError(f"The uncut stream is {uncut.verdict}, and not in order: {'; '.join(uncut.defects)}")
    ends = [sent.end_byte for sent in backend.chat_requests()[-1].sent]
    size = ends[-1]
    places = list(range(size + 1)) if drawn is None else sorted(_drawn_places(ends, drawn, seed))
    streams: list[CutStream] = []
    with ThreadPoolExecutor(_STREAMS_AT_ONCE) as pool:
        for some in _batches(places):
            backend.forget_requests()
            backend.play(*(Script(chunks=script.chunks, fault=Fault(kind, at_byte=place)) for place in some))
            seen = pool.map(lambda number: see(client, _PROMPT.format(number), hang_s), range(len(some)))
            ran = [_judged(each, uncut.text) for each in seen]
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


def see_chat(client: ChatClient, prompt: str, hang_s: float) -> Seen:
    """A chat stream as its client sees it."""
    try:
        stream = client.stream(prompt)
    except GatewayRefused as refusal:
        return Seen("refused", "", error_defects(refusal.exchange))
    except AnswerBrokeOff as broken:
        return Seen("hung" if broken.exchange.total_s >= hang_s else "silent", "", [str(broken)])
    if stream.total_s >= hang_s:
        return Seen("hung", stream.text, [f"it took {stream.total_s:.1f} s"])
    if stream.error is not None:
        return Seen("told", stream.text, broken_stream_defects(stream))
    if stream.finish_reasons and stream.closed:
        return Seen("whole", stream.text, stream_defects(stream))
    return Seen("silent", stream.text, [repr(stream)])


def _judged(seen: Seen, whole_text: str) -> tuple[Verdict, str]:
    """The verdict on one stream, and what was wrong with it."""
    defects = list(seen.defects)
    if seen.verdict == "told" and not whole_text.startswith(seen.text):
        defects.append("its text is no beginning of the uncut text")
    if seen.verdict == "whole" and seen.text != whole_text:
        defects.append("it has a finish reason, but its text is not the uncut one")
    honest = seen.verdict in {"told", "whole", "refused"}
    return ("malformed" if defects and honest else seen.verdict), "; ".join(defects)
