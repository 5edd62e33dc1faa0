"""The lock of an output folder: held by one run, and lost with it."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from keywords.run import output_lock
from keywords.run.output_lock import LOCK, FolderInUseError, lock_folder, set_aside, unlock_folder

HOLD = "import sys, time; from pathlib import Path; from keywords.run.output_lock import lock_folder\n"


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of a folder."""
    begun = []

    def hold(*, then="time.sleep(60)"):
        code = f"{HOLD}lock_folder(Path(sys.argv[1])); print('held', flush=True); {then}"
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()


def lock(folder):
    return json.loads((folder / LOCK).read_text())


def test_a_locked_folder_is_refused_with_the_process(tmp_path, other):
    process = other()
    with pytest.raises(FolderInUseError, match=rf"another run, process {process.pid}, writes into .*--outputdir"):
        lock_folder(tmp_path)
    assert lock(tmp_path)["pid"] == process.pid


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path, other):
    process = other()
    process.kill()
    process.wait()
    assert (tmp_path / LOCK).exists()
    lock_folder(tmp_path)
    assert lock(tmp_path)["pid"] == os.getpid()
    unlock_folder(tmp_path)


def test_a_process_id_that_is_used_again_holds_nothing(tmp_path, other):
    process = other()
    (tmp_path / LOCK).write_text(json.dumps({**lock(tmp_path), "started": time.time() - 1000}))
    assert psutil.pid_exists(process.pid)
    lock_folder(tmp_path)
    assert lock(tmp_path)["pid"] == os.getpid()
    unlock_folder(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_lock_that_says_nothing_is_taken_over(tmp_path, text, monkeypatch):
    paused_s = []
    monkeypatch.setattr(output_lock, "sleep", paused_s.append)
    (tmp_path / LOCK).write_text(text)
    lock_folder(tmp_path)
    # Another process might have been writing it.
    assert sum(paused_s) >= 1
    unlock_folder(tmp_path)
    assert not (tmp_path / LOCK).exists()


def test_a_lock_ends_with_its_process(tmp_path, other):
    other(then="").wait()
    assert not (tmp_path / LOCK).exists()


def test_a_child_is_refused_too(tmp_path):
    lock_folder(tmp_path)
    child = [sys.executable, "-c", f"{HOLD}lock_folder(Path(sys.argv[1]))", str(tmp_path)]
    assert subprocess.run(child, check=False, capture_output=True).returncode == 1
    unlock_folder(tmp_path)
    assert not (tmp_path / LOCK).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no open file")
def test_a_file_that_is_set_aside_survives_its_name_being_opened(tmp_path):
    output = tmp_path / "output.xml"
    with output.open("w") as stream:
        give_back = set_aside(output)
        output.write_text("of another run")
        stream.write("of this run")
    give_back()
    assert output.read_text() == "of this run"
    give_back()
    assert [path.name for path in tmp_path.iterdir()] == ["output.xml"]
