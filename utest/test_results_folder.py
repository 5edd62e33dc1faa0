"""`.gitignore` leaves out what runs leave, and nothing else of the results; the editors' profiles name what exists."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from keywords.run.output_lock import LOCK, set_aside_name
from keywords.traceability.evidence.earlier_run import FILES, FOLDERS
from keywords.traceability.rows import NIGHTLY

ROOT = Path(__file__).parents[1]
PARTS = [f"{folder}/x" for folder in FOLDERS] + [*FILES, LOCK, set_aside_name(Path("output.xml")).name]


def ignored(path):
    command = ["git", "-C", str(ROOT), "check-ignore", "--quiet", "--no-index", path]
    code = subprocess.run(command, check=False, capture_output=True).returncode
    if code > 1:
        pytest.skip("this is no checkout of git")
    return code == 0


@pytest.mark.parametrize("part", PARTS)
def test_git_ignores_what_a_run_leaves_in_its_folder_or_here(part):
    assert ignored(f"results/{part}")
    assert ignored(part)


@pytest.mark.parametrize("path", ["results/baselines/race.md", "results/baselines/new.json", "robot.toml"])
def test_git_keeps_baselines(path):
    assert not ignored(path)


def test_the_profiles_of_editors_choose_rows_by_their_cadence():
    data = tomllib.loads((ROOT / "robot.toml").read_text("utf-8"))
    assert all((ROOT / path).is_dir() for path in data["paths"])
    chosen = {name: (one.get("includes", []), one.get("excludes", [])) for name, one in data["profiles"].items()}
    assert chosen == {
        "smoke": (["smoke"], []),
        "regular": ([], [NIGHTLY]),
        "nightly": ([], []),
        "attach": ([], [NIGHTLY]),
    }
    assert set(data["default-profiles"]) <= set(chosen)
