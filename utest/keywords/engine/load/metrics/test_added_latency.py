"""Added latency is the difference of the same request on both ways."""

import math

import numpy as np
import pytest

from keywords.engine.load.metrics.added_latency import added_latency, pooled
from keywords.engine.load.storage.columns import columns_of
from keywords.engine.statistics.percentiles import TooFewValuesError
from utest.keywords.engine.load.metrics.samples import answer, failure


def test_requests_are_paired_by_item_and_turn():
    gateway = [answer(item=1, first=0.3), answer(item=0, first=0.12), answer(item=0, turn=1, first=0.2)]
    direct = [
        answer(50.0, item=0, first=0.1),
        answer(60.0, item=0, turn=1, first=0.19),
        answer(70.0, item=1, first=0.2),
    ]
    found = added_latency(columns_of(gateway), columns_of(direct))
    np.testing.assert_allclose(found.differences_s, [0.02, 0.01, 0.1])
    assert found.unpaired == 0
    estimate = found.mean()
    assert math.isclose(estimate.mean, 0.13 / 3)
    assert estimate.low < estimate.mean < estimate.high


def test_what_has_no_partner_is_counted():
    gateway = [answer(item=0), failure(item=1), answer(item=2), answer(item=8, stage=-1)]
    direct = [answer(item=0), answer(item=1), answer(item=3)]
    assert added_latency(columns_of(gateway), columns_of(direct)).unpaired == 3


def test_percentiles_need_their_number_of_pairs():
    samples = [[answer(item=item, first=first) for item in range(20)] for first in (0.3, 0.1)]
    found = added_latency(*map(columns_of, samples), "e2e")
    assert math.isclose(found.percentile(50), 0.2)
    np.testing.assert_allclose(found.interval(50), 0.2)
    with pytest.raises(TooFewValuesError, match="20 values are too few for p95"):
        found.percentile(95)


def test_requests_of_different_stages_are_no_pair():
    gateway = columns_of([answer(item=0, first=0.3), answer(item=1, stage=1, first=0.4)])
    direct = columns_of([answer(item=0, first=0.1), answer(item=1, stage=0, first=0.1)])
    found = added_latency(gateway, direct)
    np.testing.assert_allclose(found.differences_s, [0.2])
    assert found.unpaired == 2
    assert len(added_latency(gateway, direct, stage=1).differences_s) == 0


def test_rounds_have_prompts_of_their_own():
    first, second = (
        added_latency(columns_of([answer(item=0, first=first)]), columns_of([answer(item=0, first=0.1)]))
        for first in (0.3, 0.5)
    )
    np.testing.assert_allclose(pooled([first, second]).differences_s, [0.2, 0.4])
