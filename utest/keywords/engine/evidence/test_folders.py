"""Names of folders: readable, short, unique, and valid on every file system."""

import pytest

from keywords.engine.evidence.folders import evidence_of_row, evidence_of_suite, work_of_row, work_of_suite

LONG = 'Model "v1.2/ü" answers: ' + "x" * 200


@pytest.mark.parametrize("folder_of", [evidence_of_row, work_of_row])
def test_the_folder_of_a_row_is_readable_and_its_own(tmp_path, folder_of):
    folder = folder_of(tmp_path, "Suites.Api", LONG)
    assert folder.name.startswith("model-v1-2-answers-xxx")
    assert len(folder.name) <= 47
    assert folder.name != folder_of(tmp_path, "Suites.Other", LONG).name
    assert folder_of(tmp_path, "S", "模型").name.isalnum()


@pytest.mark.parametrize("folder_of", [evidence_of_suite, work_of_suite])
def test_the_folder_of_a_suite_leaves_out_what_all_suites_share(tmp_path, folder_of):
    assert folder_of(tmp_path, "Acceptance.Limits.Key File").name.startswith("limits-key-file-")
    assert folder_of(tmp_path, "Acceptance").name.startswith("acceptance-")
    assert folder_of(tmp_path, "A.B C").name != folder_of(tmp_path, "A.B.C").name


def test_evidence_and_workings_lie_apart_and_are_named_alike(tmp_path):
    assert evidence_of_row(tmp_path, "S.T", "A row").parent == tmp_path / "evidence"
    work = work_of_row(tmp_path, "S.T", "A row")
    assert work.parent == work_of_suite(tmp_path, "S.T")
    assert work.parent.parent == tmp_path / "work"
    assert work.name == evidence_of_row(tmp_path, "S.T", "A row").name


def test_the_longest_path_of_a_run_within_a_run_fits_windows(tmp_path):
    """A results folder of 30 characters leaves 230."""
    inner = work_of_row(work_of_row(tmp_path, f"S.{LONG}", LONG) / "leaving_workings-1", f"S.{LONG}", LONG)
    assert len(str(inner / "gateway-1.log")) - len(str(tmp_path)) < 240
