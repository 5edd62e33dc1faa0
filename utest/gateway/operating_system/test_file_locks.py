"""Locks that processes hold against each other."""

import importlib
import os
import subprocess
import sys

import pytest

from gateway.operating_system import file_locks
from gateway.operating_system.file_locks import lock, locked_folder, unlock
from gateway.operating_system.shared_memory import open_memory

OTHER_PROCESS = """
import fcntl, os, sys
descriptor = os.open(sys.argv[2], os.O_RDONLY) if sys.argv[1] == "flock" else int(sys.argv[2])
getattr(fcntl, sys.argv[1])(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no lock")


def another_can_lock(*arguments, **options):
    command = [sys.executable, "-c", OTHER_PROCESS, *map(str, arguments)]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL, **options).returncode == 0


@posix
def test_a_folder_is_locked_against_other_processes(tmp_path):
    with locked_folder(tmp_path):
        assert not another_can_lock("flock", tmp_path)
    assert another_can_lock("flock", tmp_path)


@posix
def test_an_absent_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), locked_folder(tmp_path / "absent"):
        pass


@posix
def test_an_inherited_descriptor_is_locked_against_its_other_owners():
    descriptor = open_memory("test", 8)
    try:
        lock(descriptor)
        assert not another_can_lock("lockf", descriptor, pass_fds=[descriptor])
        unlock(descriptor)
        assert another_can_lock("lockf", descriptor, pass_fds=[descriptor])
    finally:
        os.close(descriptor)


def test_windows_goes_without(monkeypatch, tmp_path):
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        windows.setitem(sys.modules, "fcntl", None)
        windows.delattr(file_locks, "fcntl", raising=False)
        importlib.reload(file_locks)
        with file_locks.locked_folder(tmp_path):
            pass
    importlib.reload(file_locks)
