"""What the gateway knows of other processes."""

import os
import subprocess
import sys
import time

import pytest

from gateway.operating_system.processes import cpu_ticks, is_alive


def test_a_process_lives_until_its_parent_has_collected_it():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(process.pid)
    process.communicate()
    assert not is_alive(process.pid)
    assert cpu_ticks(process.pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="unknown elsewhere")
def test_what_a_process_computes_is_counted():
    before = cpu_ticks(os.getpid())
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert cpu_ticks(os.getpid()) > before


def test_on_windows_no_signal_is_sent_to_find_out(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", None)
    assert is_alive(os.getpid())
    assert not is_alive(os.getppid())
