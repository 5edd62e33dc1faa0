"""Conversations of a load run: each request of an item, one after another, with the user's pauses."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from keywords.engine import clock
from keywords.engine.load.sample import Sample
from keywords.engine.load.thinned import ThinnedValues

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from keywords.engine.load.client import LoadClient
    from keywords.engine.load.items import Item
    from keywords.engine.load.share import Share
    from keywords.engine.load.timer import Timer

_PUNCTUAL_S = 0.05
"""So late an item is still begun in time; as `validity.LATE_SEND_LAG_S`."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An item whose first request is ready to be sent."""

    item: Item
    body: bytes


@dataclass(slots=True)
class Progress:
    """Where the run stands, as its loop sets it.

    Attributes:
        stage: that requests are intended for now.
        ends_at: end of the last stage by `clock.now()`; infinite where items end it.
        ends: the same of each stage that is known by now.
        is_over: whether no further request begins.
    """

    stage: int = 0
    ends_at: float = float("inf")
    ends: dict[int, float] = field(default_factory=dict)
    is_over: bool = False


class Conversations:
    """Holds the conversations of one client process.

    Args:
        share: what the process sends.
        client: sends it.
        timer: for the pauses.
        hand_over: takes each finished sample.

    Attributes:
        progress: of the run.
        send_lags: for each stage, how much later than intended each request was taken up, in seconds; waits for a slot
            not counted, nor the warm-up.
        begun: items of each stage whose first request was taken up before that stage's end, or within `_PUNCTUAL_S` of
            its own moment, which may be that end.
        unsent: requests that were due and never got a slot.
    """

    def __init__(self, share: Share, client: LoadClient, timer: Timer, hand_over: Callable[[Sample], None]) -> None:
        self.progress = Progress()
        self.send_lags = [ThinnedValues() for _ in share.stages]
        self.begun = [0] * len(share.stages)
        self.unsent = 0
        self._share = share
        self._client = client
        self._timer = timer
        self._hand_over = hand_over
        slots = share.most_in_flight
        self._slots: AbstractAsyncContextManager[Any] = nullcontext() if slots is None else asyncio.Semaphore(slots)

    def prepare(self, number: int) -> Opening:
        """Make an item and its first request, before it is due."""
        item = self._share.source.item(number)
        turn = item.turns[0]
        return Opening(item, self._body(list(turn.messages), turn.fields))

    async def hold(self, opening: Opening, stage: int, intended: float, user: int | None = None) -> Sample:
        """Hold a conversation to its end, its first failure, or the end of the run; return the last sample."""
        item, body, progress = opening.item, opening.body, self.progress
        messages = list(item.turns[0].messages)
        sample, text = await self._send(
            body, self._sample(item, 0, stage, intended, user), is_last=len(item.turns) == 1
        )
        for number, turn in enumerate(item.turns[1:], start=1):
            if sample.error is not None:
                break
            intended = (sample.t_done or clock.now()) + turn.think_s
            if intended >= progress.ends_at:
                break
            await self._timer.until(intended)
            if progress.is_over:
                break
            messages += [{"role": "assistant", "content": text}, *turn.messages]
            following = self._sample(item, number, progress.stage, intended, user)
            body = self._body(messages, turn.fields)
            sample, text = await self._send(body, following, is_last=number == len(item.turns) - 1)
        return sample

    def _sample(self, item: Item, turn: int, stage: int, intended: float, user: int | None) -> Sample:
        return Sample(item.number, turn, item.kind, stage, user, self._share.process, intended)

    async def _send(self, body: bytes, sample: Sample, *, is_last: bool) -> tuple[Sample, str]:
        """The sample, and the answer's text unless it is the last turn."""
        if sample.stage >= 0:
            self.send_lags[sample.stage].add(clock.now() - sample.t_intended)
        try:
            async with self._slots:
                sample.t_queued = now = clock.now()
                if sample.turn == 0 and sample.stage >= 0:
                    until = max(self.progress.ends[sample.stage], sample.t_intended + _PUNCTUAL_S)
                    self.begun[sample.stage] += now < until
                answer = await self._client.send(body, sample, keeps_text=not is_last)
        except asyncio.CancelledError:
            sample.cancelled, sample.t_done = True, clock.now()
            self.unsent += sample.t_queued is None
            raise
        finally:
            self._hand_over(sample)
        return sample, answer.text

    def _body(self, messages: list[Mapping[str, Any]], fields: Mapping[str, Any]) -> bytes:
        body = {"model": self._share.target.model, "messages": messages, "stream": True, **fields}
        if body["stream"] is True:
            body.setdefault("stream_options", {"include_usage": True})
        return orjson.dumps({name: value for name, value in body.items() if value is not None})
