"""The concurrency limiter: its slots, its queue, and that no slot is ever lost."""

import asyncio

import pytest

from gateway.errors.limits import Overloaded
from gateway.limits.concurrency import ConcurrencyLimiter


def run(scenario):
    return asyncio.run(scenario())


def test_the_queue_is_in_order():
    async def scenario():
        limiter, order = ConcurrencyLimiter(1, 2, 5), []

        async def enter(name):
            await limiter.acquire()
            order.append(name)

        await limiter.acquire()
        waiting = [asyncio.create_task(enter(name)) for name in "ab"]
        await asyncio.sleep(0)
        assert order == []
        for task in waiting:
            limiter.release()
            await task
        return order

    assert run(scenario) == ["a", "b"]


def test_beyond_the_queue_is_refused_at_once_with_a_remedy():
    async def scenario():
        limiter = ConcurrencyLimiter(2, 1, 5)
        await limiter.acquire()
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="2 requests are under way and 1 wait") as refused:
            await limiter.acquire()
        waiting.cancel()
        return refused.value

    refused = run(scenario)
    assert (refused.status, refused.code) == (503, "gateway_overloaded")
    assert refused.headers == {"retry-after": "1", "x-should-retry": "true"}


def test_a_wait_is_bounded_and_leaves_the_queue_free():
    async def scenario():
        limiter = ConcurrencyLimiter(1, 1, 0.01)
        await limiter.acquire()
        for _ in range(2):
            with pytest.raises(Overloaded, match=r"ended within 0.01 s"):
                await limiter.acquire()
        limiter.release()
        await limiter.acquire()

    run(scenario)


def test_a_cancelled_wait_takes_no_slot():
    async def scenario():
        limiter = ConcurrencyLimiter(1, 2, 5)
        await limiter.acquire()
        cancelled, stays = asyncio.create_task(limiter.acquire()), asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        cancelled.cancel()
        limiter.release()
        await asyncio.wait_for(stays, 1)

    run(scenario)


def test_a_slot_that_comes_at_the_cancellation_goes_to_the_next():
    async def scenario():
        limiter = ConcurrencyLimiter(1, 2, 5)
        await limiter.acquire()
        cancelled, stays = asyncio.create_task(limiter.acquire()), asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        limiter.release()
        cancelled.cancel()
        await asyncio.wait_for(stays, 1)

    run(scenario)


async def entered(concurrency, count):
    for _ in range(count):
        await concurrency.acquire()


def test_a_gate_with_fewer_places_lets_nobody_in_until_enough_are_out():
    async def run():
        concurrency = ConcurrencyLimiter(3, 5, 0.05)
        await entered(concurrency, 3)
        concurrency.adopt(ConcurrencyLimiter(1, 5, 0.05))
        for _ in range(2):
            concurrency.release()
            with pytest.raises(Exception, match="none of the requests"):
                await concurrency.acquire()
        concurrency.release()
        await concurrency.acquire()

    asyncio.run(run())


def test_a_gate_with_more_places_lets_those_in_who_wait():
    async def run():
        concurrency = ConcurrencyLimiter(1, 5, 5)
        await concurrency.acquire()
        waiting = [asyncio.create_task(concurrency.acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        concurrency.adopt(ConcurrencyLimiter(3, 5, 5))
        await asyncio.sleep(0)
        assert sum(task.done() for task in waiting) == 2
        concurrency.release()
        await asyncio.gather(*waiting)

    asyncio.run(run())
