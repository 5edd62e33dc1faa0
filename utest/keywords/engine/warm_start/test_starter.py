"""Starting programs from a warm interpreter: the same process, without the time of its imports."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from keywords.engine.warm_start import starter as warm_start
from keywords.engine.warm_start.starter import SUPPORTED, WarmStarter, WarmStartError

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="only Linux lets a process go on after a fork")

PROGRAM = """
import json, os, sys, time
print(json.dumps({"argv": sys.argv, "cwd": os.getcwd(), "environment": dict(os.environ), "session": os.getsid(0),
                  "pid": os.getpid(), "input": sys.stdin.read(), "descriptors": len(os.listdir("/proc/self/fd")),
                  "path": sys.path}), flush=True)
print("also this", file=sys.stderr, flush=True)
if "stay" in sys.argv:
    time.sleep(60)
sys.exit(7)
"""


@pytest.fixture
def starters(tmp_path, monkeypatch):
    """Makes starters of the program, given what they import."""
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = []

    def make(*modules):
        made.append(WarmStarter(modules))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def starter(starters):
    return starters("json")


@pytest.fixture
def start(starter, tmp_path):
    """Starts the program with all its output in one file."""

    def start(*arguments, by=starter):
        with Path(os.devnull).open("rb") as nothing, (tmp_path / "output").open("wb") as output:
            return by.start(
                "program",
                arguments,
                cwd=tmp_path,
                environment={"ONLY": "this"},
                descriptors=(nothing.fileno(), output.fileno(), output.fileno()),
            )

    return start


def test_it_runs_with_its_own_arguments_folder_environment_and_session(start, tmp_path):
    process = start("serve", "--port", "0")
    assert process.wait() == 7
    assert process.poll() == 7
    told, also = (tmp_path / "output").read_text().splitlines()
    told = json.loads(told)
    assert told["argv"][1:] == ["serve", "--port", "0"]
    assert (told["cwd"], told["input"]) == (str(tmp_path), "")
    assert told["environment"] == {"ONLY": "this"}
    assert told["session"] == told["pid"] == process.pid != os.getsid(0)
    assert told["descriptors"] == 4  # the three standard ones, and that of the list itself
    assert not any(folder.endswith("engine") for folder in told["path"])  # its `statistics` would hide Python's own
    assert also == "also this"


def test_a_killed_one_tells_the_signal(start):
    process = start("stay")
    assert process.poll() is None
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.kill()


def test_each_is_a_process_of_its_own(start):
    first, second = start("stay"), start("stay")
    first.kill()
    first.wait()
    assert second.poll() is None
    second.kill()
    assert second.wait() == -signal.SIGKILL


def test_one_goes_on_without_its_interpreter_and_the_next_start_opens_another(start, starter):
    process = start("stay")
    starter.close()
    assert psutil.pid_exists(process.pid)
    second = start()
    assert second.wait() == 7
    os.kill(process.pid, signal.SIGKILL)


def test_an_interpreter_that_cannot_import_a_module_is_told(start, starters):
    with pytest.raises(WarmStartError, match="no_such_module"):
        start(by=starters("no_such_module"))


def test_input_output_and_errors_are_the_files_that_were_given(starter, tmp_path):
    (tmp_path / "given").write_text("asked")
    with (
        (tmp_path / "given").open() as given,
        (tmp_path / "o").open("w") as output,
        (tmp_path / "e").open("w") as error,
    ):
        descriptors = (given.fileno(), output.fileno(), error.fileno())
        process = starter.start("program", (), cwd=tmp_path, environment={}, descriptors=descriptors)
    assert process.wait(60) == 7
    assert json.loads((tmp_path / "o").read_text())["input"] == "asked"
    assert (tmp_path / "e").read_text() == "also this\n"


def test_a_module_of_its_folder_is_found_as_by_python_m(starter, tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "only_here.py").write_text("import sys\nsys.exit(9)\n")
    with Path(os.devnull).open("r+b") as nothing:
        descriptors = (nothing.fileno(),) * 3
        process = starter.start("only_here", (), cwd=tmp_path / "inner", environment={}, descriptors=descriptors)
    assert process.wait(60) == 9


def test_waiting_has_a_limit(start):
    process = start("stay")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL


def test_the_interpreter_ends_with_its_owner():
    owner = (
        "import time; from pathlib import Path; from keywords.engine.warm_start.starter import WarmStarter; "
        "starter = WarmStarter(('json',)); "
        "starter.start('this', (), cwd=Path('.'), environment={}, descriptors=(0, 2, 2)); "
        "print(starter._interpreter.pid, flush=True); time.sleep(60)"
    )
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", owner], **pipes) as process:
        interpreter = psutil.Process(int(process.stdout.readline()))
        process.kill()
    deadline = time.monotonic() + 10
    while interpreter.is_running() and interpreter.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it still runs ten seconds after its owner"
        time.sleep(0.02)


def test_one_that_nobody_waits_for_any_more_is_ended_and_not_taken_for_the_next(start, starters, tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(0.5)\n")
    slow = starters("slow")
    with monkeypatch.context() as hurry:
        hurry.setattr(warm_start, "_FIRST_ANSWER_WITHIN_S", 0.05)
        with pytest.raises(WarmStartError, match="does not answer"):
            start("stay", by=slow)
    output = tmp_path / "output"
    process = start("the next", by=slow)
    assert process.wait() == 7
    told = [json.loads(line) for line in output.read_text().splitlines() if line.startswith("{")]
    assert {each["pid"] for each in told if "the next" in each["argv"]} == {process.pid}
    assert not any(psutil.pid_exists(each["pid"]) for each in told if "stay" in each["argv"])
