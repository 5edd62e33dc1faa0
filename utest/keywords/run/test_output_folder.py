"""Where rows and setups of suites leave their files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from keywords.engine.evidence.folders import work_of_row, work_of_suite
from keywords.run.output_folder import new_work_file, new_work_folder, work_folder

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run_of(monkeypatch, tmp_path):
    def run_of(row=""):
        variables = {"${OUTPUT DIR}": str(tmp_path), "${SUITE NAME}": "S.Limits"} | (
            {"${TEST NAME}": row} if row else {}
        )
        builtin = SimpleNamespace(get_variable_value=variables.get)
        monkeypatch.setattr("keywords.run.output_folder.BuiltIn", lambda: builtin)

    return run_of


def test_a_row_works_in_a_folder_of_its_own_below_that_of_its_suite(run_of, tmp_path):
    run_of("A row")
    assert work_folder() == work_of_row(tmp_path, "S.Limits", "A row")
    assert work_folder().is_dir()


def test_the_setup_of_a_suite_works_in_the_folder_of_the_suite(run_of, tmp_path):
    run_of()
    assert new_work_file("route", ".toml") == work_of_suite(tmp_path, "S.Limits") / "route-1.toml"


def test_each_file_and_folder_is_new(run_of):
    run_of("A row")
    names = [new_work_file("gateway", ".log").name, new_work_file("gateway", ".log").name, new_work_folder("x").name]
    assert names == ["gateway-1.log", "gateway-2.log", "x-1"]


def test_two_at_once_never_share_a_file(run_of):
    run_of()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_work_file("gateway", ".log"), range(50)))
    assert len(set(made)) == len(made)


def test_no_other_module_reads_the_output_folder():
    readers = [path for path in (ROOT / "keywords").rglob("*.py") if "OUTPUT DIR}" in path.read_text("utf-8")]
    assert {path.relative_to(ROOT).as_posix() for path in readers} == {
        "keywords/run/output_folder.py",
        "keywords/engine/evidence/folders.py",
        "keywords/traceability/evidence/workings.py",
    }, "make files by keywords.run.output_folder"
