"""What is charged while the Redis of the limits is killed, restarted, or hangs."""

import asyncio
import contextlib
import signal
import time

import pytest
from pydantic import SecretStr

from gateway.errors.limits import LimitsUnavailable
from gateway.limits import redis_store
from gateway.limits.keyring import Key
from gateway.limits.redis_store import TIMEOUT_S, RedisStore, spent
from gateway.limits.store import Ticket
from keywords.engine.processes.redis import RedisServer, command

BUDGET = 10**6
hangs = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")


@pytest.fixture
def server(tmp_path, request, monkeypatch):
    """A Redis that keeps its data on disk, unless the test's parameter is `forgets`."""
    if command() is None:
        pytest.skip("No `redis-server` on the path: install it (Debian: apt install redis-server).")
    monkeypatch.setattr(redis_store, "RETRY_S", 0.05)
    server = RedisServer(None if getattr(request, "param", "") == "forgets" else tmp_path)
    server.start()
    yield server
    server.resume()
    server.stop()


def key(**limits):
    return Key("alice", budget_tokens=BUDGET, **limits)


def tokens_spent(server):
    return spent(SecretStr(server.url), ["alice"]).get("alice", (0, 0.0))[0]


async def charged(server, tokens, within_s=5.0):
    """Whether the budget shows these tokens soon, and still a moment later."""

    async def are_charged():
        while await asyncio.to_thread(tokens_spent, server) != tokens:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.02)

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(are_charged(), within_s)
    await asyncio.sleep(0.2)
    assert await asyncio.to_thread(tokens_spent, server) == tokens


async def taken(store, one, count, tokens=1000):
    tickets = [Ticket(one, tokens, 0.0) for _ in range(count)]
    verdicts = await asyncio.gather(*map(store.take, tickets))
    assert {verdict.reason for verdict in verdicts} == {""}
    return tickets


async def refused(store, one, count, tokens=1000):
    results = await asyncio.gather(
        *(store.take(Ticket(one, tokens, 0.0)) for _ in range(count)), return_exceptions=True
    )
    assert {type(result) for result in results} == {LimitsUnavailable}


def run(server, scenario):
    async def main():
        store = RedisStore(SecretStr(server.url), 60.0)
        await store.start()
        try:
            await scenario(store)
        finally:
            await store.stop()

    asyncio.run(main())


def test_what_requests_used_while_the_redis_was_away_is_charged(server):
    async def scenario(store):
        tickets = await taken(store, key(), 20)
        server.stop()
        for ticket in tickets:
            store.give_back(ticket, tokens=12, usd=0.0)
        await asyncio.sleep(0.2)
        server.start()
        await charged(server, 240)

    run(server, scenario)


def test_what_requests_used_is_charged_with_the_next_request_too(server, monkeypatch):
    monkeypatch.setattr(redis_store, "RETRY_S", 60.0)

    async def scenario(store):
        tickets = await taken(store, key(), 20)
        server.stop()
        for ticket in tickets:
            store.give_back(ticket, tokens=12, usd=0.0)
        await refused(store, key(), 3)
        server.start()
        await taken(store, key(), 1)
        await charged(server, 1240)

    run(server, scenario)


@hangs
@pytest.mark.parametrize("hanging_s", [TIMEOUT_S * 1.2, TIMEOUT_S * 3.5], ids=["one batch", "several batches"])
def test_a_refused_request_that_a_hanging_redis_counts_later_is_not_charged(server, hanging_s):
    async def scenario(store):
        (under_way,) = await taken(store, key(), 1)
        server.suspend()
        resumed = asyncio.get_running_loop().call_later(hanging_s, server.resume)
        await refused(store, key(), 20)
        store.give_back(under_way, tokens=12, usd=0.0)
        with contextlib.suppress(LimitsUnavailable):
            while time.monotonic() < resumed.when() - TIMEOUT_S:
                await store.take(Ticket(key(), 1000, 0.0))
        await charged(server, 12)

    run(server, scenario)


@hangs
def test_a_correction_that_a_hanging_redis_executes_twice_counts_once(server):
    async def scenario(store):
        tickets = await taken(store, key(tpm=BUDGET), 5)
        server.suspend()
        for ticket in tickets:
            store.give_back(ticket, tokens=12, usd=0.0)
        store.correct(key(tpm=BUDGET), tokens=7, usd=0.0)
        await asyncio.sleep(TIMEOUT_S * 3)
        server.resume()
        await charged(server, 67)

    run(server, scenario)


@hangs
def test_a_client_that_leaves_while_the_redis_hangs_is_not_charged(server):
    async def scenario(store):
        await taken(store, key(), 1, tokens=5)
        server.suspend()
        leaving = [asyncio.create_task(store.take(Ticket(key(), 1000, 0.0))) for _ in range(5)]
        await asyncio.sleep(0.1)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await asyncio.sleep(TIMEOUT_S * 1.5)
        server.resume()
        await charged(server, 5)

    run(server, scenario)


@hangs
def test_a_hanging_redis_is_asked_for_little_that_must_be_given_back(server):
    async def scenario(store):
        await taken(store, key(), 1, tokens=5)
        server.suspend()
        await refused(store, key(), 2)
        for _ in range(2):
            await refused(store, key(), 50)
        assert len(store._kept) <= 2
        server.resume()
        await charged(server, 5)

    run(server, scenario)


def test_what_could_not_be_sent_need_not_be_given_back(server):
    async def scenario(store):
        await taken(store, key(), 1, tokens=5)
        server.stop()
        await refused(store, key(), 1)
        await refused(store, key(), 500)
        assert len(store._kept) <= 1
        server.start()
        await charged(server, 5)

    run(server, scenario)


@pytest.mark.parametrize("server", ["forgets"], indirect=True)
def test_a_redis_that_forgot_the_estimate_is_told_what_was_used(server):
    async def scenario(store):
        tickets = await taken(store, key(rpm=100, tpm=BUDGET), 20)
        server.stop()
        server.start()
        for ticket in tickets:
            store.give_back(ticket, tokens=12, usd=0.0)
        await charged(server, 240)

    run(server, scenario)


@pytest.mark.parametrize("server", ["forgets"], indirect=True)
def test_a_redis_that_forgot_the_slots_is_told_of_those_under_way(server):
    one = Key("alice", concurrency=5)

    async def scenario(store):
        tickets = await taken(store, one, 5)
        server.stop()
        server.start()
        # The first call after the restart finds no connection, or no scripts.
        reasons = []
        for _ in range(2):
            with contextlib.suppress(LimitsUnavailable):
                reasons.append((await store.take(Ticket(one, 0, 0.0))).reason)
        assert set(reasons) == {"concurrency"}
        store.give_back(tickets[0], tokens=0, usd=0.0)
        await taken(store, one, 1)

    run(server, scenario)


def test_a_store_that_stops_sends_what_it_kept(server, monkeypatch):
    monkeypatch.setattr(redis_store, "RETRY_S", 60.0)

    async def scenario(store):
        tickets = await taken(store, key(), 3)
        server.stop()
        for ticket in tickets:
            store.give_back(ticket, tokens=12, usd=0.0)
        await asyncio.sleep(0.1)
        server.start()

    run(server, scenario)
    assert tokens_spent(server) == 36


def test_a_store_that_stops_without_its_redis_says_what_is_not_charged(server, caplog):
    async def scenario(store):
        tickets = await taken(store, key(), 3)
        server.stop()
        for ticket in tickets:
            store.give_back(ticket, tokens=12, usd=0.0)

    run(server, scenario)
    lost = [record.fields for record in caplog.records if record.message == "limits_not_corrected"]
    assert [fields["requests"] for fields in lost] == [3]


def test_two_stores_keep_their_calls_apart(server):
    async def scenario(store):
        other = RedisStore(SecretStr(server.url), 60.0)
        mine, theirs = await taken(store, key(), 10), await taken(other, key(), 1)
        store.give_back(mine[0], tokens=1, usd=0.0)
        other.give_back(theirs[0], tokens=1, usd=0.0)
        await other.stop()
        for ticket in mine[1:]:
            store.give_back(ticket, tokens=1, usd=0.0)
        await charged(server, 11)

    run(server, scenario)
