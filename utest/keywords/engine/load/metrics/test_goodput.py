"""Goodput counts each request once, and none passes because it could not be measured."""

import math

import pytest

from keywords.engine.load.metrics.goodput import GoodputError, goodput
from keywords.engine.load.service_levels import parse_service_levels
from utest.keywords.engine.load.metrics.samples import answer, cancelled, failure, summary


def counts(found):
    return found.good, found.bad, found.failed, found.unmeasured, found.cancelled


def test_good_requests_hold_every_level():
    levels = parse_service_levels("ttft < 200 ms, e2e < 1 s")
    numbers = summary(
        answer(0.0, first=0.1),
        answer(1.0, first=0.3),  # late first text
        answer(2.0, first=0.1, chunks=30),  # late end
        failure(3.0),
        cancelled(4.0),
        windows=((0.0, 10.0),),
    )
    found = goodput(numbers, levels)
    assert counts(found) == (1, 2, 1, 0, 1)
    assert (found.share, found.per_second) == (0.25, 0.1)
    assert str(found) == "1 good requests (25 %, 0.1/s) by ttft_first_content < 200 ms and e2e < 1 s"


def test_an_answer_of_one_token_does_not_pass_a_level_of_the_time_per_token():
    found = goodput(summary(answer(), answer(chunks=1)), parse_service_levels("tpot < 100 ms"))
    assert counts(found) == (1, 0, 0, 1, 0)
    assert found.unmeasured_by == {"tpot_excl_first": 1}
    assert str(found).endswith("not good, since they cannot be measured: 1 have no tpot_excl_first")


def test_an_answer_that_is_no_stream_does_not_pass_a_level_of_its_first_text():
    assert counts(goodput(summary(answer(streamed=False)), parse_service_levels("ttft < 9 s"))) == (0, 0, 0, 1, 0)


def test_what_breaks_one_level_and_lacks_another_is_counted_once():
    found = goodput(summary(answer(first=5.0, chunks=1)), parse_service_levels("ttft < 1 s, tpot < 1 s"))
    assert sum(counts(found)) == 1


def test_every_gap_of_a_request_counts():
    numbers = summary(answer(gap=0.05), answer(gap=0.3))
    assert counts(goodput(numbers, parse_service_levels("chunk_gap < 100 ms"))) == (1, 1, 0, 0, 0)


def test_stages_have_their_own():
    numbers = summary(answer(0.0), answer(5.0, stage=1, first=3.0), windows=((0.0, 5.0), (5.0, 10.0)))
    levels = parse_service_levels("ttft < 1 s")
    assert [goodput(numbers, levels, stage).share for stage in (0, 1)] == [1.0, 0.0]
    assert math.isclose(goodput(numbers, levels, 0).per_second, 0.2)


def test_levels_with_a_statistic_are_left_aside():
    found = goodput(summary(answer()), parse_service_levels("ttft < 1 s, e2e_p99 < 1 ms, rps > 99/s"))
    assert [str(level) for level in found.levels] == ["ttft_first_content < 1 s"]


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ("ttft_p95 < 1 s", "goodput needs a level for each request"),
        ("chunk_gap > 1 ms", "holds an upper limit"),
    ],
)
def test_levels_that_define_no_goodput_are_refused(levels, message):
    with pytest.raises(GoodputError, match=message):
        goodput(summary(answer()), parse_service_levels(levels))
