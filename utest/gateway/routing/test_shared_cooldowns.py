"""Cooldowns that several processes share through a Redis."""

import asyncio
import importlib.util
from contextlib import asynccontextmanager

import pytest
import redis.asyncio

from gateway.routing.cooldown import LONGEST_S, TEST_S, Cooldown
from gateway.routing.shared_cooldowns import KEY, SharedCooldowns
from keywords.engine.processes import redis as redis_server

if importlib.util.find_spec("redis") is None or redis_server.command() is None:
    pytest.skip("needs the package redis and a Redis", allow_module_level=True)


@pytest.fixture(scope="module")
def server():
    server = redis_server.RedisServer()
    server.start()
    yield server
    server.stop()


class Process:
    """The cooldowns `a` and `b` of one process, on a clock that the test advances."""

    def __init__(self, connection):
        self.now = 100.0
        self.cooldowns = {name: Cooldown(name, "m", lambda: self.now) for name in "ab"}
        self.shared = SharedCooldowns(connection)
        self.shared.watch(self.cooldowns)
        self.connection = connection

    def start(self, name, wait_s):
        cooldown = self.cooldowns[name]
        cooldown.start(cooldown.statement, wait_s)

    def end(self, name):
        cooldown = self.cooldowns[name]
        cooldown.end(cooldown.statement)

    def waits(self):
        return {name: round(cooldown.wait_s()) for name, cooldown in self.cooldowns.items() if cooldown.wait_s()}


@asynccontextmanager
async def processes(server, count=2):
    async with redis.asyncio.Redis.from_url(server.url, decode_responses=True) as connection:
        await connection.flushall()
        yield [Process(connection) for _ in range(count)]


def run(script, server):
    async def main():
        async with processes(server) as both:
            await script(*both)

    asyncio.run(main())


def test_what_one_process_was_told_the_others_know(server):
    async def script(one, other):
        one.start("a", 20)
        await one.shared.exchange()
        await other.shared.exchange()
        assert other.waits() == {"a": 20}

    run(script, server)


def test_a_success_of_one_process_ends_it_for_the_others(server):
    async def script(one, other):
        one.start("a", 20)
        one.start("b", 30)
        await one.shared.exchange()
        await other.shared.exchange()
        other.end("a")
        await other.shared.exchange()
        await one.shared.exchange()
        assert one.waits() == other.waits() == {"b": 30}

    run(script, server)


def test_a_change_that_is_not_published_yet_is_not_overruled(server):
    async def script(one, other):
        one.start("a", 20)
        await one.shared.exchange()
        other.start("b", 10)
        publish = other.shared._exchange

        async def learn_meanwhile(*arguments):
            found = await publish(*arguments)
            other.start("a", 50)
            return found

        other.shared._exchange = learn_meanwhile
        await other.shared.exchange()
        assert other.waits() == {"a": 50, "b": 10}
        other.shared._exchange = publish
        await other.shared.exchange()
        await one.shared.exchange()
        assert one.waits() == {"a": 50, "b": 10}

    run(script, server)


def test_a_jump_of_the_redis_clock_keeps_nothing_spared(server):
    async def script(one, other):
        one.start("a", 20)
        await one.shared.exchange()
        # As after the clock went two hours back.
        value = await one.connection.hget(KEY, "a")
        change, ends_at = value.split()
        await one.connection.hset(KEY, "a", f"{change} {int(ends_at) + 7_200_000}")
        await one.shared.exchange()
        await other.shared.exchange()
        assert (one.waits(), other.waits()) == ({"a": 20}, {"a": LONGEST_S})
        other.now += LONGEST_S
        await other.shared.exchange()
        assert other.waits() == {}, "it is applied once"

    run(script, server)


def test_what_is_over_or_unknown_is_left_out(server):
    async def script(one, other):
        one.start("a", 0.05)
        await one.shared.exchange()
        await one.connection.hset(KEY, mapping={"junk": "not a cooldown", "removed": "ab 9999999999999"})
        await asyncio.sleep(0.06)
        await other.shared.exchange()
        assert other.waits() == {}
        assert await one.connection.hkeys(KEY) == ["removed"]

    run(script, server)


def test_that_the_redis_forgets_what_is_over_does_not_end_the_test_of_the_backend(server):
    async def script(one, _):
        one.start("a", 0.05)
        await one.shared.exchange()
        one.now += 0.05
        await asyncio.sleep(0.06)
        test = one.cooldowns["a"].begin()
        await one.shared.exchange()
        assert one.cooldowns["a"].wait_s() == TEST_S
        one.cooldowns["a"].end(test)
        assert one.waits() == {}

    run(script, server)


def test_a_failed_exchange_is_made_up_for(server):
    async def script(one, other):
        publish = one.shared._exchange

        async def fail(*_):
            raise ConnectionResetError

        one.shared._exchange = fail
        one.start("a", 20)
        with pytest.raises(ConnectionResetError):
            await one.shared.exchange()
        one.now += 5
        one.shared._exchange = publish
        await one.shared.exchange()
        await other.shared.exchange()
        assert one.waits() == other.waits() == {"a": 15}

    run(script, server)


def test_cooldowns_of_a_new_configuration_are_shared_in_place_of_the_old_ones(server):
    async def script(one, other):
        one.shared.watch({"a": one.cooldowns["a"]})
        one.start("a", 20)
        await one.shared.exchange()
        other.start("b", 10)
        await other.shared.exchange()
        await one.shared.exchange()
        assert (one.waits(), other.waits()) == ({"a": 20}, {"a": 20, "b": 10})

    run(script, server)
