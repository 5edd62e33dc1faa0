"""Cautions name what makes right numbers misleading, and say nothing without a reason."""

from statistics import median

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from keywords.engine.load.cautions import CautionCounter, _is_sooner
from keywords.engine.load.items import Item, Turn
from keywords.engine.load.sample import Sample


class Prompts:
    """As many different prompts, in turn."""

    def __init__(self, distinct):
        self.distinct = distinct

    def item(self, number):
        return Item(number, "k", (Turn(({"role": "user", "content": str(number % self.distinct)},)),))


def sample(item, ttft_s=0.1, **changes):
    times = {"t_sent": 10.0, "t_first_byte": 10.0 + ttft_s, "t_first_content": 10.0 + ttft_s}
    answer = {"streamed": True, "status": 200, "output_tokens": 5, "tokens_source": "usage", "text_length": 20}
    return Sample(item=item, **{**times, **answer, **changes})


def kinds(samples, source=None):
    counter = CautionCounter(source)
    counter.add(samples)
    return [caution.kind for caution in counter.cautions()]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"output_tokens": 1000}, ["text_disagrees_with_usage"]),
        ({"output_tokens": 1, "text_length": 0}, []),
        ({"output_tokens": 81}, []),
        ({"output_tokens": 82}, ["text_disagrees_with_usage"]),
        ({"tokens_source": "chunks", "output_tokens": 1000}, ["no_usage"]),
        ({"streamed": False}, ["no_stream"]),
        ({"error": "cut", "streamed": False}, []),
        ({"cancelled": True, "streamed": False}, []),
    ],
)
def test_an_answer_may_give_reason_for_caution(changes, expected):
    assert kinds([sample(0, **changes)]) == expected


def test_repeats_that_come_sooner_are_cached():
    samples = [sample(number, 0.1 + number / 1000 if number < 10 else 0.05) for number in range(20)]
    assert kinds(samples, Prompts(10)) == ["repeats_are_cached"]
    assert kinds(samples, Prompts(20)) == []


def test_repeats_that_come_as_late_are_only_named():
    samples = [sample(number, 0.1 + number % 10 / 1000) for number in range(20)]
    assert kinds(samples, Prompts(10)) == ["repeated_prompts"]


def test_the_sentence_has_the_numbers():
    counter = CautionCounter(Prompts(10))
    counter.add([sample(number, 0.1 if number < 10 else 0.05) for number in range(20)])
    (caution,) = counter.cautions()
    assert caution.text.startswith(
        "10 of 20 prompts had been sent before, and their first text came after 50 ms instead of 100 ms (medians)"
    )


def test_the_warm_up_counts_for_nothing_but_its_prompts_were_sent():
    warm_up = [sample(item, stage=-1, streamed=False, tokens_source="chunks") for item in range(3)]
    assert kinds(warm_up, Prompts(5)) == []
    counter = CautionCounter(Prompts(5))
    counter.add([*warm_up, *[sample(item) for item in range(5)]])
    (caution,) = counter.cautions()
    assert caution.text.startswith("3 of 5 prompts had been sent before")


TIMES = st.lists(st.integers(1, 20).map(float), min_size=5, max_size=40)


@given(TIMES, TIMES)
@example([1.0, 2.0, 3.0, 4.0, 9.0], [5.0, 6.0, 7.0, 8.0, 10.0])
def test_the_test_is_left_out_only_where_it_finds_nothing(repeated, first):
    found = median(repeated) <= 0.8 * median(first) and mannwhitneyu(repeated, first, alternative="less").pvalue < 0.01
    assert _is_sooner(repeated, first) == found
