"""What only a store in a Redis has to get right."""

import asyncio
import signal
import time

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from gateway.errors.limits import LimitsUnavailable
from gateway.limits.keyring import Key
from gateway.limits.redis_store import TIMEOUT_S, RedisStore
from gateway.limits.store import Ticket
from keywords.engine.processes.redis import RedisServer, command


def key(request, **limits):
    """A key that no other test has used."""
    return Key(request.node.name, **limits)


def test_two_stores_on_one_redis_count_together(redis, request):
    one = key(request, rpm=10)

    async def main():
        stores = [RedisStore(SecretStr(redis.url), 60.0) for _ in range(2)]
        verdicts = await asyncio.gather(*(stores[n % 2].take(Ticket(one, 0, 0.0)) for n in range(30)))
        for store in stores:
            await store.stop()
        return [verdict.reason for verdict in verdicts]

    assert asyncio.run(main()).count("") == 10


def test_a_disconnect_during_counting_costs_nothing(redis, request):
    one = key(request, rpm=1)

    async def main():
        store = RedisStore(SecretStr(redis.url), 60.0)
        disconnected = asyncio.create_task(store.take(Ticket(one, 0, 0.0)))
        await asyncio.sleep(0)
        disconnected.cancel()
        with pytest.raises(asyncio.CancelledError):
            await disconnected
        reason = "requests"
        for _ in range(20):
            reason = (await store.take(Ticket(one, 0, 0.0))).reason
            if not reason:
                break
        await store.stop()
        return reason

    assert asyncio.run(main()) == ""


def test_without_its_redis_a_store_refuses_and_with_it_recovers(request):
    if command() is None:
        pytest.skip("No `redis-server` on the path: install it (Debian: apt install redis-server).")
    server, one = RedisServer(), key(request, rpm=5)

    async def main():
        store = RedisStore(SecretStr(server.url), 60.0)
        await store.take(Ticket(one, 0, 0.0))
        server.stop()
        began = time.monotonic()
        with pytest.raises(LimitsUnavailable):
            await store.take(Ticket(one, 0, 0.0))
        took_s = time.monotonic() - began
        server.start()
        # The restarted Redis has lost its scripts.
        verdict = await store.take(Ticket(one, 0, 0.0))
        await store.stop()
        return verdict.reason, store.failures, took_s

    server.start()
    try:
        reason, failures, took_s = asyncio.run(main())
    finally:
        server.stop()
    assert (reason, failures) == ("", 1)
    assert took_s < 1


def test_a_lease_that_is_not_renewed_expires(redis, request, monkeypatch):
    one = key(request, concurrency=1)
    monkeypatch.setattr("gateway.limits.redis_store.LEASE_S", 0.3)

    async def main():
        died, lives = (RedisStore(SecretStr(redis.url), 60.0) for _ in range(2))
        await died.take(Ticket(one, 0, 0.0))
        reasons = [(await lives.take(Ticket(one, 0, 0.0))).reason]
        await asyncio.sleep(0.4)
        await lives.start()
        reasons.append((await lives.take(Ticket(one, 0, 0.0))).reason)
        await asyncio.sleep(0.6)
        reasons.append((await died.take(Ticket(one, 0, 0.0))).reason)
        await died.stop()
        await lives.stop()
        return reasons

    # Refused while the lease of the dead store runs, then admitted; its renewed lease holds.
    assert asyncio.run(main()) == ["concurrency", "", "concurrency"]


def test_an_exact_estimate_of_tokens_is_corrected_as_well(redis, request):
    one = key(request, tpm=1000, budget_tokens=1000, budget_usd=1.0)

    async def main():
        store = RedisStore(SecretStr(redis.url), 60.0)
        ticket = Ticket(one, 100, 0.9)
        await store.take(ticket)
        store.give_back(ticket, tokens=100, usd=0.1)
        verdict = await store.take(Ticket(one, 100, 0.8))
        await store.stop()
        return verdict.reason, store.failures

    assert asyncio.run(main()) == ("", 0)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
def test_a_batch_that_a_slow_redis_did_not_answer_is_not_counted_twice(request):
    if command() is None:
        pytest.skip("No `redis-server` on the path: install it (Debian: apt install redis-server).")
    server, one = RedisServer(), key(request, budget_tokens=250)

    async def main():
        store = RedisStore(SecretStr(server.url), 60.0)
        await store.take(Ticket(one, 0, 0.0))
        server.suspend()
        asyncio.get_running_loop().call_later(TIMEOUT_S * 1.4, server.resume)
        with pytest.raises(LimitsUnavailable):
            await store.take(Ticket(one, 100, 0.0))
        await asyncio.sleep(TIMEOUT_S)
        verdict = await store.take(Ticket(one, 150, 0.0))
        await store.stop()
        return verdict.reason

    server.start()
    try:
        assert asyncio.run(main()) == ""
    finally:
        server.stop()


def test_a_redis_that_only_refuses_is_not_logged_as_available(redis, request, caplog):
    one = key(request, concurrency=1)

    async def main():
        store = RedisStore(SecretStr(redis.url), 60.0)
        client = Redis.from_url(redis.url)
        await client.set(f"llm-gateway:{{{one.id}}}:leases", "no set")
        await client.aclose()
        for _ in range(3):
            with pytest.raises(LimitsUnavailable):
                await store.take(Ticket(one, 0, 0.0))
        await store.stop()

    asyncio.run(main())
    assert [record.message for record in caplog.records] == ["limits_unavailable"]
