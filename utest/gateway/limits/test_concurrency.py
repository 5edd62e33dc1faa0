"""So many requests at once, so many in the queue, and no place is ever lost."""

import asyncio

import pytest

from gateway.errors.limits import Overloaded
from gateway.limits.concurrency import ConcurrencyLimiter


def run(scenario):
    return asyncio.run(scenario())


def test_the_queue_is_in_order():
    async def scenario():
        concurrency, order = ConcurrencyLimiter(1, 2, 5), []

        async def enter(name):
            await concurrency.acquire()
            order.append(name)

        await concurrency.acquire()
        waiting = [asyncio.create_task(enter(name)) for name in "ab"]
        await asyncio.sleep(0)
        assert order == []
        for task in waiting:
            concurrency.release()
            await task
        return order

    assert run(scenario) == ["a", "b"]


def test_beyond_the_queue_is_refused_at_once_with_a_remedy():
    async def scenario():
        concurrency = ConcurrencyLimiter(2, 1, 5)
        await concurrency.acquire()
        await concurrency.acquire()
        waiting = asyncio.create_task(concurrency.acquire())
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="2 requests are under way and 1 wait") as refused:
            await concurrency.acquire()
        waiting.cancel()
        return refused.value

    refused = run(scenario)
    assert (refused.status, refused.code) == (503, "gateway_overloaded")
    assert refused.headers == {"retry-after": "1", "x-should-retry": "true"}


def test_a_wait_has_an_end_and_leaves_the_queue_free():
    async def scenario():
        concurrency = ConcurrencyLimiter(1, 1, 0.01)
        await concurrency.acquire()
        for _ in range(2):
            with pytest.raises(Overloaded, match=r"ended within 0.01 s"):
                await concurrency.acquire()
        concurrency.release()
        await concurrency.acquire()

    run(scenario)


def test_one_who_gives_up_waiting_takes_no_place():
    async def scenario():
        concurrency = ConcurrencyLimiter(1, 2, 5)
        await concurrency.acquire()
        gives_up, stays = asyncio.create_task(concurrency.acquire()), asyncio.create_task(concurrency.acquire())
        await asyncio.sleep(0)
        gives_up.cancel()
        concurrency.release()
        await asyncio.wait_for(stays, 1)

    run(scenario)


def test_a_place_that_comes_as_its_owner_gives_up_goes_to_the_next():
    async def scenario():
        concurrency = ConcurrencyLimiter(1, 2, 5)
        await concurrency.acquire()
        gives_up, stays = asyncio.create_task(concurrency.acquire()), asyncio.create_task(concurrency.acquire())
        await asyncio.sleep(0)
        concurrency.release()
        gives_up.cancel()
        await asyncio.wait_for(stays, 1)

    run(scenario)
