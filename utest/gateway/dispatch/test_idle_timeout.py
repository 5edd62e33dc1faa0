import asyncio

import pytest

from gateway.dispatch.idle_timeout import IdleTimeout


def test_a_wait_within_its_limit_gives_its_value():
    async def go():
        async with IdleTimeout() as quiet:
            return [await quiet.wait(asyncio.sleep(0.001, number), 0.05) for number in range(100)]

    assert asyncio.run(go()) == list(range(100))


@pytest.mark.parametrize("before", [0, 1, 30])
def test_a_wait_over_its_limit_is_cancelled_also_after_others(before):
    async def go():
        loop = asyncio.get_running_loop()
        async with IdleTimeout() as quiet:
            for _ in range(before):
                await quiet.wait(asyncio.sleep(0.002), 0.05)
            forever, began = loop.create_future(), loop.time()
            with pytest.raises(TimeoutError):
                await quiet.wait(forever, 0.05)
            assert forever.cancelled()
            assert not asyncio.current_task().cancelling()
            return loop.time() - began

    assert 0.045 < asyncio.run(go()) < 0.15


def test_a_shorter_limit_after_a_longer_one_holds():
    async def go():
        async with IdleTimeout() as quiet:
            await quiet.wait(asyncio.sleep(0), 60)
            with pytest.raises(TimeoutError):
                await quiet.wait(asyncio.sleep(60), 0.02)

    asyncio.run(asyncio.wait_for(go(), 1))


def test_time_between_waits_does_not_count():
    async def go():
        async with IdleTimeout() as quiet:
            await quiet.wait(asyncio.sleep(0), 0.01)
            await asyncio.sleep(0.05)
            return await quiet.wait(asyncio.sleep(0, "in time"), 0.01)

    assert asyncio.run(go()) == "in time"


def test_a_cancellation_from_outside_stays_one():
    async def wait():
        async with IdleTimeout() as quiet:
            await quiet.wait(asyncio.sleep(60), 60)

    async def go():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())


def test_no_timer_stays_behind():
    async def go():
        loop = asyncio.get_running_loop()
        async with IdleTimeout() as quiet:
            await quiet.wait(asyncio.sleep(0), 60)
        return [timer for timer in loop._scheduled if not timer.cancelled()]

    assert asyncio.run(go()) == []
