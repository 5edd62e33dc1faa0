"""A test that measures times runs alone, although other processes run tests at the same time."""

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = """
import json, time
from pathlib import Path
import pytest

def note(name):
    began = time.monotonic()
    time.sleep(0.1)
    Path(__file__).with_name(f"{name}.json").write_text(json.dumps([began, time.monotonic()]))

@pytest.mark.quiet_machine
@pytest.mark.parametrize("number", range(2))
def test_quiet(number):
    note(f"quiet-{number}")

@pytest.mark.parametrize("number", range(8))
def test_other(number):
    note(f"other-{number}")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_no_other_test_runs_while_one_measures(tmp_path):
    shutil.copy(HERE.parent / "pyproject.toml", tmp_path)
    folder = tmp_path / "utest"
    folder.mkdir()
    shutil.copy(HERE / "conftest.py", folder)
    (folder / "test_times.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "3", "--dist", "load", "-p", "no:cacheprovider"]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    process = subprocess.run(
        command, cwd=tmp_path, env=outside, capture_output=True, text=True, timeout=120, check=False
    )
    assert process.returncode == 0, process.stdout + process.stderr
    times = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    assert len(times) == 10
    quiet = {name: times.pop(name) for name in ("quiet-0", "quiet-1")}
    for began, ended in quiet.values():
        beside = {**quiet, **times}.values()
        assert sum(other_began < ended and began < other_ended for other_began, other_ended in beside) == 1
    ordered = sorted(times.values())
    assert any(later[0] < earlier[1] for earlier, later in pairwise(ordered))
