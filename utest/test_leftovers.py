"""Nothing of a run is left running, whether it ends by itself, by Ctrl-C or by SIGKILL."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from keywords.engine.processes.tree import alive
from keywords.engine.scripted.backend import ScriptedBackend

SUITE = """
*** Settings ***
Library           keywords.backend.scripted.ScriptedBackendLibrary
Library           keywords.gateway.process.GatewayProcessLibrary
Suite Setup       Provide World
Suite Teardown    Release Target

*** Test Cases ***
A row is running
    Start Scripted Backend
    Start Gateway    config=${CONFIG}
    Log To Console    running
    Sleep    ${SECONDS}

*** Keywords ***
Provide World
    ${target} =    Provide Target    config=${CONFIG}
    VAR    ${TARGET}    ${target}    scope=GLOBAL
"""
LIMIT_S = 10.0


@pytest.fixture
def backend():
    backend = ScriptedBackend()
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def robot(tmp_path, backend):
    """Start a run in a process group of its own, as a terminal does, and wait until its row is running."""
    started = []

    def robot(seconds):
        config = tmp_path / "gateway.toml"
        config.write_text(
            f'[backends.scripted]\nkind = "openai"\nbase_url = "{backend.url}/v1"\n'
            '[models.scripted]\nroute = [{ backend = "scripted" }]\n'
        )
        suite = tmp_path / "leftovers.robot"
        suite.write_text(SUITE)
        variables = ["-v", f"CONFIG:{config}", "-v", f"SECONDS:{seconds}"]
        running = subprocess.Popen(
            [sys.executable, "-m", "robot", "-d", str(tmp_path / "results"), *variables, str(suite)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(running)
        for line in running.stdout:
            if "running" in line.split():
                return running, psutil.Process(running.pid).children(recursive=True)
        raise AssertionError((tmp_path / "results" / "output.xml").read_text())

    yield robot
    for running in started:
        running.kill()
        running.wait()
        running.stdout.close()


def wait_gone(processes):
    deadline = time.monotonic() + LIMIT_S
    while (left := [process for process in processes if alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_a_run_that_ends_by_itself_leaves_nothing(robot, tmp_path):
    running, started = robot("0 s")
    assert len(started) >= 4  # two gateways, their guard, and a backend
    running.communicate(timeout=LIMIT_S)
    assert running.returncode == 0
    # Gone when `robot` is gone, not some time later.
    assert [process for process in started if alive(process)] == []
    logs = list((tmp_path / "results" / "work").rglob("gateway-1.log"))
    assert len(logs) == 2  # the suite's and the row's
    assert all('"event":"stopped"' in log.read_text() for log in logs)


def test_after_ctrl_c_what_a_row_and_the_suite_started_is_ended(robot, tmp_path):
    running, started = robot("60 s")
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=LIMIT_S)
    assert [process for process in started if alive(process)] == []
    assert "Execution terminated by signal" in (tmp_path / "results" / "output.xml").read_text()
    logs = list((tmp_path / "results" / "work").rglob("gateway-1.log"))
    assert len(logs) == 2  # the suite's and the row's
    assert all('"event":"stopped"' in log.read_text() for log in logs)


def test_after_a_second_ctrl_c_nothing_is_left(robot):
    running, started = robot("60 s")
    os.killpg(running.pid, signal.SIGINT)
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=LIMIT_S)
    assert wait_gone(started) == []


def test_after_sigkill_the_guard_ends_the_gateway(robot):
    running, started = robot("60 s")
    running.kill()
    running.wait()
    assert wait_gone(started) == []
