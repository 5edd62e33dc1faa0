"""A choice shows what the store has of quality, speed and cost, and says what it lacks."""

import sqlite3

import pytest

from keywords.engine.load.metrics.cost import Price
from keywords.engine.load.storage.synthetic import write_samples
from keywords.engine.tradeoff.page import (
    cautions,
    tradeoff_charts,
    tradeoff_rows,
    tradeoff_sentences,
    write_tradeoff_page,
)
from keywords.engine.tradeoff.side import NoSideError, read_side
from utest.keywords.engine.evaluation.conftest import Laboratory

PRICES = {"m": Price(input_per_million=1, output_per_million=2)}


@pytest.fixture
def store(gateway, make, tmp_path):
    """`big` with a score of 20 of 20 items and two load runs, `small` with 10 of 20 and one, `new` with a load run."""
    laboratory = Laboratory(gateway, make, tmp_path / "measurements.db")
    asked = iter(range(1000))
    for right in (lambda _: True, lambda _: next(asked) % 2 == 0):
        laboratory.answers(right)
        laboratory.run()
    for _ in range(4):
        write_samples(laboratory.path, 100, 4)
    with sqlite3.connect(laboratory.path) as file:
        for run, series in {1: "big", 2: "small", 3: "big", 4: "big", 5: "small", 6: "new"}.items():
            file.execute("UPDATE runs SET series = ? WHERE id = ?", (series, run))
    return laboratory.path


def test_each_side_has_its_scores_and_figures(store):
    rows = {
        name: cells for name, *cells in tradeoff_rows([read_side(store, name, PRICES) for name in ("big", "small")])
    }
    assert rows["right answers, short-facts v1"] == ["100 % (83.89 … 100), 20 items", "50 % (29.93 … 70.07), 20 items"]
    assert rows["load runs"] == ["3, 4", "5"]
    assert rows["evaluations"] == ["1", "2"]
    assert rows["failed requests, %"] == ["1 (1 … 1)", "1"]
    assert float(rows["price of 1,000 answers, $"][1]) > 0.1


def test_a_side_without_a_score_says_so_everywhere(store):
    sides = [read_side(store, name, {}) for name in ("big", "new")]
    rows = {name: cells for name, *cells in tradeoff_rows(sides)}
    assert rows["right answers, short-facts v1"][1] == "no score yet"
    assert rows["price of 1,000 answers, $"] == ["no price", "no price"]
    assert "new: no score yet; `qa eval --all --series new` makes one." in list(cautions(sides))
    quality, *_ = tradeoff_charts(sides)
    assert "Not drawn, since there is no score yet: new." in quality.notes


def test_the_change_of_quality_is_tested_item_by_item(store):
    sentences = list(tradeoff_sentences([read_side(store, name, PRICES) for name in ("big", "small")]))
    assert sentences[0].startswith("small against big, short-facts v1: 10 lost, 0 gained, McNemar p=0.002")
    assert sentences[1].startswith("small against big, by medians of their load runs: tokens per second")


def test_an_invalid_load_run_counts_for_nothing(store):
    with sqlite3.connect(store) as file:
        file.execute("UPDATE runs SET validity = 'INVALID' WHERE id = 6")
    side = read_side(store, "new", {})
    assert side.tokens is None
    assert any("load runs 6 are INVALID" in caution for caution in cautions([side, side]))


def test_another_workload_is_told(store):
    with sqlite3.connect(store) as file:
        file.execute("UPDATE runs SET workload_hash = 'other' WHERE id = 5")
    sides = [read_side(store, name, {}) for name in ("big", "small")]
    assert "The sides were not sent the same workload: their speed and cost do not compare." in list(cautions(sides))


def test_the_page_has_the_table_and_the_charts(store, tmp_path):
    sides = [read_side(store, name, PRICES) for name in ("big", "small")]
    page = write_tradeoff_page(tmp_path / "page.html", sides).read_text(encoding="utf-8")
    assert "big or small" in page
    for title in ("Quality", "Quality by speed", "Quality by cost"):
        assert f"<h3>{title}</h3>" in page


def test_an_unknown_name_is_told_with_those_that_are_there(store):
    with pytest.raises(NoSideError, match="of 'tiny'; its latest series: new, small, big"):
        read_side(store, "tiny", {})
