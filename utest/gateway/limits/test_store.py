"""The usage of keys, counted in memory and in a Redis by the same rules."""

import asyncio
import time

import pytest
from pydantic import SecretStr

from gateway.limits.keyring import Key
from gateway.limits.redis_store import RedisStore
from gateway.limits.store import MemoryStore, Ticket

WINDOW_S = 0.5


class InMemory:
    """A store whose clock the test advances."""

    def __init__(self):
        self.now = 100.0
        self.store = MemoryStore(WINDOW_S, clock=lambda: self.now)

    def advance(self, seconds):
        self.now += seconds


class InRedis:
    """A store with the clock of the Redis."""

    def __init__(self, url):
        self.store = RedisStore(SecretStr(url), WINDOW_S)

    def advance(self, seconds):
        time.sleep(seconds)


@pytest.fixture(params=["memory", "redis"])
def counting(request):
    """`counting(scenario)` runs `scenario(store, advance)`, a coroutine function."""
    counter = InMemory() if request.param == "memory" else InRedis(request.getfixturevalue("redis").url)

    def run(scenario):
        async def main():
            try:
                return await scenario(counter.store, counter.advance)
            finally:
                await counter.store.stop()

        return asyncio.run(main())

    return run


def key(request, **limits):
    """A key that no other test has used."""
    return Key(request.node.name, **limits)


def test_requests_pass_up_to_the_limit_and_again_as_the_bucket_refills(counting, request):
    one = key(request, rpm=3)

    async def scenario(store, advance):
        reasons = [(await store.take(Ticket(one, 0, 0.0))).reason for _ in range(4)]
        advance(WINDOW_S / 3 + 0.01)
        reasons += [(await store.take(Ticket(one, 0, 0.0))).reason for _ in range(2)]
        advance(WINDOW_S * 5)
        return reasons + [(await store.take(Ticket(one, 0, 0.0))).reason for _ in range(4)]

    assert counting(scenario) == ["", "", "", "requests", "", "requests", "", "", "", "requests"]


def test_the_verdict_says_what_is_left(counting, request):
    one = key(request, rpm=10, tpm=1000)

    async def scenario(store, _):
        return await store.take(Ticket(one, 300, 0.0))

    verdict = counting(scenario)
    assert (verdict.reason, int(verdict.requests), int(verdict.tokens)) == ("", 9, 700)


def test_tokens_are_taken_before_and_corrected_after(counting, request):
    one = key(request, tpm=1000)

    async def scenario(store, advance):
        first = Ticket(one, 900, 0.0)
        reasons = [(await store.take(first)).reason, (await store.take(Ticket(one, 200, 0.0))).reason]
        store.give_back(first, tokens=10, usd=0.0)
        second = Ticket(one, 900, 0.0)
        reasons.append((await store.take(second)).reason)
        store.give_back(second, tokens=2500, usd=0.0)
        reasons.append((await store.take(Ticket(one, 1, 0.0))).reason)
        advance(WINDOW_S)
        reasons.append((await store.take(Ticket(one, 1, 0.0))).reason)
        advance(WINDOW_S)
        return [*reasons, (await store.take(Ticket(one, 1, 0.0))).reason]

    assert counting(scenario) == ["", "tokens", "", "tokens", "tokens", ""]


def test_what_was_given_back_can_be_corrected_once_more(counting, request):
    one = key(request, tpm=1000, budget_tokens=1500, concurrency=1)

    async def scenario(store, _):
        first = Ticket(one, 900, 0.0)
        await store.take(first)
        store.give_back(first, tokens=100, usd=0.0)
        store.correct(one, tokens=500, usd=0.0)
        reasons = [(await store.take(Ticket(one, 500, 0.0))).reason]
        store.correct(one, tokens=-300, usd=0.0)
        second = Ticket(one, 500, 0.0)
        reasons.append((await store.take(second)).reason)
        # The second request alone holds the slot.
        reasons.append((await store.take(Ticket(one, 0, 0.0))).reason)
        return reasons

    assert counting(scenario) == ["tokens", "", "concurrency"]


def test_a_request_larger_than_the_limit_can_never_pass(counting, request):
    one = key(request, tpm=100)

    async def scenario(store, _):
        return (await store.take(Ticket(one, 101, 0.0))).reason

    assert counting(scenario) == "size"


def test_a_refused_request_takes_nothing(counting, request):
    one = key(request, rpm=5, tpm=100)

    async def scenario(store, _):
        await store.take(Ticket(one, 60, 0.0))
        refused = await store.take(Ticket(one, 60, 0.0))
        return refused.reason, int((await store.take(Ticket(one, 0, 0.0))).requests)

    assert counting(scenario) == ("tokens", 3)


def test_concurrent_requests_are_limited_until_one_ends(counting, request):
    one = key(request, concurrency=2)

    async def scenario(store, _):
        tickets = [Ticket(one, 0, 0.0) for _ in range(4)]
        reasons = [(await store.take(ticket)).reason for ticket in tickets[:3]]
        store.give_back(tickets[0], tokens=0, usd=0.0)
        return [*reasons, (await store.take(tickets[3])).reason]

    assert counting(scenario) == ["", "", "concurrency", ""]


def test_a_request_that_was_never_sent_counts_nothing(counting, request):
    one = key(request, rpm=1, tpm=10)

    async def scenario(store, _):
        unused = Ticket(one, 10, 0.0)
        await store.take(unused)
        store.give_back(unused, tokens=0, usd=0.0, requests=1)
        return (await store.take(Ticket(one, 10, 0.0))).reason

    assert counting(scenario) == ""


@pytest.mark.parametrize(
    ("limits", "usd", "reason"),
    [({"budget_tokens": 100}, 0.0, "budget_tokens"), ({"budget_usd": 0.5}, 0.3, "budget_usd")],
)
def test_a_budget_does_not_come_back(counting, request, limits, usd, reason):
    one, tokens = key(request, **limits), 60

    async def scenario(store, advance):
        first = Ticket(one, tokens, usd)
        reasons = [(await store.take(first)).reason, (await store.take(Ticket(one, tokens, usd))).reason]
        advance(WINDOW_S * 2)
        reasons.append((await store.take(Ticket(one, tokens, usd))).reason)
        store.give_back(first, tokens=tokens // 3, usd=usd / 3)
        return [*reasons, (await store.take(Ticket(one, tokens, usd))).reason]

    assert counting(scenario) == ["", reason, reason, ""]


def test_one_key_does_not_use_what_another_has(counting, request):
    async def scenario(store, _):
        reasons = []
        for name in ("a", "b", "a"):
            reasons.append((await store.take(Ticket(Key(request.node.name + name, rpm=1), 0, 0.0))).reason)  # noqa: PERF401  # one after the other
        return reasons

    assert counting(scenario) == ["", "", "requests"]
