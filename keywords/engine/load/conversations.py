"""Conversations of a load run: each request of an item, one after another, with the user's pauses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from keywords.engine import clock
from keywords.engine.load.sample import Sample
from keywords.engine.load.thinned import ThinnedValues
from keywords.engine.load.turn_cache import TurnCache

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from keywords.engine.load.answer import LoadAnswer
    from keywords.engine.load.client import LoadClient
    from keywords.engine.load.items import Item
    from keywords.engine.load.share import Share
    from keywords.engine.load.timer import Timer

PUNCTUAL_S = 0.05
"""So late an item is still begun in time; as `validity.LATE_SEND_LAG_S`."""


class Opening(NamedTuple):
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
        begun: items of each stage whose first request was taken up before that stage's end, or within `PUNCTUAL_S` of
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
        self._slots = None if slots is None else asyncio.Semaphore(slots)
        self._first_bodies = TurnCache(lambda turn: self._body(list(turn.messages), turn.fields))

    def prepare(self, number: int) -> Opening:
        """Make an item and its first request, before it is due."""
        item = self._share.source.item(number)
        return Opening(item, self._first_bodies.of(item.turns[0]))

    def hold(
        self, opening: Opening, stage: int, intended: float, user: int | None = None
    ) -> Coroutine[Any, Any, LoadAnswer]:
        """Hold a conversation to its end, its first failure, or the end of the run; return the last answer."""
        sample = self._sample(opening.item, 0, stage, intended, user)
        if len(opening.item.turns) == 1:
            return self._send(opening.body, sample, is_last=True)
        return self._hold_turns(opening, sample)

    async def _hold_turns(self, opening: Opening, sample: Sample) -> LoadAnswer:
        item, progress, user = opening.item, self.progress, sample.user
        answer = await self._send(opening.body, sample, is_last=False)
        messages = list(item.turns[0].messages)
        for number, turn in enumerate(item.turns[1:], start=1):
            if answer.sample.error is not None:
                break
            intended = (answer.sample.t_done or clock.now()) + turn.think_s
            if intended >= progress.ends_at:
                break
            await self._timer.until(intended)
            if progress.is_over:
                break
            messages += [{"role": "assistant", "content": answer.text}, *turn.messages]
            following = self._sample(item, number, progress.stage, intended, user)
            body = self._body(messages, turn.fields)
            answer = await self._send(body, following, is_last=number == len(item.turns) - 1)
        return answer

    def _sample(self, item: Item, turn: int, stage: int, intended: float, user: int | None) -> Sample:
        return Sample(item.number, turn, item.kind, stage, user, self._share.process, intended)

    async def _send(self, body: bytes, sample: Sample, *, is_last: bool) -> LoadAnswer:
        """The answer, with its text unless it is that of the last turn."""
        if sample.stage >= 0:
            self.send_lags[sample.stage].add(clock.now() - sample.t_intended)
        try:
            if self._slots is None:
                self._take_up(sample)
                return await self._client.send(body, sample, keeps_text=not is_last)
            async with self._slots:
                self._take_up(sample)
                return await self._client.send(body, sample, keeps_text=not is_last)
        except asyncio.CancelledError:
            sample.cancelled, sample.t_done = True, clock.now()
            self.unsent += sample.t_queued is None
            raise
        finally:
            self._hand_over(sample)

    def _take_up(self, sample: Sample) -> None:
        sample.t_queued = now = clock.now()
        if sample.turn == 0 and sample.stage >= 0:
            is_in_time = now < self.progress.ends[sample.stage] or now < sample.t_intended + PUNCTUAL_S
            self.begun[sample.stage] += is_in_time

    def _body(self, messages: list[Mapping[str, Any]], fields: Mapping[str, Any]) -> bytes:
        body = {"model": self._share.target.model, "messages": messages, "stream": True, **fields}
        if body["stream"] is True:
            body.setdefault("stream_options", {"include_usage": True})
        return orjson.dumps({name: value for name, value in body.items() if value is not None})
