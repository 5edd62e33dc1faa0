"""Disturbance: something that happens to a server in the middle of a load run, and what the clients felt of it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.load.storage.columns import SampleColumns

_SLOW_TIMES = 2.0
_SLOW_BEYOND_S = 0.05
"""A first text counts as late beyond twice the median before the disturbance, and this much beyond it."""


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a disturbance.

    Attributes:
        at_s: seconds from the start of the load run.
        what: as the report says it, such as `first backend killed`.
        act: does it.
    """

    at_s: float
    what: str
    act: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Happened:
    """A step that was done.

    Attributes:
        at_s: when it was done, by `clock.now()`.
        what: as `Action.what`.
    """

    at_s: float
    what: str


class Disturbance:
    """Does its actions at their moments, in a thread, while a load run goes on.

    Args:
        actions: in any order.

    Attributes:
        happened: what was done so far, in order.
        failure: why an action could not be done; None if all could.
    """

    def __init__(self, *actions: Action) -> None:
        self.actions = tuple(sorted(actions, key=lambda action: action.at_s))
        self.happened: list[Happened] = []
        self.failure: Exception | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, at_s: float) -> None:
        """Begin to count from a moment.

        Args:
            at_s: by `clock.now()`.
        """
        self._thread = threading.Thread(target=self._run, args=(at_s,), name="disturbance", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Do no further action; wait for one that is being done."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, started: float) -> None:
        for action in self.actions:
            if self._stop.wait(max(0.0, started + action.at_s - clock.now())):
                return
            try:
                action.act()
            except Exception as error:  # noqa: BLE001  # the run goes on; its verdict names this
                self.failure = error
                return
            self.happened.append(Happened(clock.now(), action.what))


@dataclass(frozen=True, slots=True)
class Impact:
    """What the clients felt of a disturbance.

    Attributes:
        requests: from its begin on, those under way included.
        lost: of these, requests that failed.
        errors: number of lost requests by class.
        ttft_before_s: median time to first content of requests that began before it.
        ttft_during_s: times to first content of requests that were under way or began from its begin to its end.
        recovered_after_s: seconds from its begin to the end of the last request that failed or whose first text was
            late; 0 if there was none; infinite if the last request of the run was such a one.
    """

    requests: int
    lost: int
    errors: dict[str, int]
    ttft_before_s: float
    ttft_during_s: tuple[float, ...]
    recovered_after_s: float


def measure_impact(samples: SampleColumns, begin: float, end: float) -> Impact:
    """Compare the requests before a disturbance with those during and after it.

    Times to first content count from the intended moment. One is late beyond twice the median before the disturbance
    and 50 ms beyond that median.

    Args:
        samples: of the whole run; cancelled ones do not count.
        begin: of the disturbance, by `clock.now()`.
        end: the moment of its last action, by `clock.now()`.

    Raises:
        ValueError: no request succeeded before it, or none ended after its begin.
    """
    ended = ~samples.cancelled & ~np.isnan(samples.t_done)
    ttft_s = np.where(samples.failed, np.nan, samples.t_first_content - samples.t_intended)
    has_ttft = ~np.isnan(ttft_s)
    before, after = ended & has_ttft & (samples.t_done < begin), ended & (samples.t_done >= begin)
    if not before.any() or not after.any():
        missing = "ended well before" if not before.any() else "ended after the begin of"
        raise ValueError(f"no request {missing} the disturbance: let the run begin earlier or last longer")
    usual = float(np.median(ttft_s[before]))
    late = has_ttft & (ttft_s > max(_SLOW_TIMES * usual, usual + _SLOW_BEYOND_S))
    bad = after & (samples.failed | late)
    recovered = 0.0
    if bad.any():
        last_bad = float(samples.t_done[bad].max())
        recovered = float("inf") if last_bad >= samples.t_done[after].max() else last_bad - begin
    return Impact(
        requests=int(after.sum()),
        lost=int((after & samples.failed).sum()),
        errors=dict(Counter(samples.error[after & samples.failed].tolist())),
        ttft_before_s=usual,
        ttft_during_s=tuple(ttft_s[after & has_ttft & (samples.t_intended <= end)].tolist()),
        recovered_after_s=recovered,
    )
