"""A gate that several workers go through: one number of places, one queue, and nobody's death costs a place."""

import asyncio
import os
import subprocess
import sys
import time

import pytest

from gateway.errors.limits import Overloaded
from gateway.limits.concurrency import Gate
from gateway.limits.shared_concurrency import SharedGate
from gateway.limits.shared_slots import open_room


@pytest.fixture
def room():
    room = open_room(3)
    yield room
    for descriptor in room.descriptors:
        os.close(descriptor)


def gates(room, places, queue=0, wait_s=5.0):
    return [SharedGate(room, index, places, queue, wait_s) for index in range(len(room.held))]


def enter(gate):
    return asyncio.create_task(gate.enter())


def test_one_worker_may_have_all_places(room):
    async def scenario():
        one, other, _ = gates(room, 4)
        for _ in range(4):
            await one.enter()
        with pytest.raises(Overloaded, match="4 requests are under way and 0 wait"):
            await other.enter()
        one.leave()
        await other.enter()

    asyncio.run(scenario())
    assert list(room.held) == [3, 1, 0]


def test_the_queue_is_one_too(room):
    async def scenario():
        one, other, third = gates(room, 1, queue=2)
        await one.enter()
        waiting = [enter(one), enter(other)]
        await asyncio.sleep(0)
        assert list(room.waiting) == [1, 1, 0]
        with pytest.raises(Overloaded, match="1 requests are under way and 2 wait"):
            await third.enter()
        for task in waiting:
            task.cancel()

    asyncio.run(scenario())


def test_a_place_goes_to_whoever_has_waited_longest_in_any_worker(room):
    async def scenario():
        one, other, third = gates(room, 1, queue=4)
        order = []

        async def pass_through(gate, name):
            await gate.enter()
            order.append(name)
            gate.leave()

        await one.enter()
        tasks = []
        for gate, name in ((third, "a"), (other, "b"), (one, "c"), (third, "d")):
            tasks.append(asyncio.create_task(pass_through(gate, name)))
            await asyncio.sleep(0)
        one.leave()
        await asyncio.wait_for(asyncio.gather(*tasks), 1)
        return order

    assert asyncio.run(scenario()) == ["a", "b", "c", "d"]
    assert [*room.held, *room.waiting, *room.asks] == [0] * 9


def test_a_newcomer_takes_no_place_that_is_on_its_way(room):
    async def scenario():
        one, other, _ = gates(room, 1, queue=2)
        await one.enter()
        first = enter(other)
        await asyncio.sleep(0)
        one.leave()
        second = enter(one)
        await asyncio.wait_for(first, 1)
        assert not second.done()
        other.leave()
        await asyncio.wait_for(second, 1)

    asyncio.run(scenario())


def test_one_who_gives_up_as_its_place_is_on_its_way_leaves_it_to_others(room):
    async def scenario():
        one, other, third = gates(room, 1, queue=2)
        await one.enter()
        gives_up, stays = enter(other), enter(third)
        await asyncio.sleep(0)
        one.leave()
        gives_up.cancel()
        await asyncio.wait_for(stays, 1)

    asyncio.run(scenario())
    assert [*room.held, *room.waiting] == [0, 0, 1, 0, 0, 0]


def test_a_wait_has_an_end_and_leaves_the_queue_free(room):
    async def scenario():
        one, other, _ = gates(room, 1, queue=1, wait_s=0.01)
        await one.enter()
        for _ in range(2):
            with pytest.raises(Overloaded, match=r"ended within 0.01 s"):
                await other.enter()

    asyncio.run(scenario())


def test_a_dead_worker_keeps_neither_places_nor_its_turn(room):
    async def scenario():
        _, other, third = gates(room, 2, queue=3)
        room.held[0], room.waiting[0], room.asks[0] = 2, 1, 1
        waiting = [enter(other), enter(third)]
        await asyncio.sleep(0)
        room.vacate(0)
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    asyncio.run(scenario())
    assert list(room.held) == [0, 1, 1]


def test_a_worker_that_hangs_holds_up_one_place_at_most(room):
    async def scenario():
        one, other, _ = gates(room, 2, queue=3)
        await one.enter()
        await one.enter()
        room.waiting[2] = room.asks[2] = 1  # older than any
        waiting = [enter(other), enter(other)]
        await asyncio.sleep(0)
        one.leave()
        one.leave()
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    asyncio.run(scenario())


def test_more_places_let_in_who_waits_and_fewer_keep_who_is_in(room):
    async def scenario():
        one, other, _ = gates(room, 1, queue=2)
        await one.enter()
        waiting = [enter(other), enter(other)]
        await asyncio.sleep(0)
        # As a reload comes to one worker after the other.
        one.follow(Gate(3, 2, 5.0))
        other.follow(Gate(3, 2, 5.0))
        await asyncio.wait_for(asyncio.gather(*waiting), 1)
        for gate in (one, other):
            gate.follow(Gate(1, 0, 5.0))
        other.leave()
        other.leave()
        with pytest.raises(Overloaded):
            await other.enter()
        one.leave()
        await other.enter()

    asyncio.run(scenario())


WORKER = """
import asyncio, random, sys
from gateway.limits.shared_slots import Room
from gateway.limits.shared_concurrency import SharedGate

async def client(gate, rounds):
    while rounds:
        rounds -= 1
        await gate.enter()
        if random.random() < 0.2:
            await asyncio.sleep(0)
        gate.leave()

async def main(room, index, rounds):
    gate = SharedGate(Room(room), index, 5, 1000, 20.0)
    print(flush=True)
    await asyncio.gather(*(client(gate, rounds) for _ in range(10)))

asyncio.run(main(*map(int, sys.argv[1:])))
"""


def test_processes_at_full_load_never_go_beyond_the_places_and_lose_none_if_one_is_killed(room):
    def start(index, rounds):
        command = [sys.executable, "-c", WORKER, str(room.descriptor), str(index), str(rounds)]
        process = subprocess.Popen(command, pass_fds=room.descriptors, stdout=subprocess.PIPE)
        process.stdout.readline()
        return process

    # The first works until it is killed, whatever it is at just then.
    workers = [start(index, rounds) for index, rounds in enumerate((-1, 200, 200))]
    most, deadline = 0, time.monotonic() + 20
    while any(worker.poll() is None for worker in workers):
        assert time.monotonic() < deadline
        with room:
            held = list(room.held)
        most = max(most, sum(held))
        if held[0] and most == 5 and workers[0].returncode is None:
            workers[0].kill()
            workers[0].wait()
            room.vacate(0)
    assert [worker.returncode for worker in workers] == [-9, 0, 0]
    assert most == 5
    assert [*room.held, *room.waiting] == [0] * 6
    for worker in workers:
        worker.stdout.close()
