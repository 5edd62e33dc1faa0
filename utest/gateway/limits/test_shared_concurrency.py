"""The concurrency limiter that workers share: its slots, its queue, and that a worker's death costs no slot."""

import asyncio
import os
import subprocess
import sys
import time

import pytest

from gateway.errors.limits import Overloaded
from gateway.limits.concurrency import ConcurrencyLimiter
from gateway.limits.shared_concurrency import SharedConcurrencyLimiter
from gateway.limits.shared_slots import open_slots


@pytest.fixture
def slots():
    slots = open_slots(3)
    yield slots
    for descriptor in slots.descriptors:
        os.close(descriptor)


def limiters(slots, count, queue=0, wait_s=5.0):
    return [SharedConcurrencyLimiter(slots, index, count, queue, wait_s) for index in range(len(slots.held))]


def acquiring(limiter):
    return asyncio.create_task(limiter.acquire())


def test_one_worker_may_hold_all_slots(slots):
    async def scenario():
        one, other, _ = limiters(slots, 4)
        for _ in range(4):
            await one.acquire()
        with pytest.raises(Overloaded, match="4 requests are under way and 0 wait"):
            await other.acquire()
        one.release()
        await other.acquire()

    asyncio.run(scenario())
    assert list(slots.held) == [3, 1, 0]


def test_the_workers_share_one_queue(slots):
    async def scenario():
        one, other, third = limiters(slots, 1, queue=2)
        await one.acquire()
        waiting = [acquiring(one), acquiring(other)]
        await asyncio.sleep(0)
        assert list(slots.waiting) == [1, 1, 0]
        with pytest.raises(Overloaded, match="1 requests are under way and 2 wait"):
            await third.acquire()
        for task in waiting:
            task.cancel()

    asyncio.run(scenario())


def test_a_slot_goes_to_the_longest_wait_in_any_worker(slots):
    async def scenario():
        one, other, third = limiters(slots, 1, queue=4)
        order = []

        async def pass_through(limiter, name):
            await limiter.acquire()
            order.append(name)
            limiter.release()

        await one.acquire()
        tasks = []
        for limiter, name in ((third, "a"), (other, "b"), (one, "c"), (third, "d")):
            tasks.append(asyncio.create_task(pass_through(limiter, name)))
            await asyncio.sleep(0)
        one.release()
        await asyncio.wait_for(asyncio.gather(*tasks), 1)
        return order

    assert asyncio.run(scenario()) == ["a", "b", "c", "d"]
    assert [*slots.held, *slots.waiting, *slots.waiting_since] == [0] * 9


def test_a_new_request_takes_no_slot_that_is_offered_to_another(slots):
    async def scenario():
        one, other, _ = limiters(slots, 1, queue=2)
        await one.acquire()
        first = acquiring(other)
        await asyncio.sleep(0)
        one.release()
        second = acquiring(one)
        await asyncio.wait_for(first, 1)
        assert not second.done()
        other.release()
        await asyncio.wait_for(second, 1)

    asyncio.run(scenario())


def test_a_slot_offered_to_a_cancelled_wait_goes_to_others(slots):
    async def scenario():
        one, other, third = limiters(slots, 1, queue=2)
        await one.acquire()
        cancelled, stays = acquiring(other), acquiring(third)
        await asyncio.sleep(0)
        one.release()
        cancelled.cancel()
        await asyncio.wait_for(stays, 1)

    asyncio.run(scenario())
    assert [*slots.held, *slots.waiting] == [0, 0, 1, 0, 0, 0]


def test_a_wait_is_bounded_and_leaves_the_queue_free(slots):
    async def scenario():
        one, other, _ = limiters(slots, 1, queue=1, wait_s=0.01)
        await one.acquire()
        for _ in range(2):
            with pytest.raises(Overloaded, match=r"ended within 0.01 s"):
                await other.acquire()

    asyncio.run(scenario())


def test_a_dead_worker_keeps_neither_slots_nor_waits(slots):
    async def scenario():
        _, other, third = limiters(slots, 2, queue=3)
        slots.held[0], slots.waiting[0], slots.waiting_since[0] = 2, 1, 1
        waiting = [acquiring(other), acquiring(third)]
        await asyncio.sleep(0)
        slots.release(0)
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    asyncio.run(scenario())
    assert list(slots.held) == [0, 1, 1]


def test_a_worker_that_hangs_holds_up_one_slot_at_most(slots):
    async def scenario():
        one, other, _ = limiters(slots, 2, queue=3)
        await one.acquire()
        await one.acquire()
        slots.waiting[2] = slots.waiting_since[2] = 1  # older than any
        waiting = [acquiring(other), acquiring(other)]
        await asyncio.sleep(0)
        one.release()
        one.release()
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    asyncio.run(scenario())


def test_more_slots_admit_waiting_requests_and_fewer_keep_those_under_way(slots):
    async def scenario():
        one, other, _ = limiters(slots, 1, queue=2)
        await one.acquire()
        waiting = [acquiring(other), acquiring(other)]
        await asyncio.sleep(0)
        # A reload reaches one worker after the other.
        one.adopt(ConcurrencyLimiter(3, 2, 5.0))
        other.adopt(ConcurrencyLimiter(3, 2, 5.0))
        await asyncio.wait_for(asyncio.gather(*waiting), 1)
        for limiter in (one, other):
            limiter.adopt(ConcurrencyLimiter(1, 0, 5.0))
        other.release()
        other.release()
        with pytest.raises(Overloaded):
            await other.acquire()
        one.release()
        await other.acquire()

    asyncio.run(scenario())


WORKER = """
import asyncio, random, sys
from gateway.limits.shared_slots import SharedSlots
from gateway.limits.shared_concurrency import SharedConcurrencyLimiter

async def client(limiter, rounds):
    while rounds:
        rounds -= 1
        await limiter.acquire()
        if random.random() < 0.2:
            await asyncio.sleep(0)
        limiter.release()

async def main(slots, index, rounds):
    limiter = SharedConcurrencyLimiter(SharedSlots(slots), index, 5, 1000, 20.0)
    print(flush=True)
    await asyncio.gather(*(client(limiter, rounds) for _ in range(10)))

asyncio.run(main(*map(int, sys.argv[1:])))
"""


def test_processes_at_full_load_never_exceed_the_slots_and_lose_none_if_one_is_killed(slots):
    def start(index, rounds):
        command = [sys.executable, "-c", WORKER, str(slots.descriptor), str(index), str(rounds)]
        process = subprocess.Popen(command, pass_fds=slots.descriptors, stdout=subprocess.PIPE)
        process.stdout.readline()
        return process

    # The first one works until it is killed, at an arbitrary moment.
    workers = [start(index, rounds) for index, rounds in enumerate((-1, 200, 200))]
    most, deadline = 0, time.monotonic() + 20
    while any(worker.poll() is None for worker in workers):
        assert time.monotonic() < deadline
        with slots:
            held = list(slots.held)
        most = max(most, sum(held))
        if held[0] and most == 5 and workers[0].returncode is None:
            workers[0].kill()
            workers[0].wait()
            slots.release(0)
    assert [worker.returncode for worker in workers] == [-9, 0, 0]
    assert most == 5
    assert [*slots.held, *slots.waiting] == [0] * 6
    for worker in workers:
        worker.stdout.close()
