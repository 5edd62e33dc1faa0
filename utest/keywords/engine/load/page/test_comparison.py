"""The page of a comparison says the verdict first, and shows shifts with their thresholds and every run."""

import pytest

from keywords.engine.load.comparison.compare import bounds, compare
from keywords.engine.load.page import comparison as page
from keywords.engine.load.page.comparison import comparison_charts, write_comparison_page
from utest.keywords.engine.load.comparison.made import MACHINE, series, spread

OLD = series("old", {"e2e_p50": spread(0.2), "rps": spread(50), "error_rate": [0.0] * 5})
NEW = series("<new>", {"e2e_p50": spread(0.3), "rps": spread(50), "error_rate": [0.0] * 5}, first_run=11)


def test_the_verdict_stands_first(tmp_path):
    page = write_comparison_page(tmp_path / "page.html", compare(OLD, NEW)).read_text(encoding="utf-8")
    body = page[page.index("<h1>") :]
    assert body.index(">SLOWER<") < body.index("&lt;new&gt; against old") < body.index("What happened")
    assert "<new>" not in page


def test_the_shift_stands_with_its_interval_threshold_and_machine():
    before_and_after, *runs = comparison_charts(compare(OLD, NEW))
    assert "e2e_p50  50 (" in before_and_after.svg
    assert "n = 5 and 5 runs." in before_and_after.notes
    assert f"Client: {MACHINE}." in before_and_after.notes
    assert [chart.title for chart in runs] == ["e2e_p50, SLOWER", "rps, SAME"]  # nothing failed: there is no third


def test_the_band_of_a_metric_ends_where_its_verdict_changes(monkeypatch):
    shown = []
    monkeypatch.setattr(page, "interval_chart", lambda _title, _unit, lines, **_: shown.extend(lines))
    found = compare(OLD, NEW)
    comparison_charts(found)
    metric = next(each.metric for each in found.metrics if each.metric.name == "e2e_p50")
    assert shown[0].band == pytest.approx([100 * end for end in bounds(metric)])


def test_without_a_verdict_the_page_says_why(tmp_path):
    other = series("other", {"e2e_p50": spread(0.2)}, workload_hash="b" * 64)
    page = write_comparison_page(tmp_path / "page.html", compare(OLD, other)).read_text(encoding="utf-8")
    assert ">NO VERDICT<" in page
    assert "<figure" not in page


def test_without_a_verdict_no_metric_has_one_on_the_page(tmp_path):
    found = compare(OLD, series("new", {"e2e_p50": spread(0.3)}, first_run=11, machine="Another"), across_machines=True)
    page = write_comparison_page(tmp_path / "page.html", found).read_text(encoding="utf-8")
    assert "<figure" in page
    body = page[page.index("<h1>") :]
    assert "SLOWER" not in body.replace("FASTER or SLOWER", "")  # how verdicts are found is told


def test_the_command_compares_the_same_runs_again(tmp_path):
    old = series("http://old:8000", {"e2e_p50": spread(0.2)})
    found = compare(old, series("baseline:it's", {"e2e_p50": spread(0.3)}))
    page = write_comparison_page(tmp_path / "page.html", found).read_text(encoding="utf-8")
    assert "<pre>qa compare 1,2,3,4,5 &#39;baseline:it" in page
