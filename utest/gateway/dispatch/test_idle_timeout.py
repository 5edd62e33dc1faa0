"""Waits end in time, as long after the last byte as their limit says; the time is virtual, and so exact."""

import asyncio

import pytest

from gateway.dispatch.idle_timeout import IdleTimeout
from gateway.request import liveness as liveness_module
from gateway.request.liveness import Liveness
from utest.gateway.virtual_time import run


@pytest.fixture(autouse=True)
def one_clock(monkeypatch):
    """Bytes arrive by the clock of the loop, too."""
    monkeypatch.setattr(liveness_module, "perf_counter", now)


def now():
    return asyncio.get_running_loop().time()


class Receiver:
    """A connection whose bytes arrive when a test says so."""

    arrived = 0.0

    def receive(self):
        self.arrived = now()


def idle_timeout(liveness=None, deadline_s=60):
    return IdleTimeout(liveness or Liveness(), asyncio.get_running_loop().time() + deadline_s)


async def receive_every(pause_s, receiver):
    while True:
        receiver.receive()
        await asyncio.sleep(pause_s)


def test_a_wait_within_its_limit_gives_its_value():
    async def go():
        async with idle_timeout() as quiet:
            return [await quiet.wait(asyncio.sleep(0.001, number), 0.05) for number in range(100)]

    assert run(go()) == list(range(100))


@pytest.mark.parametrize("before", [0, 1, 30])
def test_a_wait_over_its_limit_is_cancelled_also_after_others(before):
    async def go():
        loop = asyncio.get_running_loop()
        async with idle_timeout() as quiet:
            for _ in range(before):
                await quiet.wait(asyncio.sleep(0.002), 0.05)
            forever, began = loop.create_future(), loop.time()
            with pytest.raises(TimeoutError):
                await quiet.wait(forever, 0.05)
            assert forever.cancelled()
            assert not asyncio.current_task().cancelling()
            return loop.time() - began

    assert run(go()) == pytest.approx(0.05)


def test_a_shorter_limit_after_a_longer_one_holds():
    async def go():
        async with idle_timeout() as quiet:
            await quiet.wait(asyncio.sleep(0), 60)
            with pytest.raises(TimeoutError):
                await quiet.wait(asyncio.sleep(60), 0.02)

    run(asyncio.wait_for(go(), 1))


def test_time_between_waits_does_not_count():
    async def go():
        async with idle_timeout() as quiet:
            await quiet.wait(asyncio.sleep(0), 0.01)
            await asyncio.sleep(0.05)
            return await quiet.wait(asyncio.sleep(0, "in time"), 0.01)

    assert run(go()) == "in time"


def test_a_cancellation_from_outside_stays_one():
    async def wait():
        async with idle_timeout() as quiet:
            await quiet.wait(asyncio.sleep(60), 60)

    async def go():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(go())


def test_no_timer_stays_behind():
    async def go():
        loop = asyncio.get_running_loop()
        async with idle_timeout() as quiet:
            await quiet.wait(asyncio.sleep(0), 60)
        return [timer for timer in loop._scheduled if not timer.cancelled()]

    assert run(go()) == []


@pytest.mark.parametrize("before", [0, 3])
def test_a_wait_lasts_as_long_as_bytes_arrive(before):
    async def go():
        liveness = Liveness(receiver := Receiver())
        receiving = asyncio.create_task(receive_every(0.01, receiver))
        async with idle_timeout(liveness) as quiet:
            for _ in range(before):
                await quiet.wait(asyncio.sleep(0), 0.05)
            assert await quiet.wait(asyncio.sleep(0.3, "alive"), 0.05) == "alive"
            receiving.cancel()
            began = now()
            with pytest.raises(TimeoutError):
                await quiet.wait(asyncio.sleep(60), 0.05)
            return now() - began

    assert run(go()) == pytest.approx(0.05)


def test_a_wait_ends_so_long_after_the_last_byte():
    async def go():
        liveness = Liveness(receiver := Receiver())
        async with idle_timeout(liveness) as quiet:
            asyncio.get_running_loop().call_later(0.08, receiver.receive)
            began = now()
            with pytest.raises(TimeoutError):
                await quiet.wait(asyncio.sleep(60), 0.1)
            return now() - began

    assert run(go()) == pytest.approx(0.18)


def test_bytes_from_before_a_wait_do_not_lengthen_it():
    async def go():
        liveness = Liveness(receiver := Receiver())
        receiver.receive()
        async with idle_timeout(liveness) as quiet:
            await asyncio.sleep(0.05)
            began = now()
            with pytest.raises(TimeoutError):
                await quiet.wait(asyncio.sleep(60), 0.1)
            return now() - began

    assert run(go()) == pytest.approx(0.1)


def test_no_bytes_go_beyond_the_deadline():
    async def go():
        liveness = Liveness(receiver := Receiver())
        receiving = asyncio.create_task(receive_every(0.01, receiver))
        async with idle_timeout(liveness, deadline_s=0.2) as quiet:
            with pytest.raises(TimeoutError):
                await quiet.wait(asyncio.sleep(60), 0.05)
        receiving.cancel()

    run(asyncio.wait_for(go(), 2))


def test_a_finished_answer_may_be_silent_up_to_the_deadline():
    async def go():
        liveness = Liveness(finished=True)
        async with idle_timeout(liveness, deadline_s=0.3) as quiet:
            assert await quiet.wait(asyncio.sleep(0.2, "well"), 0.05) == "well"
            with pytest.raises(TimeoutError):
                await quiet.wait(asyncio.sleep(60), 0.05)

    run(asyncio.wait_for(go(), 2))


def test_pings_tell_of_bytes_that_ended_no_wait():
    async def go():
        liveness, pings = Liveness(receiver := Receiver()), []
        async with idle_timeout(liveness) as quiet:
            quiet.ping_every(0.1, lambda: pings.append(1))
            await quiet.wait(asyncio.sleep(0.25), 60)
            assert pings == [], "silence"
            receiving = asyncio.create_task(receive_every(0.01, receiver))
            await quiet.wait(asyncio.sleep(0.35), 60)
            assert 2 <= len(pings) <= 3, "bytes that ended no wait"
            pings.clear()
            for _ in range(20):
                await quiet.wait(asyncio.sleep(0.01), 60)
            assert pings == [], "waits that ended in time"
            receiving.cancel()

    run(go())
