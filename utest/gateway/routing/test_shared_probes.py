"""One process of several probes a backend that fails."""

import asyncio

import pytest

from utest.gateway.routing.shared_processes import Process, run, until

OPEN_S = 0.5


async def opened(one, *others):
    """Open the breaker in all processes and wait until its open time is over."""
    await asyncio.sleep(0.1)
    one.fail()
    await until(lambda: {(each.breaker.state, each.breaker.wait_s()) for each in (one, *others)} == {("open", 0)})


async def until_probed(process):
    """Wait until a process may probe, and let it."""
    async with asyncio.timeout(15):
        while await process.probe() is None:  # noqa: ASYNC110  # the same
            await asyncio.sleep(0.05)


@pytest.fixture
def processes(redis):
    return [Process(redis.url, open_s=OPEN_S) for _ in range(3)]


def test_one_process_probes_and_its_success_closes_it_everywhere(processes):
    async def script():
        await opened(*processes)
        generations = await asyncio.gather(*(process.probe() for process in processes))
        probes = [pair for pair in zip(processes, generations, strict=True) if pair[1] is not None]
        assert len(probes) == 1
        prober, generation = probes[0]
        others = [process for process in processes if process is not prober]
        await asyncio.sleep(0.6)
        assert {process.breaker.wait_s() for process in others} == {1}, (
            "none of them attempts anything while the probe runs"
        )
        prober.breaker.succeeded(generation)
        await until(lambda: {process.breaker.state for process in processes} == {"closed"})

    run(processes, script)


def test_a_failed_probe_opens_it_again_everywhere(processes):
    async def script():
        one, other, _ = processes
        await opened(*processes)
        generation = await one.probe()
        assert await other.probe() is None
        one.breaker.failed(generation)
        assert await other.probe() is None, "the announcement has not arrived yet"
        await until(lambda: 0 < other.breaker.wait_s() < OPEN_S)

    run(processes, script)


def test_an_announcement_not_yet_applied_prevents_a_probe(processes):
    one, offline, _ = processes

    async def script():
        offline.fail()
        await opened(one, offline)
        one.breaker.failed(await one.probe())
        await asyncio.sleep(0.1)
        assert await offline.probe() is None
        await offline.shared._redis.aclose()

    run([one], script)


def test_an_abandoned_probe_releases_its_lease(processes):
    async def script():
        one, other, _ = processes
        await opened(*processes)
        generation = await one.probe()
        assert await other.probe() is None
        one.breaker.abandoned(generation)
        await until_probed(other)

    run(processes, script)


def test_a_lease_outlives_its_process_by_a_bounded_time_only(processes, monkeypatch):
    monkeypatch.setattr("gateway.routing.shared_breaker.LEASE_S", 0.6)

    async def script():
        dies, other, _ = processes
        await opened(*processes)
        assert await dies.probe() is not None
        await asyncio.sleep(1.2)
        assert await other.probe() is None, "it is renewed while the probe runs"
        dies.task.cancel()
        await until_probed(other)

    run(processes, script)


def test_a_cancelled_wait_for_the_lease_releases_it(redis, processes):
    async def script():
        one, other, _ = processes
        await opened(*processes)
        redis.suspend()
        cancelled = asyncio.create_task(one.probe())
        await asyncio.sleep(0.05)
        cancelled.cancel()
        redis.resume()
        await until(lambda: one.breaker.wait_s() == 0)
        await until_probed(other)

    run(processes, script)


def test_without_the_redis_each_probes_by_itself(redis, processes):
    async def script():
        await opened(*processes)
        assert await processes[0].probe() is not None
        assert await processes[1].probe() is None
        redis.stop()
        await asyncio.sleep(0.4)
        assert [await process.probe() is not None for process in processes] == [False, True, True]

    run(processes, script)


def test_an_attempt_beside_a_probe_leaves_the_probe_alone(processes):
    async def script():
        one, other, _ = processes
        for process in processes:
            process.breaker.refuses = False
        await opened(*processes)
        probe = await one.probe()
        assert await one.breaker.may_begin(), "no other backend is left"
        beside = one.breaker.begin()
        one.breaker.failed(beside)
        one.breaker.abandoned(beside)
        assert one.breaker.state == "half-open"
        assert await other.probe() is None, "the probe still runs"
        one.breaker.succeeded(probe)
        assert one.breaker.state == "closed"

    run(processes, script)
