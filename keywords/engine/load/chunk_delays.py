"""Delay of a stream's chunks in the gateway, measured from the backend's record of when it sent them.

The control is the same stream from the backend itself, in turn with the gateway's.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from keywords.engine.scripted.backend import Script, words
from keywords.engine.statistics.percentiles import percentile

if TYPE_CHECKING:
    from keywords.engine.openai.client import ChatClient
    from keywords.engine.scripted.backend import ScriptedBackend


@dataclass(frozen=True, slots=True)
class ChunkDelays:
    """Delays of chunks on their way through the gateway.

    The client reads a chunk of a buffering gateway only after the backend has sent the next one. On a very busy machine
    this happens without a gateway as well, which `punctual_direct` shows.

    Attributes:
        delays_s: seconds from the backend's sending of a chunk to the client's reading of it.
        punctual: number of chunks that were read before the backend sent the next one.
        of: number of chunks that had a next one.
        punctual_direct: the same number of as many chunks that came from the backend without the gateway.
    """

    delays_s: tuple[float, ...]
    punctual: int
    of: int
    punctual_direct: int

    @property
    def punctual_share(self) -> float:
        """The share of punctual chunks, from 0 to 1."""
        return self.punctual / self.of

    @property
    def possible_share(self) -> float:
        """The share that this machine lets a gateway reach that adds no delay, from 0 to 1.

        A chunk takes two steps through a gateway and one without. With the control's share for each, it is punctual
        with the square of that share.
        """
        return (self.punctual_direct / self.of) ** 2

    def __repr__(self) -> str:
        shown = ", ".join(f"p{p} {percentile(self.delays_s, p) * 1000:.3f} ms" for p in (50, 90))
        without = f"{self.punctual_direct} without the gateway"
        return f"{self.punctual} of {self.of} chunks before the next, {without}; delay of {len(self.delays_s)}: {shown}"


def chunk_delays(
    gateway: ChatClient, direct: ChatClient, backend: ScriptedBackend, *, streams: int, chunks: int, pause_s: float
) -> ChunkDelays:
    """Request streams in turn, and compare each chunk's arrival with the sending of the next.

    Args:
        gateway: the gateway's client.
        direct: the backend's client, for the control.
        backend: the scripted backend behind the gateway.
        streams: number of streams from each.
        chunks: number of chunks of each stream.
        pause_s: silence before each chunk.

    Raises:
        ValueError: a stream brought another number of chunks than were sent.
        GatewayRefused: the gateway refused a stream.
        AnswerBrokeOff: no status came.
    """
    backend.play(Script(chunks=words(chunks), chunk_delay=pause_s))
    delays: list[float] = []
    punctual = punctual_direct = 0
    for _ in range(streams):
        sent, read = _chunk_times(gateway, backend)
        delays += [arrived - left for left, arrived in zip(sent, read, strict=True)]
        punctual += _punctual(sent, read)
        punctual_direct += _punctual(*_chunk_times(direct, backend))
    return ChunkDelays(tuple(delays), punctual, streams * (chunks - 1), punctual_direct)


def _punctual(sent: list[float], read: list[float]) -> int:
    return sum(arrived < following for arrived, (_, following) in zip(read, pairwise(sent), strict=False))


def _chunk_times(client: ChatClient, backend: ScriptedBackend) -> tuple[list[float], list[float]]:
    """The times at which each chunk of one stream was sent and read."""
    stream = client.stream("Count.")
    sent = [each.at_s for each in backend.chat_requests()[-1].sent if each.chunk is not None]
    if len(sent) != len(stream.pieces):
        raise ValueError(f"{len(sent)} chunks were sent, and {len(stream.pieces)} pieces of text were read")
    return sent, [stream.exchange.sent_at + piece.at_s for piece in stream.pieces]
