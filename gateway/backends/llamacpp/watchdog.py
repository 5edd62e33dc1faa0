"""Detects that the child of the embedded backend hangs: it lives, but the loop that serves requests does not turn.

llama.cpp answers `/health` from another thread, even while one request holds that loop for minutes. `/lora-adapters` is
answered by the loop itself, between two steps; each step gives a token to every answer under way, or reads a part of a
prompt. An idle loop answers at once, so silence means work without a token.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from gateway.operating_system.processes import cpu_ticks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.backends.http.connection import Connection

PROBE = "/lora-adapters"
LOOK_S = 2.0
SILENT_S = 10.0
"""Time limit of a child that neither answers nor computes."""
STALLED_S = 20.0
"""Time limit of one step of a small model; the longest seen, with four prompts on one shared core, took 2 s."""
STALLED_S_PER_GB = 20.0
"""What each gigabyte of weights adds to that: the time of a step grows with them."""
_GB = 1e9


class Watchdog:
    """Watches one child, and the calls that it works for.

    Args:
        weights_bytes: size of the model's file.
    """

    def __init__(self, weights_bytes: int) -> None:
        self._stalled_s = STALLED_S + STALLED_S_PER_GB * weights_bytes / _GB
        self._doubtful_s = self._stalled_s / 2
        self._calls: dict[object, float] = {}
        self._asked_at: float | None = None

    @classmethod
    def for_model(cls, weights: Path) -> Self:
        """A watchdog for a child that loads `weights`."""
        return cls(weights.stat().st_size)

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Note a call to the child while it is under way."""
        token = object()
        self._calls[token] = time.monotonic()
        try:
            yield
        finally:
            del self._calls[token]

    @property
    def silent_s(self) -> float:
        """How long the loop has owed an answer."""
        return 0.0 if self._asked_at is None else time.monotonic() - self._asked_at

    @property
    def is_stalled(self) -> bool:
        """Whether the loop has been silent for too long to call the model ready; it may still recover."""
        return self.silent_s > self._doubtful_s

    def why_not_ready(self) -> str:
        """The reason why a loaded model would not answer now, as words that follow the backend's name."""
        if self.is_stalled:
            return f"has given no token for {self.silent_s:.0f} s; it is restarted if that lasts"
        return "is too busy to say that it is ready; ask again in a moment"

    async def until_hung(self, server: Connection, pid: int) -> str:
        """Probe the child until it hangs; probes cost no tokens.

        Args:
            server: to the child's root address.
            pid: of the child. Where its CPU time is unknown, it counts as computing.

        Returns:
            The reason.
        """
        ticks = cpu_ticks(pid)
        computed_at = self._asked_at = time.monotonic()
        probe = asyncio.create_task(server.get(PROBE, within_s=self._stalled_s))
        try:
            while True:
                await asyncio.wait((probe,), timeout=LOOK_S)
                if probe.done():
                    if probe.result() is not None:
                        self._asked_at = None
                    await asyncio.sleep(LOOK_S)
                    if self._asked_at is None:
                        computed_at = self._asked_at = time.monotonic()
                    probe = asyncio.create_task(server.get(PROBE, within_s=self._stalled_s))
                new = cpu_ticks(pid)
                if new is None or new != ticks:
                    ticks, computed_at = new, time.monotonic()
                if reason := self._reason(time.monotonic() - computed_at):
                    return reason
        finally:
            probe.cancel()

    def _reason(self, idle_s: float) -> str:
        """Why the child counts as hung; empty if it does not.

        Args:
            idle_s: how long it has computed nothing.
        """
        if idle_s > SILENT_S:
            return f"hung: it neither answered nor computed for {SILENT_S:g} s and was killed"
        if self.silent_s > self._stalled_s:
            return f"hung: it computed for {self._stalled_s:.3g} s without a token and was killed"
        if self.is_stalled and not self._has_older_call():
            return f"hung: it computed for {self._doubtful_s:.3g} s for requests that had ended and was killed"
        return ""

    def _has_older_call(self) -> bool:
        """Whether a call is under way that was sent before the unanswered probe, or may have overtaken it."""
        until = (self._asked_at or 0.0) + LOOK_S
        return any(sent_at < until for sent_at in self._calls.values())
