from collections import Counter

import numpy as np
import pytest

from keywords.engine.load.comparison.series import SeriesRun
from keywords.engine.load.comparison.verdicts import Verdict
from ops.bench.honesty.draws import Draws, draw
from ops.bench.honesty.page import is_met, markdown
from ops.bench.honesty.pool import BLOCK, PoolRun, load_pool, save_pool


def pool(blocks, slowdown=0.1, spread=0.01, problem_in=()):
    random = np.random.default_rng(7)
    runs = []
    for block in range(blocks):
        for place, server in enumerate(BLOCK):
            factor = np.exp(random.normal(0, spread)) * (1 + slowdown if server == "B" else 1)
            figures = {"e2e_p50": 0.15 * factor, "rps": 40 / factor}
            problem = "is INVALID: late" if block in problem_in else ""
            number = len(BLOCK) * block + place
            run = SeriesRun(number, float(number), figures, "a" * 64, "6 users", "a machine", problem, model="scripted")
            runs.append(PoolRun(block, server, run))
    return runs


def test_equal_servers_are_not_different_and_a_slower_one_is_found():
    measured = pool(20)
    alike, apart = (draw(measured, kind, rounds=10, count=20) for kind in ("A/A", "A/B"))
    assert alike.share(Verdict.FASTER, Verdict.SLOWER) == 0
    assert apart.share(Verdict.SLOWER) == 1
    assert is_met(alike)
    assert is_met(apart)
    page = markdown(measured, [alike, apart], 10, {"date": "today"})
    assert "60 runs of A and 40 of B" in page
    assert "| A/B | 10 | 20 | 0 | 20 | 0 | 0 | 0 | ≥ 90% SLOWER | yes |" in page


def test_the_table_can_fail():
    assert not is_met(draw(pool(20, slowdown=0.0), "A/B", rounds=5, count=10))
    for kind, slower, met in (("A/A", 10, True), ("A/A", 11, False), ("A/B", 180, True), ("A/B", 179, False)):
        verdicts = Counter({Verdict.SLOWER: slower, Verdict.INCONCLUSIVE: 200 - slower})
        assert is_met(Draws(kind, 10, verdicts, shared=0.3, disjoint=2)) == met, (kind, slower)


def test_draws_that_share_their_runs_are_worth_few():
    found = draw(pool(20), "A/B", rounds=10, count=50)
    assert 0.2 < found.shared < 0.5
    assert found.disjoint == 2
    assert 2 < found.effective < 5
    low, high = found.interval(Verdict.SLOWER)
    assert low < 0.7
    assert high == 1


def test_blocks_without_valid_runs_are_not_drawn_and_too_few_give_none():
    assert draw(pool(6, problem_in={0, 1}), "A/A", rounds=5, count=3) is None
    found = draw(pool(7, problem_in={0, 1}), "A/A", rounds=5, count=3)
    assert found.count == 3


def test_a_pool_is_read_as_it_was_written(tmp_path):
    measured = pool(2)
    save_pool(measured, tmp_path / "pool.json")
    assert load_pool(tmp_path / "pool.json") == measured
    (tmp_path / "pool.json").write_text('[{"block": 1}]', encoding="utf-8")
    with pytest.raises(ValueError, match="is no pool of load runs"):
        load_pool(tmp_path / "pool.json")
