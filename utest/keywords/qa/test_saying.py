"""Lines for readers who have gone, whose disk is full, or whose terminal knows few letters."""

import os
import sys
from pathlib import Path

import pytest

from keywords.qa import start
from keywords.qa.saying import say


def test_a_reader_who_has_gone_ends_nothing(monkeypatch):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        for _ in range(3):
            say("x" * 100_000)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_ends_nothing(monkeypatch):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        say("one")
        say("two")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_letters_that_a_terminal_lacks_become_escapes(monkeypatch, tmp_path, encoding):
    with (tmp_path / "out").open("w", encoding=encoding, newline="\n") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        say("\u043f \u4e2d")
    assert (tmp_path / "out").read_bytes() == b"\\u043f \\u4e2d\n"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_closed_output_ends_nothing(monkeypatch, name):
    monkeypatch.setattr(sys, name, None)
    say("one")
    say("two", err=True)


def test_a_working_directory_that_is_gone_is_told(monkeypatch, capsys):
    def gone():
        raise FileNotFoundError

    monkeypatch.setattr(os, "getcwd", gone)
    with pytest.raises(SystemExit) as ended:
        start.main()
    assert ended.value.code == 2
    assert "the working directory is gone" in capsys.readouterr().err
