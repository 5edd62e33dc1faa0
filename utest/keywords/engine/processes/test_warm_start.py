"""Starting gateways from a warm interpreter: the same process, without the time of its imports."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from keywords.engine.processes import warm_start
from keywords.engine.processes.warm_start import SUPPORTED, WarmStarter, WarmStartError

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
def starter(tmp_path, monkeypatch):
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(warm_start, "_PROGRAM", "program")
    monkeypatch.setattr(warm_start, "_MODULES", ("json",))
    starter = WarmStarter()
    yield starter
    starter.close()


@pytest.fixture
def start(starter, tmp_path):
    def start(*arguments):
        output = tmp_path / "output"
        output.write_bytes(b"")
        environment = {"ONLY": "this"}
        return starter.start(arguments, cwd=tmp_path, environment=environment, output=output)

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


def test_a_gateway_imports_nothing_when_it_starts(tmp_path, monkeypatch):
    config, log = tmp_path / "gateway.toml", tmp_path / "log"
    config.write_text(
        '[backends.b]\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\n[models.m]\nroute = [{ backend = "b" }]\n'
    )
    log.write_bytes(b"")
    # Each process that the interpreter forks then writes what it imports.
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    starter = WarmStarter()
    try:
        arguments = ["serve", "--host", "127.0.0.1", "--port", "0", "--config", str(config)]
        environment = {**os.environ, "GATEWAY_API_KEYS": "key"}
        process = starter.start(arguments, cwd=tmp_path, environment=environment, output=log)
        deadline = time.monotonic() + 60
        while '"listening"' not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        process.kill()
        process.wait()
    finally:
        starter.close()
    lines = [line for line in log.read_text().splitlines() if line.startswith("import time:")]
    imported = {line.rpartition("|")[2].strip() for line in lines}
    # Typer's are private modules that each of its programs imports late: they show that the log tells of imports.
    assert imported
    # What Python itself imports late differs between its versions.
    known = {"typer", *sys.stdlib_module_names}
    late = {name for name in imported if name.partition(".")[0] not in known}
    assert late == set(), "add what is not warm to _MODULES"


def test_an_interpreter_that_cannot_import_the_program_is_told(start, monkeypatch):
    monkeypatch.setattr(warm_start, "_MODULES", ("no_such_module",))
    with pytest.raises(WarmStartError):
        start()


def test_the_interpreter_ends_with_its_owner(tmp_path):
    owner = (
        "import sys, time; from pathlib import Path; from keywords.engine.processes.warm_start import STARTER; "
        "STARTER.start(['--version'], cwd=Path('.'), environment={}, output=Path(sys.argv[1])); "
        "print(STARTER._interpreter.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", owner, str(tmp_path / "output")], stdout=subprocess.PIPE) as process:
        interpreter = psutil.Process(int(process.stdout.readline()))
        process.kill()
    deadline = time.monotonic() + 10
    while interpreter.is_running() and interpreter.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it still runs ten seconds after its owner"
        time.sleep(0.02)


def test_one_that_nobody_waits_for_any_more_is_ended_and_not_taken_for_the_next(start, tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(0.5)\n")
    monkeypatch.setattr(warm_start, "_MODULES", ("slow",))
    with monkeypatch.context() as hurry:
        hurry.setattr(warm_start, "_FIRST_ANSWER_WITHIN_S", 0.05)
        with pytest.raises(WarmStartError, match="does not answer"):
            start("stay")
    output = tmp_path / "output"
    process = start("the next")
    assert process.wait() == 7
    told = [json.loads(line) for line in output.read_text().splitlines() if line.startswith("{")]
    assert {each["pid"] for each in told if "the next" in each["argv"]} == {process.pid}
    assert not any(psutil.pid_exists(each["pid"]) for each in told if "stay" in each["argv"])


START = """
import importlib, json, os, runpy, signal, sys
from keywords.engine.processes import warm_start
for module in warm_start._MODULES:
    importlib.import_module(module)
from gateway.server import listen
known = set(sys.modules)
def tell(_):
    print(json.dumps(sorted(set(sys.modules) - known)), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
listen.log_listening = tell
sys.argv = ["gateway", "serve", "--port", "0", "--config", "gateway.toml"]
runpy.run_module("gateway", run_name="__main__", alter_sys=True)
"""


def test_a_start_imports_nothing_more_of_the_gateway_and_its_packages(tmp_path):
    (tmp_path / "gateway.toml").write_text(
        '[backends.one]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[models.one]\nroute = [{ backend = "one" }]\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=tmp_path,
        env={**os.environ, "GATEWAY_API_KEYS": "of-this-test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    late = json.loads(done.stdout or "null")
    assert late is not None, done.stderr
    heavy = {"aiohttp", "fastapi", "gateway", "pydantic", "sqlite3", "starlette", "uvicorn", "uvloop"}
    assert [name for name in late if name.partition(".")[0] in heavy] == []
