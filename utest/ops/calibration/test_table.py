"""What the table of a calibration says of rankings, power, false alarms and targets, from results that are made up."""

import pytest

from keywords.engine.statistics.pairs import Pairs
from ops.bench.calibration.design import AGAIN, BASE, LITTLE_NOISE, MUCH_NOISE, REQUANTISED, SEEDS
from ops.bench.calibration.results import SeedResult
from ops.bench.calibration.table import MET, MISSED, TOO_FEW, exit_status, table

HITS = {BASE.name: 70, AGAIN.name: 71, REQUANTISED.name: 50, LITTLE_NOISE.name: 50, MUCH_NOISE.name: 10}
SAME = Pairs(24, 1, 1, 14)
WORSE = Pairs(5, 20, 0, 15)
PAIRS = {AGAIN.name: SAME, REQUANTISED.name: Pairs(18, 7, 1, 14), LITTLE_NOISE.name: SAME, MUCH_NOISE.name: WORSE}


def seed(*, pairs=(), **hits):
    named = {"base": BASE, "requantised": REQUANTISED, "little": LITTLE_NOISE, "much": MUCH_NOISE}
    changed = {named[name].name: count for name, count in hits.items()}
    return SeedResult(120, {**HITS, **changed}, {**PAIRS, **dict(pairs)})


@pytest.mark.parametrize(
    ("hits", "ranked"),
    [
        ({}, True),  # the requantised model equals the one with little noise
        ({"requantised": 49}, False),
        ({"base": 50}, False),  # the base must be better, not equal
        ({"little": 10}, False),
        ({"little": 51}, False),
        ({"much": 49}, True),
    ],
)
def test_a_seed_is_ranked_as_the_rule_says(hits, ranked):
    assert seed(**hits).is_ranked is ranked


def test_all_targets_met():
    results = [seed() for _ in range(SEEDS)]
    text = table(results, ["short-facts", "copying"])
    assert exit_status(results) == MET
    assert "| ranked base > Q4_0 ≥ noise 0.1 > noise 0.3: at least 18 | 20 of 20 (95 % 84% to 100%) | met |" in text
    assert "| noise 0.3 is different: at least 16 | 20 of 20 (95 % 84% to 100%) | met |" in text
    assert "| the base is different from itself: at most 1 | 0 of 20 (95 % 0% to 16%) | met |" in text
    assert "| noise 0.3 | 8% of 120 (10 to 10) | 20 of 20 (95 % 84% to 100%) | +50.0 points |" in text


@pytest.mark.parametrize(
    ("others", "missed"),
    [
        ([seed(base=50)] * 2, []),
        ([seed(base=50)] * 3, ["ranked"]),
        ([seed(pairs=[(MUCH_NOISE.name, SAME)])] * 4, []),
        ([seed(pairs=[(MUCH_NOISE.name, SAME)])] * 5, ["noise 0.3"]),
        ([seed(pairs=[(AGAIN.name, WORSE)])], []),
        ([seed(pairs=[(AGAIN.name, WORSE)])] * 2, ["the base is different"]),
    ],
)
def test_a_missed_target_is_said_with_its_number(others, missed):
    results = [*others, *[seed()] * (SEEDS - len(others))]
    lines = [line for line in table(results, ["short-facts"]).splitlines() if "MISSED" in line]
    assert len(lines) == len(missed)
    assert all(line.startswith(f"| {start}") for line, start in zip(lines, missed, strict=True))
    assert exit_status(results) == (MISSED if missed else MET)


def test_fewer_seeds_are_no_verdict():
    results = [seed()] * (SEEDS - 1)
    assert exit_status(results) == TOO_FEW
    assert table(results, ["short-facts"]).count("too few seeds") == 3
    assert "No seed is whole yet" in table([], ["short-facts"])
    assert exit_status([]) == TOO_FEW


def test_the_ranking_is_told_by_its_parts_and_the_churn_gives_the_drop():
    text = table([seed(), seed(base=50)], ["short-facts"])
    assert "base > Q4_0 in 1, Q4_0 ≥ noise 0.1 in 2, noise 0.1 > noise 0.3 in 2 of 2 seeds." in text
    assert "the base loses 2.5% of the items by chance" in text
    assert "So 40 items detect a drop of " in text
    # 19.05 points: a smaller drop goes unseen more often.
    assert "of 20 points at temperature 0" in text
