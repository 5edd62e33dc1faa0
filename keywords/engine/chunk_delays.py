"""How long a gateway holds up each chunk of a stream, by the backend's own record of when it sent them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.latency import percentile
from keywords.engine.scripted_backend import Script, words

if TYPE_CHECKING:
    from keywords.engine.client import ChatClient
    from keywords.engine.scripted_backend import ScriptedBackend


@dataclass(frozen=True, slots=True)
class ChunkDelays:
    """Seconds from the moment the backend sent a chunk to the moment the client read it, a number for each chunk.

    Attributes:
        direct_s: the client asked the backend itself: what the machine and the client take.
        through_s: the client asked through the gateway.
    """

    direct_s: tuple[float, ...]
    through_s: tuple[float, ...]

    def added_s(self, p: int) -> float:
        """How much larger a percentile is through the gateway; below 0 it is lost in the machine's own noise.

        Raises:
            ValueError: there are too few chunks for this percentile.
        """
        return percentile(self.through_s, p) - percentile(self.direct_s, p)

    def __repr__(self) -> str:
        def shown(samples: tuple[float, ...]) -> str:
            return ", ".join(f"p{p} {percentile(samples, p) * 1000:.3f}" for p in (50, 90, 99))

        return (
            f"ms of {len(self.through_s)} chunks each: {shown(self.direct_s)} direct; {shown(self.through_s)} through"
        )


def chunk_delays(
    gateway: ChatClient, direct: ChatClient, backend: ScriptedBackend, *, streams: int, chunks: int, pause_s: float
) -> ChunkDelays:
    """Ask for streams in turn, directly and through the gateway, so that both meet the same machine.

    Args:
        gateway: asks through the gateway.
        direct: asks the backend itself.
        backend: sends one chunk after the other, and notes when.
        streams: how many of each.
        chunks: of each stream.
        pause_s: silence before each chunk.

    Raises:
        ValueError: a stream brought another number of chunks than were sent.
        GatewayRefused: a stream was refused; as are `AnswerBrokeOff`.
    """
    backend.play(Script(chunks=words(chunks), chunk_delay=pause_s))
    taken: dict[ChatClient, list[float]] = {direct: [], gateway: []}
    for client in (direct, gateway):
        client.stream("Count.")  # the first one opens connections
    for _ in range(streams):
        for client, found in taken.items():
            found.extend(_transit(client, backend))
    return ChunkDelays(tuple(taken[direct]), tuple(taken[gateway]))


def _transit(client: ChatClient, backend: ScriptedBackend) -> list[float]:
    stream = client.stream("Count.")
    sent = [each.at_s for each in backend.chat_requests()[-1].sent if each.chunk is not None]
    if len(sent) != len(stream.pieces):
        raise ValueError(f"{len(sent)} chunks were sent, and {len(stream.pieces)} pieces of text were read")
    began = stream.exchange.sent_at
    return [began + piece.at_s - at_s for piece, at_s in zip(stream.pieces, sent, strict=True)]
