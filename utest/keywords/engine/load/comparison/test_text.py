from math import inf

from keywords.engine.load.comparison.compare import compare
from keywords.engine.load.comparison.text import describe, sentence
from utest.keywords.engine.load.comparison.made import series, spread

OLD = series("old", {"e2e_p50": spread(0.2), "error_rate": [0.0] * 5})


def new(e2e, **facts):
    return series("new", {"e2e_p50": spread(e2e), "error_rate": [0.0] * 5}, first_run=11, **facts)


def test_a_slower_one_says_by_how_much_and_with_what_confidence():
    found = sentence(compare(OLD, new(0.3)))
    assert found.startswith("SLOWER: new is slower than old: e2e_p50 +50 % = +100 ms (+")
    assert found.endswith("p = 0.016 (0.0079 before Holm's correction), beyond the practical 5 %; error_rate is SAME")


def test_the_table_has_a_line_for_each_metric():
    lines = describe(compare(OLD, new(0.3)))
    assert lines[0] == "second: new, 5 load runs (11, 12, 13, 14, 15)"
    assert lines[1] == "first:  old, 5 load runs (1, 2, 3, 4, 5)"
    (row,) = [line for line in lines if line.startswith("e2e_p50")]
    assert row.split()[:6] == ["e2e_p50", "200", "ms", "300", "ms", "+50"]
    assert row.endswith("SLOWER")
    assert "rps is not compared: no run has a figure of it" in lines


def test_the_same_names_every_shift():
    assert "no metric shifts by more than its practical threshold: e2e_p50 +0" in sentence(compare(OLD, new(0.2)))


def test_one_that_cannot_tell_says_what_would():
    assert "runs a side would tell, if they vary like these" in sentence(compare(OLD, new(0.206)))
    few = series("new", {"e2e_p50": spread(0.2, 2)})
    assert "2 of the 5 runs a side that a verdict takes; e2e_p50 +" in sentence(compare(OLD, few))


def test_without_a_verdict_no_metric_has_one():
    lines = describe(compare(OLD, new(0.3, machine="Another"), across_machines=True))
    assert lines[0] == "different machines: a difference, not a regression"
    assert not any("SLOWER" in line for line in lines)
    assert any("+50 %" in line for line in lines)
    assert lines[-1].startswith("NO VERDICT on new against old: it was asked for a difference across machines")


def test_a_server_that_answers_nothing_is_infinitely_slower():
    nothing = series("new", {"e2e_p50": [inf] * 5, "error_rate": [1.0] * 5})
    found = sentence(compare(OLD, nothing))
    assert "e2e_p50 ∞ = ∞ (∞ to ∞)" in found
    assert "error_rate +100 pp (+100 pp to +100 pp)" in found


def test_a_metric_that_the_second_lost_is_named_with_the_remedy():
    streams = series("old", {"ttft_p50": spread(0.1), "e2e_p50": spread(0.2)})
    found = sentence(compare(streams, new(0.2)))
    assert found == (
        "INCONCLUSIVE: new against old: not every run of new has ttft_p50, which each run of old has: see whether it "
        "still streams, or let each run last longer"
    )
    assert "would tell, if they vary like these; not every run of new has ttft_p50" in sentence(
        compare(streams, new(0.206))
    )
