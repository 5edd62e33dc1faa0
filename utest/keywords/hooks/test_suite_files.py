"""Files that Robot only half understands: it logs an error, runs the rest, and ends with exit code 0."""

import pytest

from keywords.hooks.suite_files import file_findings

GOOD = """\
*** Settings ***
Resource    shared.resource

*** Test Cases ***
A row
    Log    1
"""
SHARED = """\
*** Settings ***
Documentation    Shared.

*** Keywords ***
A keyword
    Log    1
"""


@pytest.fixture
def suites(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites/good.robot").write_text(GOOD)
    (tmp_path / "suites/shared.resource").write_text(SHARED)
    return tmp_path / "suites"


def test_what_robot_understands_has_no_findings(suites):
    (suites / "__init__.robot").write_text("*** Settings ***\nName    Acceptance\n")
    (suites / "notes.robot").write_text(f"# A licence.\n\n{GOOD}*** Comments ***\nanything\n")
    (suites / "_child").mkdir()
    (suites / "_child" / "bad.robot").write_text("*** Tset Cases ***\n")
    (suites / ".hidden.robot").write_text("*** Tset Cases ***\n")
    assert file_findings([suites]) == []


@pytest.mark.parametrize(
    ("text", "line", "finding"),
    [
        ("*** Test Case s***\nA row\n    Log    1\n", 1, "Unrecognized section header '*** Test Case s***'"),
        (f"{GOOD}*** Tset Cases ***\nB row\n    Log    1\n", 7, "Unrecognized section header '*** Tset Cases ***'"),
        (f"{GOOD}*** Test Case ***\nB row\n    Log    1\n", 7, "Singular section headers"),
        (f"{GOOD}*** Keywrods ***\n", 7, "Unrecognized section header"),
        ("*** Settings ***\nTset Tags    req:A-001\n*** Test Cases ***\nA\n    Log    1\n", 2, "Non-existing setting"),
        ("*** Settings ***\nTest Tags    a\nTest Tags    b\n*** Test Cases ***\nA\n    Log    1\n", 3, "only once"),
        (f"{GOOD}    [Tgas]    req:A-001\n", 7, "Non-existing setting 'Tgas'"),
        (f"{GOOD}    IF    $x\n        Log    2\n", 7, "IF must have closing END"),
        (f"{GOOD}B row\n", 7, "Test cannot be empty"),
        (f"{GOOD}*** Variables ***\n{{X}}    1\n", 8, "Invalid variable name '{X}'"),
        (f"{GOOD}*** Settings ***\nResource    none.resource\n", 8, "there is no file none.resource"),
        (f"{GOOD}*** Settings ***\nResource    ${{CURDIR}}/none.resource\n", 8, "there is no file"),
        (f"{GOOD}*** Settings ***\nVariables    none.yaml\n", 8, "there is no file none.yaml"),
        (f"Test Cases\n\n{GOOD}", 1, "ignores what stands above the first section header"),
        ("*** Keywords ***\nA row\n    Log    1\n", 1, "this suite holds no row"),
        ("", 1, "this suite holds no row"),
    ],
)
def test_each_fault_is_named_with_file_and_line(suites, text, line, finding):
    (suites / "bad.robot").write_text(text)
    findings = file_findings([suites])
    assert any(one.startswith(f"suites/bad.robot:{line}: ") and finding in one for one in findings), findings


@pytest.mark.parametrize(
    ("text", "line", "finding"),
    [
        ("*** Keyword s***\nA keyword\n    Log    1\n", 1, "Unrecognized section header"),
        (f"{SHARED}    [Foo]    1\n", 7, "Non-existing setting 'Foo'"),
        ("*** Settings ***\nResource    none.resource\n", 2, "there is no file none.resource"),
        ("*** Test Cases ***\nA\n    Log    1\n", 1, "Test Cases"),
    ],
)
def test_a_resource_is_read_as_strictly(suites, text, line, finding):
    (suites / "shared.resource").write_text(text)
    findings = file_findings([suites])
    assert any(one.startswith(f"suites/shared.resource:{line}: ") and finding in one for one in findings), findings


def test_resources_of_resources_are_read_once(suites):
    (suites / "shared.resource").write_text(
        "*** Settings ***\nResource    deep.resource\nResource    shared.resource\n"
    )
    (suites / "deep.resource").write_text("*** Settings ***\nResource    shared.resource\nLibrari    x\n")
    (finding,) = file_findings([suites])
    assert finding.startswith("suites/deep.resource:3: ")


def test_a_path_that_depends_on_the_run_is_left_to_robot(suites):
    (suites / "good.robot").write_text(
        f"{GOOD}*** Settings ***\nResource    ${{WHERE}}/x.resource\nVariables    module\n"
    )
    assert file_findings([suites]) == []


def test_a_file_that_is_not_utf_8_is_a_finding(suites):
    (suites / "bad.robot").write_bytes(b"*** Test Cases ***\n\xff\xfe\n")
    (finding,) = file_findings([suites])
    assert finding.startswith("suites/bad.robot: ")


def test_one_file_may_be_named_although_folders_hide_it(suites):
    (suites / "_bad.robot").write_text("*** Tset Cases ***\n")
    assert len(file_findings([suites / "_bad.robot"])) == 2


def test_the_case_of_a_suffix_hides_no_fault(suites):
    (suites / "LOUD.ROBOT").write_text("*** Settings ***\nResource    OTHER.RESOURCE\n*** Tset Cases ***\n")
    (suites / "OTHER.RESOURCE").write_text("*** Keyword s***\n")
    found = {finding.partition(": ")[0] for finding in file_findings([suites])}
    assert found == {"suites/LOUD.ROBOT:1", "suites/LOUD.ROBOT:3", "suites/OTHER.RESOURCE:1"}
