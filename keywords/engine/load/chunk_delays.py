"""Whether a gateway holds the chunks of a stream up, by the backend's own record of when it sent them."""

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
    """How the chunks of streams came through the gateway.

    A gateway that gathers chunks before it passes them on shows by their order, however fast or busy the machine is:
    the client reads a chunk only after the backend has sent the next one.

    Attributes:
        delays_s: seconds from the moment the backend sent a chunk to the moment the client read it.
        prompt: so many chunks were read before the backend sent the next one.
        of: so many chunks had a next one.
    """

    delays_s: tuple[float, ...]
    prompt: int
    of: int

    @property
    def prompt_share(self) -> float:
        """The share of chunks that were read before the next one was sent, from 0 to 1."""
        return self.prompt / self.of

    def __repr__(self) -> str:
        shown = ", ".join(f"p{p} {percentile(self.delays_s, p) * 1000:.3f} ms" for p in (50, 90))
        return f"{self.prompt} of {self.of} chunks before the next; delay of {len(self.delays_s)} chunks: {shown}"


def chunk_delays(
    gateway: ChatClient, backend: ScriptedBackend, *, streams: int, chunks: int, pause_s: float
) -> ChunkDelays:
    """Ask for streams in turn, and compare each chunk's arrival with the departure of the next.

    Args:
        gateway: asks through the gateway.
        backend: sends one chunk after the other, and notes when.
        streams: how many.
        chunks: of each stream.
        pause_s: silence before each chunk.

    Raises:
        ValueError: a stream brought another number of chunks than were sent.
        GatewayRefused: a stream was refused; as are `AnswerBrokeOff`.
    """
    backend.play(Script(chunks=words(chunks), chunk_delay=pause_s))
    delays: list[float] = []
    prompt = 0
    for _ in range(streams):
        sent, read = _passage(gateway, backend)
        delays += [arrived - left for left, arrived in zip(sent, read, strict=True)]
        prompt += sum(arrived < following for arrived, (_, following) in zip(read, pairwise(sent), strict=False))
    return ChunkDelays(tuple(delays), prompt, streams * (chunks - 1))


def _passage(client: ChatClient, backend: ScriptedBackend) -> tuple[list[float], list[float]]:
    """When each chunk of one stream was sent, and when it was read."""
    stream = client.stream("Count.")
    sent = [each.at_s for each in backend.chat_requests()[-1].sent if each.chunk is not None]
    if len(sent) != len(stream.pieces):
        raise ValueError(f"{len(sent)} chunks were sent, and {len(stream.pieces)} pieces of text were read")
    return sent, [stream.exchange.sent_at + piece.at_s for piece in stream.pieces]
