import json
from copy import deepcopy

import pytest

from keywords.engine.statistics.intervals import Estimate, mean_interval
from ops.bench.race.result import DIRECT, Race, Soak, save
from ops.bench.race.table import format_estimate, markdown, number
from ops.bench.race.targets import TARGETS, target_verdicts


def race(**ours):
    lap = {"rps@32": 3000.0, "rps@256": 2900.0, "p50_ms@1": 0.5, "cpu_us@32": 300.0, "ttft_p99_ms": 2.0, **ours}
    peers = {DIRECT: {"p50_ms@1": 0.1}, "floor": {"rps@32": 6000.0, "cpu_us@32": 150.0}, "portkey": {"rps@32": 700.0}}
    return Race(rounds=[deepcopy({**peers, "gateway": lap}) for _ in range(3)], complete=True)


def verdicts(found):
    return {target.what: target.verdict(found) for target in TARGETS}


def test_targets_are_met_or_not_by_the_whole_interval():
    found = verdicts(race())
    assert found["requests/s at 32 connections, of the floor's"] == "yes"
    assert found["requests/s at 32 connections, times Portkey's"] == "yes"
    assert found["added p50 at 1 connection, ms"] == "yes"
    assert verdicts(race(**{"rps@32": 2000.0}))["requests/s at 32 connections, of the floor's"] == "no"
    assert verdicts(race(ttft_p99_ms=4.0))["added TTFT p99 of 64 paced streams, ms"] == "no"


def test_a_bound_within_the_interval_is_unclear():
    found = race()
    for laps, value in zip(found.rounds, (2.0, 3.5, 2.9), strict=True):
        laps["gateway"]["ttft_p99_ms"] = value
    assert verdicts(found)["added TTFT p99 of 64 paced streams, ms"] == "unclear"


def test_one_round_has_no_interval_and_decides_nothing():
    found = race()
    del found.rounds[1:]
    assert set(verdicts(found).values()) == {"unclear", "not measured"}


def test_what_is_missing_is_not_measured():
    assert verdicts(race())["requests/s at 32 connections, times LiteLLM's"] == "not measured"
    assert set(verdicts(Race()).values()) == {"not measured"}


def test_ratios_are_taken_within_the_round():
    found = race()
    for laps, factor in zip(found.rounds, (1, 2, 4), strict=True):
        laps["gateway"]["rps@32"] = 3000.0 * factor
        laps["floor"]["rps@32"] = 6000.0 * factor
    ratio = found.ratio(("gateway", "rps@32"), ("floor", "rps@32"))
    assert ratio == Estimate(0.5, 0.5, 0.5, 3)


def test_a_round_without_a_contender_is_left_out_of_its_figures():
    found = race()
    del found.rounds[1]["floor"]
    assert found.mean("floor", "rps@32").n == 2
    assert found.mean("gateway", "rps@32").n == 3
    assert found.mean("litellm", "rps@32") is None


def test_a_round_that_brought_nothing_has_no_ratio_to_it():
    found = race()
    found.rounds[1]["floor"]["rps@32"] = 0.0
    assert found.ratio(("gateway", "rps@32"), ("floor", "rps@32")).n == 2
    assert found.ratio(("gateway", "rps@32"), ("litellm", "rps@32")) is None
    assert found.difference(("gateway", "rps@32"), ("litellm", "rps@32")) is None


def test_the_page_has_every_target_figure_and_gap():
    found = race()
    found.about["gateway"] = "this gateway"
    found.skipped["litellm"] = "no index"
    found.starts_s["gateway"] = [0.9, 1.0, 1.1]
    found.soak = Soak([0, 100_000, 200_000], [80.0, 90.0, 90.5], mean_interval([0.5]))
    page = markdown(found)
    assert all(f"| {target.what} |" in page for target in TARGETS)
    assert "| requests/s at 32 connections, of the floor's | ≥ 0.45 | 0.50 ± 0.00 | 3 | yes |" in page
    assert "| figure (n = 3) | direct | floor | portkey | gateway |" in page
    assert "| requests/s, 32 connections | - | 6,000 ± 0.00 | 700 ± 0.00 | 3,000 ± 0.00 |" in page
    assert "- **litellm**: skipped: no index" in page
    assert "| gateway | 1.00 ± 0.25 | 3 |" in page
    assert "Over 200,000 requests" in page
    assert "broken off" not in page


def test_a_race_that_was_broken_off_says_so():
    assert "It was broken off" in markdown(Race())


@pytest.mark.parametrize(("value", "text"), [(6460.4, "6,460"), (12.34, "12.3"), (0.456, "0.46"), (-3.21, "-3.21")])
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_a_missing_figure_is_a_dash():
    assert format_estimate(None) == "-"


def test_the_json_holds_laps_and_verdicts(tmp_path):
    found = race()
    save(found, tmp_path / "race.json", target_verdicts(found))
    read = json.loads((tmp_path / "race.json").read_text())
    assert read["rounds"][0]["gateway"]["rps@32"] == 3000
    assert read["targets"][0]["met"] == "yes"
    assert read["targets"][0]["measured"]["n"] == 3
