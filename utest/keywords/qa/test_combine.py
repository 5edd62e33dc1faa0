"""One output of the parts that several processes leave."""

import pytest
from robot import running
from robot.api import ExecutionResult
from robot.errors import DataError

from keywords.qa.combine import combine, save
from keywords.run.shared_run import Plan, PlannedSuite
from keywords.traceability.results import NOT_RUN, read_output

PLAN = Plan(
    (
        PlannedSuite("s1", "All", ()),
        # Visited in another order than the natural one.
        PlannedSuite("s1-s2", "All.Two", (("c", ("req:A-1",)), ("d", ()))),
        PlannedSuite("s1-s1", "All.One", (("a", ()), ("b", ()))),
    )
)


def part(path, *, one=(), two=(), source=""):
    """The output of a process that ran these rows, by their names and steps."""
    root = running.TestSuite("All", source=path.parent)
    for name, rows in (("Two", two), ("One", one)):
        suite = root.suites.create(name)
        for row, step in rows:
            suite.tests.create(row).body.create_keyword(step)
    root.metadata["Gateway"] = source or path.stem
    root.metadata["Commit"] = "same"
    root.run(output=path, console="none", log=None, report=None, runemptysuite=True)
    return path


@pytest.fixture
def parts(tmp_path):
    return (
        part(tmp_path / "1.xml", one=[("a", "No Operation"), ("b", "Fail")]),
        part(tmp_path / "2.xml", two=[("c", "No Operation"), ("d", "No Operation")]),
    )


def results(combined, tmp_path):
    save(combined, tmp_path / "all.xml")
    return read_output(tmp_path / "all.xml")


def test_suites_stand_in_their_natural_order_with_the_rows_of_the_process_that_ran_them(parts, tmp_path):
    run = results(combine(dict.fromkeys(parts, ""), PLAN), tmp_path)
    assert [(one.row.suite, one.row.name, one.status, one.log_id) for one in run.results] == [
        ("All.One", "a", "PASS", "s1-s1-t1"),
        ("All.One", "b", "FAIL", "s1-s1-t2"),
        ("All.Two", "c", "PASS", "s1-s2-t1"),
        ("All.Two", "d", "PASS", "s1-s2-t2"),
    ]
    assert run.merged == ""
    assert run.started
    assert run.metadata == {"Gateway": "1, 2", "Commit": "same"}


def test_a_row_that_no_process_ran_has_failed_and_says_why(parts, tmp_path):
    run = results(combine({parts[0]: "", parts[1].with_name("3.xml"): "was ended by signal 9"}, PLAN), tmp_path)
    lost = [one for one in run.results if one.row.suite == "All.Two"]
    assert [(one.row.name, one.status) for one in lost] == [("c", NOT_RUN), ("d", NOT_RUN)]
    assert lost[0].row.tags == ("req:A-1",)
    assert "2 of 4 rows did not run" in run.interruption
    assert run.interruption.endswith("the process that would have run it was ended by signal 9")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.99])
def test_wherever_an_output_broke_off_each_row_has_one_result(parts, tmp_path, share):
    whole = parts[1].read_bytes()
    kept = int(len(whole) * share)
    parts[1].write_bytes(whole[:kept])
    run = results(combine({parts[0]: "", parts[1]: "was ended by signal 9"}, PLAN), tmp_path)
    assert [one.row.name for one in run.results] == ["a", "b", "c", "d"]
    assert [one.status for one in run.results][:2] == ["PASS", "FAIL"]
    assert (run.results[-1].status == "PASS") == (kept > whole.index(b"</test>", whole.index(b'name="d"')))


def test_a_row_in_which_its_process_ended_keeps_its_requirement(parts, tmp_path):
    whole = parts[1].read_bytes()
    parts[1].write_bytes(whole[: whole.index(b"</kw>")])
    run = results(combine({parts[0]: "", parts[1]: "was ended by signal 9"}, PLAN), tmp_path)
    (broken,) = [one for one in run.results if one.row.name == "c"]
    assert (broken.status, broken.row.tags) == ("FAIL", ("req:A-1",))


def test_an_output_that_broke_off_although_its_process_ended_well_is_an_error(parts):
    parts[1].write_bytes(parts[1].read_bytes()[:900])
    with pytest.raises(DataError):
        combine(dict.fromkeys(parts, ""), PLAN)


def test_a_suite_teardown_that_failed_is_told_as_in_a_run_of_one_process(parts, tmp_path):
    root = running.TestSuite("All")
    for name, rows in (("Two", "cd"), ("One", "")):
        suite = root.suites.create(name)
        for row in rows:
            suite.tests.create(row).body.create_keyword("No Operation")
    root.suites[0].teardown.config(name="Fail", args=["boom"])
    root.run(output=parts[1], console="none", log=None, report=None, runemptysuite=True)
    run = results(combine(dict.fromkeys(parts, ""), PLAN), tmp_path)
    assert run.afterwards == ("boom",)
    assert [one.status for one in run.results if one.row.suite == "All.Two"] == ["PASS", "PASS"]
    read = ExecutionResult(tmp_path / "all.xml")
    assert [test.status for test in read.suite.suites[1].tests] == ["FAIL", "FAIL"]
