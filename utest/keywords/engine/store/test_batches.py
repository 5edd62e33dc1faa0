"""Batches reach the file while others write to it, when programs are killed, and once a full disk has space again."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from keywords.engine.store.batches import BatchWriter
from keywords.engine.store.columns import read_columns
from keywords.engine.store.database import Store
from keywords.engine.store.errors import (
    RowsLostError,
)
from keywords.engine.store.runs import begin_run, read_runs
from utest.keywords.engine.store.rooms import COUNTS, POINTS, ROOM, ROOM_OF_COUNTS, fill


def test_batches_reach_the_file(store, path):
    run = begin_run(store, "load", "a")
    writer = BatchWriter(path, ROOM, POINTS, lambda at: (run, at, "x", None, None))
    for start in range(0, 1000, 100):
        writer.add([float(at) for at in range(start, start + 100)])
    writer.close()
    assert writer.written == 1000
    np.testing.assert_array_equal(read_columns(store, POINTS, run, ["at"])["at"], np.arange(1000))


def test_rows_that_a_full_disk_refused_are_counted(store, path):
    run = begin_run(store, "load", "a")
    writer = BatchWriter(path, ROOM, POINTS, lambda at: (run, at, "x" * 9000, None, None))
    fill(writer._store)
    writer.add([1.0, 2.0, 3.0])
    with pytest.raises(RowsLostError, match=r"^3 of 3 rows of points were not stored: the disk is full") as caught:
        writer.close()
    assert caught.value.lost == 3


@pytest.mark.parametrize("unfit", [(2**63, "x"), ("a", None)], ids=["a number of 65 bits", "no value"])
def test_a_row_that_its_table_cannot_hold_is_lost_alone(store, path, unfit):
    run = begin_run(store, "load", "a")
    writer = BatchWriter(path, ROOM_OF_COUNTS, COUNTS, lambda row: (run, *row))
    writer.add([(1, "x"), unfit, (3, "y")])
    with pytest.raises(RowsLostError, match=r"^1 of 3 rows of counts were not stored: .* cannot hold a row"):
        writer.close()
    with Store(path, ROOM_OF_COUNTS) as reader:
        assert [row[1] for row in reader.query("SELECT * FROM counts ORDER BY rowid")] == [1, 3]


def test_rows_wait_in_memory_until_the_disk_has_space_again(store, path):
    run = begin_run(store, "load", "a")
    writer = BatchWriter(path, ROOM, POINTS, lambda at: (run, at, "x" * 9000, None, None))
    fill(writer._store)
    writer.add([1.0])
    list(writer._store.query("PRAGMA max_page_count = 1000000"))
    writer.add([2.0])
    writer.close()
    np.testing.assert_array_equal(read_columns(store, POINTS, run, ["at"])["at"], [1.0, 2.0])


def test_memory_is_bounded_while_the_disk_is_full(store, path, monkeypatch):
    monkeypatch.setattr("keywords.engine.store.batches.WAITING_LIMIT", 2)
    run = begin_run(store, "load", "a")
    writer = BatchWriter(path, ROOM, POINTS, lambda at: (run, at, "x" * 9000, None, None))
    fill(writer._store)
    writer.add([1.0, 2.0, 3.0])
    with pytest.raises(RowsLostError, match=r"^3 of 3 rows"):
        writer.close()


WRITER = """
    import sys
    import time
    from pathlib import Path
    sys.path.insert(0, {here!r})
    from utest.keywords.engine.store.rooms import POINTS, ROOM
    from keywords.engine.store.batches import BatchWriter
    from keywords.engine.store.database import Store
    from keywords.engine.store.runs import begin_run
    path = Path({path!r})
    with Store(path, ROOM) as store:
        run = begin_run(store, "load", "a")
    writer = BatchWriter(path, ROOM, POINTS, lambda at: (run, at, "x", None, None))
    number = 0
    while number < {rows} or {forever}:
        writer.add([float(number)])
        number += 1
        while {forever} and writer.written < number - 500:
            time.sleep(0.001)
        if number % 500 == 0:
            print(writer.written, flush=True)
    writer.close()
"""


def program(path, *, rows, forever=False):
    text = textwrap.dedent(WRITER).format(
        here=str(Path(__file__).parents[4]), path=str(path), rows=rows, forever=forever
    )
    return subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)


def test_several_processes_write_at_once(path):
    programs = [program(path, rows=2000) for _ in range(3)]
    assert [each.communicate(timeout=60) and each.returncode for each in programs] == [0, 0, 0]
    with Store(path, ROOM) as store:
        assert [run.id for run in read_runs(store)] == [1, 2, 3]
        assert list(store.query("SELECT run, count(*) FROM points GROUP BY run")) == [(1, 2000), (2, 2000), (3, 2000)]


def test_a_killed_program_loses_no_batch_that_was_written(path):
    with program(path, rows=0, forever=True) as killed:
        written = next(int(line) for line in killed.stdout if int(line) > 0)
        killed.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        killed.wait()
    with Store(path, ROOM) as store:
        (run,) = read_runs(store)
        at = read_columns(store, POINTS, run.id, ["at"])["at"]
    assert run.ended is None
    assert len(at) >= written
    np.testing.assert_array_equal(at, np.arange(len(at)))
