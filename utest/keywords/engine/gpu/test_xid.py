"""XIDs of the kernel's log are those of the run only, and a log that cannot be read is no log without XIDs."""

import subprocess

import pytest

from keywords.engine.gpu import xid
from keywords.engine.gpu.xid import KernelLog, codes_in, read_kernel_log

OLD = "[ 1.5] NVRM: Xid (PCI:0000:1a:00): 13, pid=77, name=python, Graphics Exception"
NEW = "[ 9.5] NVRM: Xid (PCI:0000:1a:00): 79, pid='<unknown>', GPU has fallen off the bus."


@pytest.fixture
def dmesg(monkeypatch):
    """Let `dmesg` print something, or end with an error."""

    def dmesg(out="", err="", status=0):
        monkeypatch.setattr(xid.sys, "platform", "linux")
        monkeypatch.setattr(xid.shutil, "which", lambda _: "/bin/dmesg")
        done = subprocess.CompletedProcess([], status, out, err)
        monkeypatch.setattr(xid.subprocess, "run", lambda *_, **__: done)

    return dmesg


def test_only_lines_that_are_new_count(dmesg):
    dmesg(f"[ 1.0] usb\n{OLD}\n")
    before = read_kernel_log()
    dmesg(f"[ 1.0] usb\n{OLD}\n{NEW}\n")
    assert read_kernel_log().since(before) == (79,)


def test_a_log_that_may_not_be_read_says_so(dmesg):
    dmesg(err="dmesg: read kernel buffer failed: Operation not permitted\n", status=1)
    assert read_kernel_log() == KernelLog((), "dmesg: read kernel buffer failed: Operation not permitted")


def test_another_system_has_no_such_log(monkeypatch):
    monkeypatch.setattr(xid.sys, "platform", "darwin")
    assert "darwin" in read_kernel_log().reason


def test_a_log_that_hangs_says_so(dmesg, monkeypatch):
    dmesg()

    def hang(*_, **__):
        raise subprocess.TimeoutExpired("dmesg", 10)

    monkeypatch.setattr(xid.subprocess, "run", hang)
    assert "did not end within 10 s" in read_kernel_log().reason


def test_codes_are_read_of_both_forms_of_the_line():
    assert codes_in(f"{OLD}\nNVRM: Xid (0000:1a:00): 63, Row Remapper") == (13, 63)
