"""The guard ends the trees that it watches when their owner is gone, and no others."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from keywords.engine.processes import tree
from keywords.engine.processes.guard import Guard

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]


@pytest.fixture
def guard():
    guard = Guard()
    yield guard
    guard.close()


@pytest.fixture
def sleeper():
    started = []

    def sleeper(command=SLEEP):
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True))
        return started[-1]

    yield sleeper
    for process in started:
        process.kill()
        process.communicate()


def test_one_guard_ends_all_that_it_watches_when_its_pipe_closes(guard, sleeper):
    processes = [sleeper(), sleeper()]
    for process in processes:
        guard.watch(process.pid)
    guard.close()
    assert [process.wait(5) for process in processes] == [-signal.SIGTERM] * 2


def test_what_was_released_lives_on(guard, sleeper):
    released, watched = sleeper(), sleeper()
    guard.watch(released.pid)
    guard.watch(watched.pid)
    guard.release(released.pid)
    guard.close()
    watched.wait(5)
    assert released.poll() is None


def test_no_tree_waits_for_the_end_of_another(guard, sleeper):
    stubborn, process = sleeper(STUBBORN), sleeper()
    assert stubborn.stdout.readline() == b"ready\n"
    guard.watch(stubborn.pid)
    guard.watch(process.pid)
    guard._process.stdin.close()
    assert process.wait(4.5) == -signal.SIGTERM
    assert stubborn.poll() is None, "the guard should kill it after five seconds"


def test_a_process_that_has_ended_already_is_no_trouble(guard, sleeper):
    gone, watched = sleeper(), sleeper()
    gone.kill()
    gone.wait()
    guard.watch(gone.pid)
    guard.watch(watched.pid)
    guard.close()
    assert watched.wait(5) == -signal.SIGTERM


def test_another_guard_takes_over_what_a_killed_one_watched(guard, sleeper):
    first, second = sleeper(), sleeper()
    guard.watch(first.pid)
    killed = psutil.Process(guard.pid)
    os.kill(guard.pid, signal.SIGKILL)
    tree.wait_gone([killed], 5)
    guard.watch(second.pid)
    assert guard.pid != killed.pid
    guard.close()
    assert [process.wait(5) for process in (first, second)] == [-signal.SIGTERM] * 2
