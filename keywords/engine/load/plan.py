"""Plan of a load run: the server, what to send, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keywords.engine.load.arrivals import Arrivals
    from keywords.engine.load.items import ItemSource


@dataclass(frozen=True, slots=True)
class Target:
    """The server under load.

    Attributes:
        url: address without a path.
        model: the model to ask for.
        api_key: None sends none; never shown.
        path: of the operation.
    """

    url: str
    model: str
    api_key: str | None = None
    path: str = "/v1/chat/completions"

    def __repr__(self) -> str:
        return f"Target(url={self.url!r}, model={self.model!r}, path={self.path!r})"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a load run with one level of load; its requests are a population of their own.

    Attributes:
        duration_s: seconds; None where `items` ends it.
        users: users that each send an item, read the answer, and send the next: a closed loop. None for an open loop.
        rate: mean arrivals per second: an open loop. None for a closed loop.
        items: the stage ends after so many items; None where `duration_s` ends it.
    """

    duration_s: float | None
    users: int | None = None
    rate: float | None = None
    items: int | None = None


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """All that decides what a load run sends; two runs of one plan send the same.

    Attributes:
        target: the server.
        source: what to send.
        stages: in order, at least one; all closed loops, or all open loops.
        arrivals: when each item arrives, for open loops, those of the warm-up included; None for closed loops.
        warmup_s: seconds at the level of the first stage before the clock starts; its samples have stage -1. In an open
            loop, `arrivals` has them before the moment 0.
        timeout_s: longest time of a request.
        drain_s: how long requests under way at the end may still take; then they are cancelled.
        most_in_flight: requests at the same time in an open loop; an item without a slot waits, which its `t_queued`
            shows. None for no bound.
        processes: client processes; None for as many as the load needs.
    """

    target: Target
    source: ItemSource
    stages: tuple[Stage, ...]
    arrivals: Arrivals | None = None
    warmup_s: float = 0.0
    timeout_s: float = 120.0
    drain_s: float = 30.0
    most_in_flight: int | None = None
    processes: int | None = None
