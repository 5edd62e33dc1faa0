"""Two processes that hear of each other's open breakers."""

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

from gateway.routing.shared_breakers import SharedBreakers

OPEN_S = 0.5


@pytest.fixture
def redis():
    server = redis_server.RedisServer()
    server.start()
    yield server
    server.stop()


class Place:
    """One process's breakers."""

    def __init__(self, url, port=1, open_s=5.0):
        config = GatewayConfig(
            breaker={"consecutive_failures": 1, "open_s": open_s},
            backends={"b": {"kind": "openai", "base_url": f"http://x:{port}"}},
            models={"m": {"route": [{"backend": "b"}]}},
        )
        backend = OpenAIBackend(config.backends["b"], name="b")
        states = Routes(config.models, {"b": backend}, config.retries, config.breaker, {}).states
        self.breaker = states["b"].breaker
        self.shared = SharedBreakers(SecretStr(url))
        self.shared.watch(config, states)

    def fail(self):
        self.breaker.failed(self.breaker.begin())

    async def probe(self):
        """Begin an attempt as the probe; its number, or None if another process has it."""
        return self.breaker.begin() if self.breaker.wait_s() == 0 and await self.breaker.may_begin() else None


def run(places, script):
    async def main():
        for place in places:
            place.task = asyncio.create_task(place.shared.run())
        try:
            await script()
        finally:
            for place in places:
                place.task.cancel()
            await asyncio.gather(*(place.task for place in places), return_exceptions=True)

    asyncio.run(main())


def test_an_opened_breaker_is_open_for_the_others_soon_and_for_the_rest_of_the_time(redis):
    one, other, elsewhere = Place(redis.url), Place(redis.url), Place(redis.url, port=2)

    async def script():
        one.fail()
        await asyncio.sleep(0.7)
        assert other.breaker.state == "open"
        assert 3.5 < other.breaker.wait_s() <= 4.9
        assert elsewhere.breaker.state == "closed", "the same name at another address"

    run([one, other, elsewhere], script)


def test_what_was_heard_once_does_not_open_it_again(redis):
    one, other = Place(redis.url, open_s=0.6), Place(redis.url, open_s=0.6)

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


def test_without_the_redis_each_goes_on_by_itself_and_says_so_once(redis, caplog):
    one, other = Place(redis.url), Place(redis.url)

    async def script():
        await asyncio.sleep(0.1)
        redis.stop()
        one.fail()
        await asyncio.sleep(1.2)
        assert (one.breaker.state, other.breaker.state) == ("open", "closed")
        redis.start()
        await asyncio.sleep(0.9)
        assert other.breaker.state == "open", "it is told as soon as it can be"

    run([one, other], script)
    told = [record.fields["event"] for record in caplog.records]
    assert told.count("breakers_not_shared") == 2, "once in each process"
    assert told.count("breakers_shared") == 2


async def opened(one, *others):
    """All are open and their time is over."""
    await asyncio.sleep(0.1)
    one.fail()
    await asyncio.sleep(OPEN_S + 0.05)
    assert {place.breaker.state for place in (one, *others)} == {"open"}
    assert {place.breaker.wait_s() for place in (one, *others)} == {0}


@pytest.fixture
def places(redis):
    return [Place(redis.url, open_s=OPEN_S) for _ in range(3)]


def test_one_process_probes_and_its_success_closes_it_everywhere(places):
    async def script():
        await opened(*places)
        found = await asyncio.gather(*(place.probe() for place in places))
        probes = [(place, number) for place, number in zip(places, found, strict=True) if number is not None]
        assert len(probes) == 1
        prober, number = probes[0]
        others = [place for place in places if place is not prober]
        await asyncio.sleep(0.6)
        assert {place.breaker.wait_s() for place in others} == {1}, "they stay away while the probe runs"
        prober.breaker.succeeded(number)
        await asyncio.sleep(0.35)
        assert {place.breaker.state for place in places} == {"closed"}

    run(places, script)


def test_a_failed_probe_opens_it_again_everywhere(places):
    async def script():
        one, other, _ = places
        await opened(*places)
        number = await one.probe()
        assert await other.probe() is None
        one.breaker.failed(number)
        assert await other.probe() is None, "before it heard of that"
        await asyncio.sleep(0.35)
        assert 0 < other.breaker.wait_s() < 0.2

    run(places, script)


def test_news_that_was_not_heard_yet_keeps_from_probing(places):
    one, deaf, _ = places

    async def script():
        deaf.fail()
        await opened(one, deaf)
        one.breaker.failed(await one.probe())
        await asyncio.sleep(0.1)
        assert await deaf.probe() is None
        await deaf.shared._redis.aclose()

    run([one], script)


def test_a_probe_that_is_given_up_leaves_the_claim_to_another(places):
    async def script():
        one, other, _ = places
        await opened(*places)
        number = await one.probe()
        assert await other.probe() is None
        one.breaker.abandoned(number)
        await asyncio.sleep(0.35)
        assert await other.probe() is not None

    run(places, script)


def test_a_claim_outlives_its_process_by_a_bounded_time_only(places, monkeypatch):
    monkeypatch.setattr("gateway.routing.shared_breaker.CLAIM_S", 0.6)

    async def script():
        dies, other, _ = places
        await opened(*places)
        assert await dies.probe() is not None
        await asyncio.sleep(1.2)
        assert await other.probe() is None, "it is renewed while the probe runs"
        dies.task.cancel()
        await asyncio.sleep(1.0)
        assert await other.probe() is not None

    run(places, script)


def test_a_wait_for_the_claim_that_is_given_up_leaves_it_to_another(redis, places):
    async def script():
        one, other, _ = places
        await opened(*places)
        redis.suspend()
        gives_up = asyncio.create_task(one.probe())
        await asyncio.sleep(0.05)
        gives_up.cancel()
        redis.resume()
        await asyncio.sleep(0.4)
        assert one.breaker.wait_s() == 0
        assert await other.probe() is not None

    run(places, script)


def test_without_the_redis_each_probes_by_itself(redis, places):
    async def script():
        await opened(*places)
        assert await places[0].probe() is not None
        assert await places[1].probe() is None
        redis.stop()
        await asyncio.sleep(0.4)
        assert [await place.probe() is not None for place in places] == [False, True, True]

    run(places, script)


def test_what_happens_while_the_redis_is_told_is_told_as_well(redis, monkeypatch):
    one, other = Place(redis.url), Place(redis.url)
    execute = Pipeline.execute

    async def execute_late(pipeline):
        answers = await execute(pipeline)
        monkeypatch.setattr(Pipeline, "execute", execute)
        one.breaker.close_as_told()
        one.breaker.sharing.closed()
        return answers

    async def script():
        await asyncio.sleep(0.1)
        monkeypatch.setattr(Pipeline, "execute", execute_late)
        one.fail()
        await asyncio.sleep(0.6)
        assert one.breaker.state == other.breaker.state == "closed"

    run([one, other], script)
