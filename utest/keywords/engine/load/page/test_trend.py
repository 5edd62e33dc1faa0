"""A trend is of runs that are worth believing, week by week, and tells when something else was measured."""

import json
import sqlite3
from datetime import date, datetime

import pytest

from keywords.engine.load.page.stored import NoLoadRunError
from keywords.engine.load.page.trend import METRICS, Trend, TrendRun, Week, read_trend, series_of
from keywords.engine.load.page.write_trend import trend_sentences, trend_tables, write_trend_page
from keywords.engine.load.storage.synthetic import write_samples
from keywords.engine.store.runs import Run

TTFT, RPS = METRICS[0], next(metric for metric in METRICS if metric.name == "rps")


def run(day, week=0, **figures):
    started = datetime(2026, 1, 5 + day, 12).astimezone().timestamp() + 7 * 86400 * week
    row = Run(1, "load", "s", started, 0.0, 1.0, "u", "m", "w", {}, {}, "VALID", (), interrupted=False)
    return TrendRun(row, figures)


def trend(*runs):
    return Trend("s", runs, (), ())


def test_a_week_has_the_median_of_its_runs():
    weeks = trend(run(0, ttft_p50=3.0), run(1, ttft_p50=9.0), run(6, ttft_p50=4.0), run(7, ttft_p50=8.0)).weeks(TTFT)
    assert weeks == [
        Week(date(2026, 1, 5), (3.0, 9.0, 4.0), 4.0, None),
        Week(date(2026, 1, 12), (8.0,), 8.0, None),
    ]


def test_six_runs_give_an_interval():
    (week,) = trend(*(run(0, ttft_p50=float(at)) for at in range(6))).weeks(TTFT)
    assert week.interval == (0.0, 5.0)


@pytest.mark.parametrize(("metric", "change"), [(TTFT, "worse"), (RPS, "better")])
def test_a_shift_beyond_both_intervals_is_marked(metric, change):
    before = [run(0, **{metric.name: 10.0 + at}) for at in range(6)]
    thin = [run(0, week=1, **{metric.name: 40.0})]
    after = [run(0, week=2, **{metric.name: 30.0 + at}) for at in range(6)]
    assert [week.change for week in trend(*before, *thin, *after).weeks(metric)] == ["", "", change]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("trend") / "measurements.db"
    for _ in range(3):
        write_samples(path, 60, 3)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE runs SET workload_hash = 'w', started_at = 1.8e9 + 700000 * id, environment = '{}'")
        file.execute("UPDATE runs SET validity = 'INVALID' WHERE id = 2")
        model = json.dumps({"model": {"server": "vllm 2"}})
        file.execute("UPDATE runs SET environment = ? WHERE id = 3", (model,))
    return path


def test_runs_that_prove_nothing_are_left_out_by_number(store):
    read = read_trend(store, "scale")
    assert [each.run.id for each in read.runs] == [1, 3]
    assert "Left out, since INVALID, interrupted or without an end: run 2." in list(trend_sentences(read))


def test_other_conditions_are_told(store):
    assert [what for _, what in read_trend(store, "scale").changes] == ["server"]


def test_tables_and_page_show_every_metric(store):
    read = read_trend(store, "scale")
    titles = [table.title for table in trend_tables(read)]
    assert "Time to the first text, p50, ms" in titles
    page = write_trend_page(store.with_name("trend.html"), read).read_text(encoding="utf-8")
    assert page.count("<figure>") == len(titles)


def test_a_series_that_is_not_there_is_named_with_those_that_are(store):
    assert series_of(store) == {"scale": 3}
    with pytest.raises(NoLoadRunError, match="has no load run of series 'other'; its latest series: scale"):
        read_trend(store, "other")
