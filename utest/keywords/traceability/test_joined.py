from dataclasses import replace
from pathlib import Path

import pytest

from keywords.traceability.joined import join
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row


def result(status, name="A row", message="", **more):
    return Result(Row(name, "Suites.S", ("req:A-001",)), status, message, started="2026-01-01T10:00:00", **more)


def run(started, *results, commit="c1", environment="here"):
    metadata = {"Commit": commit, "Environment": environment}
    return Run(Path(f"results/{started}/output.xml"), results, metadata, started, 1.0)


def ends(joined):
    return [(one.row.name, one.status, one.environment, one.replaced) for one in joined.results]


def test_shards_are_put_side_by_side():
    joined = join([run("2", result("PASS", "B")), run("1", result("PASS"))])
    assert ends(joined) == [("A row", "PASS", "", ()), ("B", "PASS", "", ())]
    assert [str(one.output) for one in joined.results] == ["results/1/output.xml", "results/2/output.xml"]
    assert joined.joined == ("results/1/output.xml", "results/2/output.xml")
    assert joined.elapsed_s == 2


@pytest.mark.parametrize(
    ("first", "second", "status", "replaced"),
    [
        ("FAIL", "PASS", "PASS", ("FAIL",)),
        ("PASS", "FAIL", "FAIL", ("PASS",)),
        ("SKIP", "PASS", "PASS", ()),
        ("PASS", "SKIP", "PASS", ()),
        ("NOT RUN", "PASS", "PASS", ()),
        ("FAIL", "NOT RUN", "FAIL", ()),
        ("SKIP", "NOT RUN", "NOT RUN", ()),
    ],
)
def test_in_one_environment_the_later_result_that_tells_something_counts(first, second, status, replaced):
    joined = join([run("2", result(second)), run("1", result(first))])
    assert ends(joined) == [("A row", status, "", replaced)]
    assert joined.results[0].is_flaky == (replaced == ("FAIL",))


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ("FAIL", "PASS", [("FAIL", "old"), ("PASS", "new")]),
        ("SKIP", "PASS", [("PASS", "new")]),
        ("SKIP", "SKIP", [("SKIP", "old"), ("SKIP", "new")]),
    ],
)
def test_environments_stand_side_by_side(first, second, left):
    joined = join([run("1", result(first), environment="old"), run("2", result(second), environment="new")])
    assert [(one.status, one.environment) for one in joined.results] == left


def test_a_known_bug_tells_something():
    joined = join([run("1", result("SKIP", known_as="BUG-0001")), run("2", result("SKIP", message="No GPU."))])
    assert joined.results[0].known_as == "BUG-0001"


def test_results_of_another_commit_are_stale():
    joined = join([run("1", result("PASS"), commit="c1"), run("2", result("PASS", "B"), commit="c2")])
    assert [one.stale for one in joined.results] == ["it is of commit c1, and the newest run is of c2", ""]
    assert joined.metadata["Commit"] == "c2"


def test_an_environment_without_a_name_is_told_by_its_model():
    one, two = run("1", result("PASS")), run("2", result("PASS"))
    named = [replace(each, metadata={"Model": model}) for each, model in ((one, "small"), (two, "large"))]
    assert [found.environment for found in join(named).results] == ["small", "large"]
