import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from keywords.engine import machine
from keywords.engine.machine import Deadline, Machine, StallWatch, measure_machine


def test_a_busy_machine_works_slower_than_alone():
    assert Machine(load=0.1, cores=2, wait_ratio=1.0).slowdown == 1
    assert Machine(load=8, cores=2, wait_ratio=1.5).slowdown == 4
    assert Machine(load=0.5, cores=2, wait_ratio=3).slowdown == 3


def test_limits_allow_for_a_sixfold_slowdown():
    assert Machine(load=0, cores=2, wait_ratio=1).explains_s(1) == 1
    assert Machine(load=8, cores=2, wait_ratio=1).explains_s(1) == pytest.approx(1.15)
    assert Machine(load=24, cores=2, wait_ratio=1).explains_s(1) == pytest.approx(2.55)
    assert Machine(load=24, cores=2, wait_ratio=1).explains_s(1, wait_s=0) == 2


def test_the_state_says_load_and_cores():
    assert str(Machine(load=7.94, cores=2, wait_ratio=4.1)).startswith("load 7.9 on 2 cores, work takes 4.1 times")


def test_neighbours_on_the_same_core_show():
    if sys.platform != "linux":
        pytest.skip("processes can be pinned to one core on Linux only")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    spin = [sys.executable, "-c", "while True: pass"]
    neighbours = [subprocess.Popen(spin) for _ in range(3)]
    try:
        time.sleep(0.5)
        assert measure_machine().wait_ratio > 2
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
        os.sched_setaffinity(0, cores)


def test_a_deadline_is_longer_by_what_the_machine_explains(monkeypatch):
    monkeypatch.setattr(machine, "measure_machine", lambda: Machine(load=24, cores=2, wait_ratio=1))
    now = [100.0]
    monkeypatch.setattr(machine.clock, "now", lambda: now[0])
    deadline = Deadline(2)
    now[0] = 103.0
    assert not deadline.is_over()
    assert deadline.left_s() == pytest.approx(1.55)
    now[0] = 104.6
    assert deadline.is_over()


def test_a_deadline_ends_at_its_limit_on_an_idle_machine(monkeypatch):
    monkeypatch.setattr(machine, "measure_machine", lambda: Machine(load=0, cores=2, wait_ratio=1))
    now = [100.0]
    monkeypatch.setattr(machine.clock, "now", lambda: now[0])
    deadline = Deadline(2)
    assert deadline.left_s() == pytest.approx(2)
    now[0] = 102.1
    assert deadline.is_over()


def test_a_time_in_which_this_process_stood_still_is_noted(monkeypatch):
    moments = iter([100.0, 100.0, 100.06, 100.06, 101.11, 101.11])
    monkeypatch.setattr(machine.clock, "now", lambda: next(moments))
    watch = StallWatch()
    beats = iter([False, False, True])
    watch._ended = SimpleNamespace(wait=lambda _: next(beats))
    watch._watch()
    assert watch.stalled_s(100.0, 102.0) == pytest.approx(1.0)
    assert watch.stalled_s(100.61, 102.0) == pytest.approx(0.5)
    assert watch.stalled_s(101.2, 102.0) == 0


def test_a_watch_ends_with_its_block():
    with StallWatch() as watch:
        assert watch.stalled_s(0, 0) == 0
    assert not watch._thread.is_alive()
