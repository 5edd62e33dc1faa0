"""Comparisons of load runs, and of the begin and the end of one."""

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.measure.load.comparison import LoadComparisonLibrary

LIBRARY = LoadComparisonLibrary()
LESS, EQUAL, MORE = (AssertionOperator[name] for name in ("<", "==", ">"))


def test_added_latency_pairs_requests_by_their_item(made):
    through = made.run([made.sample(number, 0.12) for number in range(40)])
    direct = made.run([made.sample(number, 0.1) for number in reversed(range(39))])
    assert LIBRARY.get_added_latency(through, direct, "ttft_first_content") == pytest.approx(0.02)
    with pytest.raises(AssertionError, match=r"of 39 pairs, 95 % interval .* 1 unpaired should be less than 0\.01"):
        LIBRARY.get_added_latency(through, direct, "ttft_first_content", LESS, 0.01)


def test_too_few_pairs_are_refused(made):
    run = made.run([made.sample(0)])
    with pytest.raises(AssertionError, match="The runs have too few requests in common: 1 values"):
        LIBRARY.get_added_latency(run, run, "e2e")


def test_the_ratio_of_throughput_is_that_of_answers_per_second(made):
    one = made.run([made.sample(number, at=1.0) for number in range(10)])
    two = made.run([made.sample(number, at=1.0) for number in range(19)])
    assert LIBRARY.get_throughput_ratio(two, one, MORE, 1.7) == pytest.approx(1.9)
    with pytest.raises(AssertionError, match="A ratio of whole answers per second needs answers in both runs"):
        LIBRARY.get_throughput_ratio(two, made.run([made.sample(0, error="cut")]))


def test_an_invalid_run_is_no_measure(made):
    good = made.run([made.sample(number) for number in range(10)])
    bad = made.run([made.sample(number) for number in range(10)], planned=100)
    with pytest.raises(AssertionError, match="INVALID"):
        LIBRARY.get_throughput_ratio(good, bad, MORE, 0.5)


def test_drift_compares_the_last_stage_with_the_first(made):
    samples = [made.sample(number, 0.1 * (1 + number // 10), stage=number // 10) for number in range(30)]
    run = made.run(samples, windows=((0, 1), (1, 2), (2, 3)))
    assert LIBRARY.get_drift(run, "ttft_first_content") == pytest.approx(3.0)
    with pytest.raises(AssertionError, match="needs 5 values in its first and its last stage"):
        LIBRARY.get_drift(made.run(samples[:4]), "ttft_first_content")


def test_cost_is_tokens_by_price(made):
    run = made.run([made.sample(number) for number in range(4)])
    assert LIBRARY.get_load_cost(run, EQUAL, 0.00016, input_price=1, output_price=2) == 0.00016


@pytest.mark.usefixtures("busy")
def test_a_ratio_on_a_busy_machine_has_no_verdict(made):
    run = made.run([made.sample(number, at=1.0) for number in range(10)])
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: Ratio of 1 to 1 whole answers per second should be"):
        LIBRARY.get_throughput_ratio(run, run, MORE, 1.7)


def test_a_ratio_on_a_quiet_machine_fails(made):
    run = made.run([made.sample(number, at=1.0) for number in range(10)])
    with pytest.raises(AssertionError, match=r"Ratio of 1 to 1 whole answers per second should be greater than 1\.7"):
        LIBRARY.get_throughput_ratio(run, run, MORE, 1.7)
