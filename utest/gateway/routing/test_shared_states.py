"""Breakers and cooldowns that several processes share through a Redis."""

import asyncio

import pytest

from utest.gateway.routing.shared_processes import Lenient, Process, run, until

Pipeline = pytest.importorskip("redis.asyncio.client").Pipeline


def test_an_opened_breaker_is_open_for_the_others_soon_and_for_the_rest_of_the_time(redis):
    one, other, elsewhere = (Process(redis.url, port, open_s=60.0) for port in (1, 1, 2))

    async def script():
        one.fail()
        await until(lambda: other.breaker.state == "open")
        assert other.breaker.wait_s() == pytest.approx(one.breaker.wait_s(), abs=0.5)
        assert elsewhere.breaker.state == "closed", "the same name at another address"

    run([one, other, elsewhere], script)


def test_an_announcement_is_applied_once(redis):
    one, other = Process(redis.url, open_s=0.6), Process(redis.url, open_s=0.6)

    async def script():
        one.fail()
        await until(lambda: other.breaker.state == "open" and other.breaker.wait_s() == 0)
        other.breaker.succeeded(other.breaker.begin())
        await asyncio.sleep(0.6)
        assert other.breaker.state == "closed"
        one.breaker.failed(one.breaker.begin())
        # A failed probe opens it again everywhere.
        await until(lambda: other.breaker.state == "open")

    run([one, other], script)


def test_without_the_redis_each_process_decides_by_itself_and_logs_it_once(redis, caplog):
    one, other = Process(redis.url, open_s=60.0), Process(redis.url, open_s=60.0)

    def logged(event):
        return [record.fields["event"] for record in caplog.records].count(event)

    async def script():
        await asyncio.sleep(0.1)
        redis.stop()
        one.fail()
        await until(lambda: logged("breakers_not_shared") == 2)
        assert (one.breaker.state, other.breaker.state) == ("open", "closed")
        redis.start()
        # It is announced as soon as the Redis answers.
        await until(lambda: other.breaker.state == "open" and logged("breakers_shared") == 2)

    run([one, other], script)
    assert (logged("breakers_not_shared"), logged("breakers_shared")) == (2, 2), "once in each process"


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


def test_breakers_without_a_condition_are_shared_too(redis):
    one, other = Lenient(redis.url), Lenient(redis.url)

    async def script():
        await asyncio.sleep(0.1)
        for _ in range(5):
            one.fail()
        await until(lambda: other.breaker.state == "open")

    run([one, other], script)


def test_cooldowns_are_shared_within_the_same_time(redis):
    one, other = Lenient(redis.url), Lenient(redis.url)

    async def script():
        await asyncio.sleep(0.1)
        cooldown = one.routes.cooldowns["b", "m"]
        cooldown.start(cooldown.statement, 20)
        await until(lambda: other.routes.cooldowns["b", "m"].wait_s() > 0)
        assert other.routes.cooldowns["b", "m"].wait_s() <= 20
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
        await until(lambda: other.breaker.state == "open")
        assert reads

    run([one, other], script)
