"""What a request reserves before it is admitted."""

import asyncio

import pytest

from gateway.backends.kinds import GatewayConfig
from gateway.errors.limits import Overloaded, QuotaUsedUp
from gateway.limits.admission import Admission, Reservation
from gateway.limits.checks import RequestChecks
from gateway.limits.concurrency import ConcurrencyLimiter
from gateway.limits.keyring import Key
from gateway.limits.store import MemoryStore
from gateway.operations import CHAT
from gateway.server.worker import ONLY_WORKER


def test_an_answer_of_absurd_length_is_reserved_as_the_longest_that_can_be_counted():
    store = MemoryStore(60.0)
    admission = Admission(store, window_s=60.0, limiter=None, messages=None, prices={}, answers={})
    fields = {"model": "m", "messages": [], "max_tokens": 2**64 - 1, "n": 128}
    asyncio.run(admission.reserve(Key("k", budget_usd=1.0), CHAT, fields))
    assert 2**32 < store.spent_by("k")[0] < 2**53


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"max_tokens": 50}, 50),
        ({"max_completion_tokens": 50}, 50),
        ({"max_tokens": 1, "n_predict": 250}, 250),
        ({"max_tokens": 250, "n_predict": 1}, 250),
        ({"max_tokens": 1, "max_completion_tokens": 250}, 250),
        ({"max_tokens": 1, "num_predict": 250}, 250),
        ({"max_tokens": 1, "options": {"num_predict": 250}}, 250),
        ({"max_tokens": 1, "options": None}, 1),
        ({"max_tokens": 1, "options": [250]}, 1),
        ({"max_tokens": 1, "max_new_tokens": 250}, 250),
        ({"max_tokens": 1, "max_length": 250}, 250),
        ({"max_tokens": 1, "n_predict": 250.5}, 250),
        ({"max_tokens": 1, "n_predict": "250"}, 1),
        ({"max_tokens": 1, "n_predict": True}, 1),
        ({"max_tokens": 1, "n_predict": None}, 1),
        ({"max_tokens": 1, "n_predict": -1}, 256),
        ({"max_tokens": 1, "n_predict": -1e308}, 256),
        ({"max_tokens": 1000, "n_predict": -2}, 1000),
        ({"max_tokens": 1, "n_predict": 1e308}, 2**40),
        ({"max_tokens": 10, "n": 3}, 30),
        ({"max_tokens": 10, "n_cmpl": 3}, 30),
        ({"max_tokens": 10, "n": 2, "n_cmpl": 3}, 30),
        ({"max_tokens": 10, "n": 2, "best_of": 5}, 50),
        ({}, 256),
    ],
)
def test_the_longest_answer_is_reserved_whichever_name_of_the_limit_an_engine_obeys(fields, answer):
    store = MemoryStore(60.0)
    admission = Admission(store, window_s=60.0, limiter=None, messages=None, prices={}, answers={})
    asyncio.run(admission.reserve(Key("k", budget_tokens=2**50), CHAT, {"model": "m", "messages": [], **fields}))
    assert store.spent_by("k")[0] == answer


@pytest.mark.parametrize(("answers", "admitted"), [({"m": 400}, 2), ({"other": 400}, 3), ({}, 3)])
def test_a_budget_holds_for_requests_without_a_limit_if_the_longest_answer_is_known(answers, admitted):
    admission = Admission(MemoryStore(60.0), window_s=60.0, limiter=None, messages=None, prices={}, answers=answers)
    key, fields = Key("k", budget_tokens=1000), {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

    async def main():
        for _ in range(admitted):
            await admission.reserve(key, CHAT, fields)
        with pytest.raises(QuotaUsedUp):
            await admission.reserve(key, CHAT, fields)

    asyncio.run(main())


def test_a_limit_that_is_lifted_and_set_again_counts_the_requests_under_way():
    def checks(**limits):
        up = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
        config = GatewayConfig(backends={"up": up}, models={"m": {"route": [{"backend": "up"}]}}, limits=limits)
        return RequestChecks(config, limiter=ONLY_WORKER.concurrency_limiter(config.limits))

    async def main():
        limited, lifted, again = checks(in_flight=1), checks(), checks(in_flight=1)
        await limited.admission.limiter.acquire()
        await lifted.take_over(limited)
        assert lifted.admission.limiter is None
        await again.take_over(lifted)
        with pytest.raises(Overloaded):
            await again.admission.limiter.acquire()
        limited.admission.limiter.release()
        await again.admission.limiter.acquire()

    asyncio.run(main())


def test_a_reservation_gives_its_slot_back_once():
    async def main():
        limiter = ConcurrencyLimiter(1, 0, 1.0)
        reservation = Reservation([], None, MemoryStore(60.0), limiter)
        await reservation.wait_for_slot()
        reservation.release(0, 0.0)
        reservation.release(0, 0.0)
        await limiter.acquire()
        with pytest.raises(Overloaded):
            await limiter.acquire()

    asyncio.run(main())
