"""How often a comparison is wrong, of numbers drawn by a seed: runs vary by 2 %, and the machine drifts meanwhile."""

from collections import Counter

import numpy as np
import pytest

from keywords.engine.load.comparison.compare import compare
from keywords.engine.load.comparison.verdicts import Verdict
from utest.keywords.engine.load.comparison.made import series

CASES = 100
NAMES = ("ttft_p50", "tpot_p50", "e2e_p50", "e2e_p95", "rps")
ROUNDS = 8
DRIFT = 0.02


def draw(random, slowdown, *, drift=0.0, rounds=ROUNDS):
    """Two series in turns. Metrics of a run share most of their noise; the drift is a random walk over all runs."""
    walk = np.cumsum(random.normal(0, drift, 2 * rounds))
    noise = random.normal(0, 0.02, (len(NAMES) + 1, 2 * rounds))
    order = np.array([[0, 1] if number % 2 else [1, 0] for number in range(rounds)]).ravel()
    sides = []
    for side, factor in enumerate((1.0, 1 + slowdown)):
        figures = {}
        for name, own in zip(NAMES, noise[1:], strict=True):
            times = factor * np.exp(walk + 0.8 * noise[0] + 0.6 * own)[order == side]
            figures[name] = (1 / times if name == "rps" else times).tolist()
        sides.append(series(f"side {side}", figures, rounds=[f"s-{number}" for number in range(rounds)]))
    return sides


def count(seed, slowdown, **more):
    random = np.random.default_rng(seed)
    return Counter(compare(*draw(random, slowdown, **more), resamples=1000).verdict for _ in range(CASES))


@pytest.mark.parametrize("drift", [0.0, DRIFT])
def test_equal_servers_are_hardly_ever_called_different(drift):
    found = count(1, 0.0, drift=drift)
    assert found[Verdict.FASTER] + found[Verdict.SLOWER] <= 1, found


def test_equal_servers_on_a_steady_machine_are_mostly_called_the_same():
    assert count(2, 0.0)[Verdict.SAME] > CASES / 2


def test_a_server_that_is_ten_per_cent_slower_is_found():
    found = count(3, 0.1)
    assert found[Verdict.SLOWER] >= 90, found
    assert not found[Verdict.FASTER]
    assert not found[Verdict.SAME]


def test_five_rounds_find_it_too_on_a_steady_machine():
    assert count(4, 0.1, rounds=5)[Verdict.SLOWER] >= 90


def test_a_drift_costs_verdicts_and_no_honesty():
    found = count(5, 0.1, drift=DRIFT)
    assert not found[Verdict.FASTER]
    assert not found[Verdict.SAME]
    assert found[Verdict.INCONCLUSIVE] > count(5, 0.1)[Verdict.INCONCLUSIVE]
