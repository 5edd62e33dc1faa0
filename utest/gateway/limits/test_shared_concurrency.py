"""A concurrency that several workers go through: one number of places, one queue, and nobody's death costs a place."""

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


def gates(slots, places, queue=0, wait_s=5.0):
    return [SharedConcurrencyLimiter(slots, index, places, queue, wait_s) for index in range(len(slots.held))]


def enter(concurrency):
    return asyncio.create_task(concurrency.acquire())


def test_one_worker_may_have_all_places(slots):
    async def scenario():
        one, other, _ = gates(slots, 4)
        for _ in range(4):
            await one.acquire()
        with pytest.raises(Overloaded, match="4 requests are under way and 0 wait"):
            await other.acquire()
        one.release()
        await other.acquire()

    asyncio.run(scenario())
    assert list(slots.held) == [3, 1, 0]


def test_the_queue_is_one_too(slots):
    async def scenario():
        one, other, third = gates(slots, 1, queue=2)
        await one.acquire()
        waiting = [enter(one), enter(other)]
        await asyncio.sleep(0)
        assert list(slots.waiting) == [1, 1, 0]
        with pytest.raises(Overloaded, match="1 requests are under way and 2 wait"):
            await third.acquire()
        for task in waiting:
            task.cancel()

    asyncio.run(scenario())


def test_a_place_goes_to_whoever_has_waited_longest_in_any_worker(slots):
    async def scenario():
        one, other, third = gates(slots, 1, queue=4)
        order = []

        async def pass_through(concurrency, name):
            await concurrency.acquire()
            order.append(name)
            concurrency.release()

        await one.acquire()
        tasks = []
        for concurrency, name in ((third, "a"), (other, "b"), (one, "c"), (third, "d")):
            tasks.append(asyncio.create_task(pass_through(concurrency, name)))
            await asyncio.sleep(0)
        one.release()
        await asyncio.wait_for(asyncio.gather(*tasks), 1)
        return order

    assert asyncio.run(scenario()) == ["a", "b", "c", "d"]
    assert [*slots.held, *slots.waiting, *slots.waiting_since] == [0] * 9


def test_a_newcomer_takes_no_place_that_is_on_its_way(slots):
    async def scenario():
        one, other, _ = gates(slots, 1, queue=2)
        await one.acquire()
        first = enter(other)
        await asyncio.sleep(0)
        one.release()
        second = enter(one)
        await asyncio.wait_for(first, 1)
        assert not second.done()
        other.release()
        await asyncio.wait_for(second, 1)

    asyncio.run(scenario())


def test_one_who_gives_up_as_its_place_is_on_its_way_leaves_it_to_others(slots):
    async def scenario():
        one, other, third = gates(slots, 1, queue=2)
        await one.acquire()
        gives_up, stays = enter(other), enter(third)
        await asyncio.sleep(0)
        one.release()
        gives_up.cancel()
        await asyncio.wait_for(stays, 1)

    asyncio.run(scenario())
    assert [*slots.held, *slots.waiting] == [0, 0, 1, 0, 0, 0]


def test_a_wait_has_an_end_and_leaves_the_queue_free(slots):
    async def scenario():
        one, other, _ = gates(slots, 1, queue=1, wait_s=0.01)
        await one.acquire()
        for _ in range(2):
            with pytest.raises(Overloaded, match=r"ended within 0.01 s"):
                await other.acquire()

    asyncio.run(scenario())


def test_a_dead_worker_keeps_neither_places_nor_its_turn(slots):
    async def scenario():
        _, other, third = gates(slots, 2, queue=3)
        slots.held[0], slots.waiting[0], slots.waiting_since[0] = 2, 1, 1
        waiting = [enter(other), enter(third)]
        await asyncio.sleep(0)
        slots.release(0)
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    asyncio.run(scenario())
    assert list(slots.held) == [0, 1, 1]


def test_a_worker_that_hangs_holds_up_one_place_at_most(slots):
    async def scenario():
        one, other, _ = gates(slots, 2, queue=3)
        await one.acquire()
        await one.acquire()
        slots.waiting[2] = slots.waiting_since[2] = 1  # older than any
        waiting = [enter(other), enter(other)]
        await asyncio.sleep(0)
        one.release()
        one.release()
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    asyncio.run(scenario())


def test_more_places_let_in_who_waits_and_fewer_keep_who_is_in(slots):
    async def scenario():
        one, other, _ = gates(slots, 1, queue=2)
        await one.acquire()
        waiting = [enter(other), enter(other)]
        await asyncio.sleep(0)
        # As a reload comes to one worker after the other.
        one.adopt(ConcurrencyLimiter(3, 2, 5.0))
        other.adopt(ConcurrencyLimiter(3, 2, 5.0))
        await asyncio.wait_for(asyncio.gather(*waiting), 1)
        for concurrency in (one, other):
            concurrency.adopt(ConcurrencyLimiter(1, 0, 5.0))
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

async def client(concurrency, rounds):
    while rounds:
        rounds -= 1
        await concurrency.acquire()
        if random.random() < 0.2:
            await asyncio.sleep(0)
        concurrency.release()

async def main(slots, index, rounds):
    concurrency = SharedConcurrencyLimiter(SharedSlots(slots), index, 5, 1000, 20.0)
    print(flush=True)
    await asyncio.gather(*(client(concurrency, rounds) for _ in range(10)))

asyncio.run(main(*map(int, sys.argv[1:])))
"""


def test_processes_at_full_load_never_go_beyond_the_places_and_lose_none_if_one_is_killed(slots):
    def start(index, rounds):
        command = [sys.executable, "-c", WORKER, str(slots.descriptor), str(index), str(rounds)]
        process = subprocess.Popen(command, pass_fds=slots.descriptors, stdout=subprocess.PIPE)
        process.stdout.readline()
        return process

    # The first works until it is killed, whatever it is at just then.
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
