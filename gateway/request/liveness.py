"""Whether the answer of one attempt is alive, as its connection sees it: before anything is cut or translated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol


class Receiver(Protocol):
    """A connection.

    Attributes:
        arrived: `time.perf_counter()` when its latest bytes were read from the socket.
    """

    arrived: float


@dataclass(slots=True)
class Liveness:
    """The signs of life of one attempt. A backend fills it in; the idle timeout and the pings read it.

    Attributes:
        receiver: the connection of the answer; None until its head has come.
        finished: whether the backend has finished the answer, so that only the end of its stream is missing. The
            backend's code then ends the stream soon, and silence is no failure.
    """

    receiver: Receiver | None = None
    finished: bool = False

    def silent_s(self) -> float:
        """Seconds since bytes last arrived; infinite before the answer's head."""
        return math.inf if self.receiver is None else perf_counter() - self.receiver.arrived
