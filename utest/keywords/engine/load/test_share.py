import numpy as np
import pytest

from keywords.engine.load import share as share_module
from keywords.engine.load.arrivals import Arrivals
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.share import choose_processes, shares
from keywords.engine.load.thinned import ThinnedValues
from utest.keywords.engine.load.sources import Numbered

TARGET = Target("http://127.0.0.1:1", "m")


def plan(*stages, **fields):
    return LoadPlan(TARGET, Numbered(), stages, **fields)


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_shares_together_are_the_plan(processes):
    parts = shares(plan(Stage(1.0, users=10), Stage(None, users=20, items=33), most_in_flight=9), processes)
    assert [sum(part.stages[index].users for part in parts) for index in (0, 1)] == [10, 20]
    assert sum(part.stages[1].items for part in parts) == 33
    assert sum(part.most_in_flight for part in parts) == 9
    users = sorted(part.number(position) for part in parts for position in range(part.stages[0].users))
    assert users == list(range(10))


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_arrivals_are_dealt_in_turn(processes):
    at_s, stage = np.arange(10) * 0.5, np.arange(10, dtype=np.int32) // 5
    parts = shares(plan(Stage(2.5, rate=2.0), Stage(2.5, rate=2.0), arrivals=Arrivals(at_s, stage, "test")), processes)
    dealt = sorted(
        (number, at, stage)
        for part in parts
        for number, at, stage in zip(part.numbers, part.at_s, part.stage_of, strict=True)
    )
    assert dealt == [(number, number * 0.5, number // 5) for number in range(10)]
    assert all(part.is_open for part in parts)


@pytest.mark.parametrize(
    ("cores", "stages", "fields", "expected"),
    [
        (8, (Stage(1.0, users=20),), {}, 1),
        (8, (Stage(1.0, users=20), Stage(1.0, users=1000)), {}, 3),
        (2, (Stage(1.0, users=1000),), {}, 1),
        (1, (Stage(1.0, users=1000),), {}, 1),
        (8, (Stage(1.0, rate=5000.0),), {}, 3),
        (2, (Stage(1.0, users=20),), {"processes": 4}, 4),
        (8, (Stage(1.0, users=2),), {"processes": 4}, 2),
        (8, (Stage(1.0, rate=9000.0),), {"most_in_flight": 2}, 2),
    ],
)
def test_the_number_of_processes(monkeypatch, cores, stages, fields, expected):
    monkeypatch.setattr(share_module, "_cores", lambda: cores)
    assert choose_processes(plan(*stages, **fields)) == expected


def test_thinned_values_spread_over_the_whole_run():
    few, many = ThinnedValues(), ThinnedValues()
    for value in range(1000):
        few.add(float(value))
    for value in range(1_000_000):
        many.add(float(value))
    assert list(few.values) == list(range(1000))
    assert 10_000 <= len(many.values) <= 20_000
    steps = np.diff(many.values)
    assert set(steps) == {64.0}
    assert many.values[-1] > 999_900
