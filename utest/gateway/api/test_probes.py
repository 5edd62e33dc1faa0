import asyncio
from contextlib import suppress

import pytest

from gateway.api.probes import Probes


class SlowBackend:
    def __init__(self):
        self.asked = 0
        self.go_on = asyncio.Event()
        self.answer = True

    async def ready(self):
        self.asked += 1
        await self.go_on.wait()
        return self.answer


def test_who_asks_at_once_shares_one_question():
    async def scenario():
        backend, other, probes = SlowBackend(), SlowBackend(), Probes()
        waiting = [asyncio.create_task(probes.ask(backend)) for _ in range(200)]
        waiting.append(asyncio.create_task(probes.ask(other)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        backend.go_on.set()
        other.go_on.set()
        assert await asyncio.gather(*waiting) == [True] * 201
        return backend.asked, other.asked

    assert asyncio.run(scenario()) == (1, 1)


def test_an_answer_is_not_kept():
    async def scenario():
        backend, probes = SlowBackend(), Probes()
        backend.go_on.set()
        first = await probes.ask(backend)
        await asyncio.sleep(0)
        backend.answer = False
        return first, await probes.ask(backend)

    assert asyncio.run(scenario()) == (True, False)


def test_a_caller_that_leaves_takes_the_answer_from_no_other():
    async def scenario():
        backend, probes = SlowBackend(), Probes()
        leaving, staying = (asyncio.create_task(probes.ask(backend)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        backend.go_on.set()
        return await staying

    assert asyncio.run(scenario()) is True


def test_a_probe_that_fails_is_asked_again():
    async def scenario():
        backend, probes = SlowBackend(), Probes()
        backend.go_on = None  # it raises AttributeError
        with pytest.raises(AttributeError):
            await probes.ask(backend)
        await asyncio.sleep(0)
        backend.go_on = asyncio.Event()
        backend.go_on.set()
        return await probes.ask(backend)

    assert asyncio.run(scenario()) is True
