"""Charts keep text as text, take their colours from the page, and hide neither failures nor extremes."""

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from keywords.engine.charts.chart import as_fragment
from keywords.engine.charts.distribution import Sampled, distribution_chart
from keywords.engine.charts.heat_map import heat_map
from keywords.engine.charts.intervals import IntervalLine, interval_chart
from keywords.engine.charts.points import Point, curve_chart, frontier, pareto_chart
from keywords.engine.charts.scales import Limit, is_wide, short
from keywords.engine.charts.sides import sides_chart
from keywords.engine.charts.thinning import dots_to_draw, largest_step, ranks_to_draw
from keywords.engine.charts.timeline import Panel, Series, Span, timeline_chart
from keywords.engine.charts.trend import Period, trend_chart

TIMES = np.linspace(10.0, 500.0, 50)


@pytest.fixture(scope="module")
def distribution():
    populations = [Sampled("1 <user>", TIMES), Sampled("10 users", 2 * TIMES, infinite=3)]
    return distribution_chart(
        "Time & more", "ms", populations, limits=[Limit(400.0, "ttft_p95 < $ 400", 0.95)], notes=("On a machine.",)
    )


def texts(svg):
    return [each.text for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_text_stays_text_and_is_escaped(distribution):
    assert {"ms", "1 <user>", "10 users (3 failed = ∞)", "ttft_p95 < $ 400", "95 %"} <= set(texts(distribution.svg))


def test_colours_are_the_pages(distribution):
    assert "var(--chart-1, #" in distribution.svg
    assert "currentColor" in distribution.svg
    assert not re.search("#0101[0-9a-f]{2}", distribution.svg)


def test_nothing_is_painted_behind_a_chart(distribution):
    assert "fill: #ffffff" not in distribution.svg


def test_ids_of_two_charts_on_a_page_differ(distribution):
    other = distribution_chart("Other", "ms", [Sampled("", TIMES)])
    own, others = (set(re.findall(r' id="([^"]+)"', chart.svg)) for chart in (distribution, other))
    assert own
    assert not own & others


def test_the_notes_tell_n_and_failures(distribution):
    told = " ".join(distribution.notes)
    assert "1 <user>: n = 50, 10 users: n = 53." in told
    assert "3 failed requests count as infinite" in told


def test_the_same_chart_is_the_same_text():
    first, again = (distribution_chart("Other", "ms", [Sampled("", TIMES)]) for _ in range(2))
    assert first.svg == again.svg


def test_a_file_has_title_and_notes_in_the_picture(distribution):
    found = texts(distribution.as_file())
    assert "Time & more" in found
    assert "On a machine." in found
    assert "prefers-color-scheme: dark" in distribution.as_file()


def test_a_population_without_values_has_no_chart():
    assert distribution_chart("Nothing", "ms", [Sampled("", np.array([]), infinite=4)]) is None


def test_few_values_are_all_drawn():
    assert ranks_to_draw(300).tolist() == list(range(300))


def test_of_many_values_the_extremes_are_drawn():
    ranks = ranks_to_draw(100_000)
    assert set(range(20)) | set(range(99_980, 100_000)) <= set(ranks.tolist())
    assert len(ranks) < 400
    assert largest_step(ranks, 100_000) < 0.01


def test_of_many_dots_each_slot_keeps_its_lowest_and_highest():
    at = np.linspace(0, 1, 30_000)
    values = np.sin(at * 50) + np.random.default_rng(1).random(30_000)
    chosen = dots_to_draw(at, values, slots=10)
    assert len(chosen) <= 30
    assert {int(values.argmin()), int(values.argmax())} <= set(chosen.tolist())
    assert (np.diff(at[chosen]) >= 0).all()


def test_only_points_that_none_beats_are_on_the_frontier():
    best, other, worse, equal = Point("a", 1, 9), Point("b", 5, 5), Point("c", 4, 4), Point("d", 5, 5)
    assert frontier([worse, other, best, equal]) == [best, other, equal]


def test_a_choice_of_one_has_no_frontier():
    assert pareto_chart("t", "x", "y", [Point("a", 1, 1)]) is None


def test_an_infinite_percentile_is_left_out_of_a_curve():
    points = [Point("1 user", 1, 10, 9, 11), Point("2 users", 2, 20, 15, float("inf")), Point("3", 3, float("inf"))]
    chart = curve_chart("t", "x", "y", [("p50", points)], limits=[Limit(30, "limit")])
    assert {"1 user", "2 users", "limit"} <= set(texts(chart.svg))
    assert "3" not in texts(chart.svg)


def test_a_curve_needs_two_points():
    assert curve_chart("t", "x", "y", [("p50", [Point("", 1, 1)])]) is None


def test_a_heat_map_tells_what_is_missing_from_what_was_not_run():
    chart = heat_map("t", "ms", ("rows", [1, 2]), ("columns", [3, 4]), {(1, 3): 12.0, (1, 4): None, (2, 3): 7.0})
    assert {"12", "7", "n too small", "not run"} <= set(texts(chart.svg))


def test_an_interval_without_ends_is_said_so():
    lines = [
        IntervalLine("rps", 5, -3, float("inf"), "INCONCLUSIVE", band=(-4.76, 5)),
        IntervalLine("x", None, note="none"),
        IntervalLine("y", 2),
    ]
    shown = {text.replace("  ", " ") for text in texts(interval_chart("t", "%", lines).svg)}
    assert {"rps 5 (-3 … ∞) INCONCLUSIVE", "x none", "y 2 (no interval)"} <= shown


def test_a_timeline_has_a_picture_for_phones():
    panel = Panel("latency, ms", (Series("", TIMES, TIMES),), "dots", np.array([20.0]), (Limit(300, "limit"),))
    chart = timeline_chart("t", [panel], [Span("1 user", 0, 250), Span("2 users", 250, 500)])
    assert 'viewBox="0 0 1080' in chart.svg
    assert 'viewBox="0 0 440' in chart.narrow_svg
    assert {"latency, ms", "1 user", "2 users", "limit"} <= set(texts(chart.narrow_svg))
    assert 'viewBox="0 0 1080' not in as_fragment([chart])
    assert "[data-theme=dark] .charts-alone" in as_fragment([chart])


def test_a_trend_marks_changes():
    monday, later = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 14, tzinfo=UTC)
    runs = [(monday, 5.0), (later, float("inf"))]
    periods = [Period(date(2026, 1, 5), 5.0, (4.0, 6.0)), Period(date(2026, 1, 12), 9.0, None, "worse")]
    chart = trend_chart("t", "ms", runs, periods, changes=[(later, "model")])
    assert "worse" in texts(chart.svg)
    assert "Upright lines: other conditions than before (1: model)." in chart.notes
    assert "1 infinite, not drawn." in chart.notes


def test_sides_without_a_finite_figure_have_no_chart():
    assert sides_chart("t", "ms", [("a", [float("inf")]), ("b", [])]) is None


@pytest.mark.parametrize(("value", "shown"), [(0.25, "0.25"), (1234.0, "1\u202f234"), (float("inf"), "∞")])
def test_numbers_are_short(value, shown):
    assert short(value) == shown


def test_only_values_far_apart_get_a_logarithm():
    assert is_wide([1, 30])
    assert not is_wide([1, 15])
    assert not is_wide([0, 30])
