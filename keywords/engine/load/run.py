"""Facts of a load run that its samples do not show, and where the samples go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.sample import Sample


class SampleSink(Protocol):
    """Where samples go while the load run goes on: the store, the live view."""

    def add(self, samples: Sequence[Sample]) -> None:
        """Take finished samples; called in the main process, several times a second."""


@dataclass(frozen=True, slots=True)
class ClientHealth:
    """How the client itself fared in one of its processes.

    Attributes:
        process: number of the client process.
        cpu_share: its processor time over the time that passed; 1 is a whole core.
        loop_lags_s: how much later than planned a timer of its event loop fired, sampled 100 times a second.
        cpu_s: processor time, user and system.
        max_rss_bytes: largest resident memory.
        send_lags_s: for each request, how much later than possible it was sent by the client's own fault: waits for a
            slot or a connection not counted. Thinned evenly in a long run.
        exhausted: requests that failed because this machine had no file descriptor or port left.
    """

    process: int
    cpu_share: float
    loop_lags_s: Sequence[float] = field(repr=False)
    cpu_s: float
    max_rss_bytes: int
    send_lags_s: Sequence[float] = field(default=(), repr=False)
    exhausted: int = 0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A load run as its client saw it.

    Attributes:
        started_at: wall clock at the start of the first stage, seconds since the epoch.
        started: the same moment by `clock.now()`.
        ended: end of the last stage, by `clock.now()`; before the drain.
        stage_bounds: begin and end of each stage by `clock.now()`.
        planned_items: items that were to be sent; None in a closed loop that ends by time.
        interrupted: whether Ctrl-C or a signal ended it early.
        clients: one entry for each client process that lived to the end.
        lost_clients: why each other client process ended, one sentence each; what it had handed over is kept.
        unsent_items: items that were due in an open loop and were never sent.
        clock_step_s: how far the wall clock moved against `clock.now()` during the run: it was set, or the machine
            slept.
    """

    started_at: float
    started: float
    ended: float
    stage_bounds: tuple[tuple[float, float], ...]
    planned_items: int | None
    interrupted: bool
    clients: tuple[ClientHealth, ...]
    lost_clients: tuple[str, ...] = ()
    unsent_items: int = 0
    clock_step_s: float = 0.0
