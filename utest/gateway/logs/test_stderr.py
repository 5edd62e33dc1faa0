"""A reader of standard error that does not read."""

import os
from contextlib import suppress

import pytest

from gateway.logs.stderr import Stderr


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    os.close(writing)
    os.close(reading)


def fill(writing):
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"\n")
    os.set_blocking(writing, True)


def read(reading, count):
    data = b""
    while len(data) < count:
        data += os.read(reading, count - len(data))
    return data


def test_lines_come_in_order(pipe):
    reading, writing = pipe
    stderr = Stderr(writing)
    for number in range(100):
        stderr.put(b"%02d\n" % number)
    assert stderr.flush(5)
    assert read(reading, 300) == b"".join(b"%02d\n" % number for number in range(100))


def test_who_does_not_read_holds_up_nothing_and_gets_what_fits(pipe):
    reading, writing = pipe
    fill(writing)
    stderr = Stderr(writing, limit=2)
    for line in (b"a\n", b"b\n", b"c\n"):
        stderr.put(line)
    assert not stderr.flush(0.05)
    assert stderr.is_behind
    assert stderr.dropped == 1
    os.set_blocking(reading, False)
    while not stderr.flush(0.01):
        os.read(reading, 65_536)
    assert not stderr.is_behind


def test_a_reader_who_is_gone_holds_up_nothing():
    reading, writing = os.pipe()
    os.close(reading)
    stderr = Stderr(writing)
    stderr.put(b"a\n")
    assert stderr.flush(5)
    assert stderr.dropped == 1
    os.close(writing)
