"""Counts that do not fit together are told, and those that do are not."""

import re

import pytest

from keywords.engine.load.metrics.counts import count_problems
from keywords.engine.load.run import RunFacts
from keywords.engine.load.storage.columns import columns_of
from utest.keywords.engine.load.metrics.samples import answer, failure


def facts(planned=None, **changes):
    return RunFacts(1e9, 0.0, 9.0, ((0.0, 9.0),), (planned,), interrupted=False, clients=(), **changes)


def problems(samples, *arguments):
    return count_problems(columns_of(samples), *arguments)


def test_counts_that_fit_are_no_problem():
    samples = [answer(item=0), answer(item=1), answer(item=1, turn=1), answer(item=9, stage=-1)]
    assert problems(samples, facts(2), {"the ledger": 4}) == ()


def test_a_request_that_may_not_have_arrived_fits_both_counts():
    samples = [answer(item=0), failure(item=1)]
    assert problems(samples, None, {"the ledger": 1}) == problems(samples, None, {"the ledger": 2}) == ()


@pytest.mark.parametrize(
    ("samples", "arguments", "message"),
    [
        ([answer(item=0), answer(item=0)], (), "1 samples are of a request that has another sample"),
        ([answer(item=0)], (facts(2),), "2 items were planned, and 1 have a sample"),
        ([answer(item=0)], (facts(unsent_items=3),), "3 items were due and never sent"),
        ([answer(item=0)], (facts(lost_clients=("killed by signal 9",)),), "a client process was lost, .*signal 9"),
        ([answer(item=0)], (None, {"/metrics": 3}), "/metrics counted 3 requests, and the client sent 1, of which 1"),
        ([answer(item=0)], (None, {"/metrics": 0}), "/metrics counted 0 requests"),
    ],
)
def test_a_count_that_does_not_fit_is_told(samples, arguments, message):
    (problem,) = problems(samples, *arguments)
    assert re.search(message, problem)
