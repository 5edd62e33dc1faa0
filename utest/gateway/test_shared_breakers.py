"""Two processes that hear of each other's open breakers."""

import asyncio
import importlib.util

import pytest
from pydantic import SecretStr

from gateway.backends.openai import OpenAIBackend
from gateway.config import Config
from gateway.routing import Routes
from keywords.engine import redis_server

if importlib.util.find_spec("redis") is None or redis_server.command() is None:
    pytest.skip("needs the package redis and a Redis", allow_module_level=True)

from gateway.shared_breakers import SharedBreakers


@pytest.fixture
def redis():
    server = redis_server.RedisServer()
    server.start()
    yield server
    server.stop()


class Place:
    """One process's breakers."""

    def __init__(self, url, port=1, open_s=5.0):
        config = Config(
            breaker={"consecutive_failures": 1, "open_s": open_s},
            backends={"b": {"kind": "openai", "base_url": f"http://x:{port}"}},
            models={"m": {"route": [{"backend": "b"}]}},
        )
        backend = OpenAIBackend(config.backends["b"], name="b")
        standings = Routes(config.models, {"b": backend}, config.retries, config.breaker, {}).standings
        self.breaker = standings["b"].breaker
        self.shared = SharedBreakers(SecretStr(url))
        self.shared.watch(config, standings)

    def fail(self):
        self.breaker.failed(self.breaker.begin())


def run(places, script):
    async def main():
        tasks = [asyncio.create_task(place.shared.run()) for place in places]
        try:
            await script()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

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
