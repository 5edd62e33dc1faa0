"""Breakers that several processes share through a Redis."""

import asyncio
import importlib.util

import pytest
from pydantic import SecretStr

from gateway.backends.kinds import GatewayConfig
from gateway.backends.openai.backend import OpenAIBackend
from gateway.routing.routes import Routes
from keywords.engine.processes import redis as redis_server

if importlib.util.find_spec("redis") is None or redis_server.command() is None:
    pytest.skip("needs the package redis and a Redis", allow_module_level=True)

from redis.asyncio.client import Pipeline

from gateway.routing.shared_states import SharedStates

OPEN_S = 0.5


@pytest.fixture
def redis():
    server = redis_server.RedisServer()
    server.start()
    yield server
    server.stop()


class Process:
    """The breaker of one process."""

    consecutive_failures = 1
    names = "b"

    def __init__(self, url, port=1, open_s=5.0):
        config = GatewayConfig(
            breaker={"consecutive_failures": self.consecutive_failures, "open_s": open_s},
            backends={name: {"kind": "openai", "base_url": f"http://x:{port}"} for name in self.names},
            models={"m": {"route": [{"backend": name} for name in self.names]}},
        )
        backends = {name: OpenAIBackend(config.backends[name], name=name) for name in self.names}
        self.routes = Routes(config, backends, {}, {})
        self.breaker = self.routes.states["b"].breaker
        self.shared = SharedStates(SecretStr(url))
        self.shared.watch(config, self.routes)

    def fail(self):
        self.breaker.failed(self.breaker.begin())

    async def probe(self):
        """Begin an attempt as the probe; its generation, or None if another process has the lease."""
        return self.breaker.begin() if self.breaker.wait_s() == 0 and await self.breaker.may_begin() else None


class Lenient(Process):
    """A process without a condition for its breakers, and a route of two backends."""

    consecutive_failures = None
    names = "bc"


def run(processes, script):
    async def main():
        for process in processes:
            process.task = asyncio.create_task(process.shared.run())
        try:
            await script()
        finally:
            for process in processes:
                process.task.cancel()
            await asyncio.gather(*(process.task for process in processes), return_exceptions=True)

    asyncio.run(main())


def test_an_opened_breaker_is_open_for_the_others_soon_and_for_the_rest_of_the_time(redis):
    one, other, elsewhere = Process(redis.url), Process(redis.url), Process(redis.url, port=2)

    async def script():
        one.fail()
        await asyncio.sleep(0.7)
        assert other.breaker.state == "open"
        assert 3.5 < other.breaker.wait_s() <= 4.9
        assert elsewhere.breaker.state == "closed", "the same name at another address"

    run([one, other, elsewhere], script)


def test_an_announcement_is_applied_once(redis):
    one, other = Process(redis.url, open_s=0.6), Process(redis.url, open_s=0.6)

    async def script():
        one.fail()
        await asyncio.sleep(0.7)
        other.breaker.succeeded(other.breaker.begin())
        await asyncio.sleep(0.6)
        assert other.breaker.state == "closed"
        one.breaker.failed(one.breaker.begin())
        await asyncio.sleep(0.5)
        assert other.breaker.state == "open", "a failed probe opens it again everywhere"

    run([one, other], script)


def test_without_the_redis_each_process_decides_by_itself_and_logs_it_once(redis, caplog):
    one, other = Process(redis.url), Process(redis.url)

    async def script():
        await asyncio.sleep(0.1)
        redis.stop()
        one.fail()
        await asyncio.sleep(1.2)
        assert (one.breaker.state, other.breaker.state) == ("open", "closed")
        redis.start()
        await asyncio.sleep(0.9)
        assert other.breaker.state == "open", "it is announced as soon as the Redis answers"

    run([one, other], script)
    logged = [record.fields["event"] for record in caplog.records]
    assert logged.count("breakers_not_shared") == 2, "once in each process"
    assert logged.count("breakers_shared") == 2


def test_sharing_ends_though_a_call_of_the_redis_loses_the_cancellation(monkeypatch):
    process = Process("redis://127.0.0.1:1/0")

    async def main():
        called = asyncio.Event()

        async def lose_the_first_cancellation():
            is_first = not called.is_set()
            called.set()
            try:
                await asyncio.sleep(5.0)
            except asyncio.CancelledError:
                if not is_first:
                    raise

        monkeypatch.setattr(process.shared, "_poll", lose_the_first_cancellation)
        task = asyncio.create_task(process.shared.run())
        await called.wait()
        task.cancel()
        await asyncio.wait([task], timeout=2.0)
        assert task.done()

    asyncio.run(main())


async def opened(one, *others):
    """Open the breaker in all processes and wait until its open time is over."""
    await asyncio.sleep(0.1)
    one.fail()
    async with asyncio.timeout(5):
        while {(each.breaker.state, each.breaker.wait_s()) for each in (one, *others)} != {("open", 0)}:  # noqa: ASYNC110  # the clock has no event
            await asyncio.sleep(0.01)


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
        await asyncio.sleep(0.35)
        assert {process.breaker.state for process in processes} == {"closed"}

    run(processes, script)


def test_a_failed_probe_opens_it_again_everywhere(processes):
    async def script():
        one, other, _ = processes
        await opened(*processes)
        generation = await one.probe()
        assert await other.probe() is None
        one.breaker.failed(generation)
        assert await other.probe() is None, "the announcement has not arrived yet"
        await asyncio.sleep(0.35)
        assert 0 < other.breaker.wait_s() < 0.2

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
        await asyncio.sleep(0.35)
        assert await other.probe() is not None

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
        await asyncio.sleep(1.0)
        assert await other.probe() is not None

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
        await asyncio.sleep(0.4)
        assert one.breaker.wait_s() == 0
        assert await other.probe() is not None

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


def test_a_change_during_publishing_is_published_as_well(redis, monkeypatch):
    one, other = Process(redis.url), Process(redis.url)
    execute = Pipeline.execute

    async def execute_late(pipeline):
        answers = await execute(pipeline)
        monkeypatch.setattr(Pipeline, "execute", execute)
        one.breaker.apply_remote_close()
        one.breaker.coordination.announce_closed()
        return answers

    async def script():
        await asyncio.sleep(0.1)
        monkeypatch.setattr(Pipeline, "execute", execute_late)
        one.fail()
        await asyncio.sleep(0.6)
        assert one.breaker.state == other.breaker.state == "closed"

    run([one, other], script)


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


def test_breakers_without_a_condition_are_shared_too(redis):
    one, other = Lenient(redis.url), Lenient(redis.url)

    async def script():
        await asyncio.sleep(0.1)
        for _ in range(5):
            one.fail()
        await asyncio.sleep(0.7)
        assert other.breaker.state == "open"

    run([one, other], script)


def test_cooldowns_are_shared_within_the_same_time(redis):
    one, other = Lenient(redis.url), Lenient(redis.url)

    async def script():
        await asyncio.sleep(0.1)
        cooldown = one.routes.cooldowns["b", "m"]
        cooldown.start(cooldown.statement, 20)
        await asyncio.sleep(0.7)
        assert 15 < other.routes.cooldowns["b", "m"].wait_s() <= 20
        assert other.routes.cooldowns["c", "m"].wait_s() == 0

    run([one, other], script)


def test_closed_breakers_are_read_only_after_an_announcement(redis, monkeypatch):
    one, other = Process(redis.url), Process(redis.url)
    reads = []
    mget = other.shared._redis.mget

    async def script():
        await asyncio.sleep(0.4)
        monkeypatch.setattr(other.shared._redis, "mget", lambda keys: reads.append(keys) or mget(keys))
        await asyncio.sleep(0.6)
        assert reads == []
        one.fail()
        await asyncio.sleep(0.6)
        assert reads
        assert other.breaker.state == "open"

    run([one, other], script)
