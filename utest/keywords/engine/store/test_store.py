import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from array import array
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from keywords.engine import clock
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.store import opening
from keywords.engine.store.batches import BatchWriter
from keywords.engine.store.columns import read_arrays, read_columns
from keywords.engine.store.database import Store
from keywords.engine.store.errors import (
    BusyStoreError,
    DamagedStoreError,
    NewerStoreError,
    NotAStoreError,
    RowsLostError,
    StoreError,
    UnwritableStoreError,
)
from keywords.engine.store.runs import begin_run, end_run, read_run, read_runs
from keywords.engine.store.schema import RUN, Column, Room, Table

POINTS = Table(
    "points",
    (
        RUN,
        Column("at", "REAL", "seconds"),
        Column("name", "TEXT", "of the point"),
        Column("facts", "JSON", "further ones"),
        Column("gaps", "UINT32", "microseconds"),
    ),
)
ROOM = Room("test", version=1, tables=(POINTS,))
WIDE = Table("points", (*POINTS.columns, Column("height", "REAL", "metres")))


def widen(connection):
    connection.execute("ALTER TABLE points ADD COLUMN height REAL")
    connection.execute("UPDATE points SET height = 7")


ROOM_2 = Room("test", version=2, tables=(WIDE,), migrations={2: widen})
SECRET = "sk-Zq81kdPw02LmVt"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results" / "measurements.db"


@pytest.fixture
def store(path):
    with Store(path, ROOM) as store:
        yield store


def test_a_run_is_kept_as_it_was_told(store):
    before = clock.now()
    options, environment = {"users": [1, 10]}, {"cores": 2}
    run = begin_run(
        store,
        "load",
        "nightly",
        target="http://user:pass@host:8000/v1?api-key=abc#x",
        model="m",
        workload_hash="ab12",
        options=options,
        environment=environment,
    )
    assert read_run(store, run).ended is None
    end_run(store, run, validity="INVALID", reasons=["the client was late"], interrupted=True)
    found = read_run(store, run)
    assert (found.id, found.kind, found.series, found.target) == (run, "load", "nightly", "http://host:8000/v1")
    assert (found.model, found.workload_hash, found.options, found.environment) == ("m", "ab12", options, environment)
    assert (found.validity, found.reasons, found.interrupted) == ("INVALID", ("the client was late",), True)
    assert before <= found.started <= found.ended <= clock.now()


def test_runs_are_chosen_by_kind_and_series(store):
    ids = [begin_run(store, kind, series) for kind, series in [("load", "a"), ("gpu", "a"), ("load", "b")]]
    assert [run.id for run in read_runs(store)] == ids == [1, 2, 3]
    assert [run.id for run in read_runs(store, kind="load")] == [1, 3]
    assert [run.id for run in read_runs(store, kind="load", series="a")] == [1]


def test_a_run_that_is_not_there_is_named(store):
    begin_run(store, "load", "a")
    with pytest.raises(StoreError, match=r"has no run 7; its latest: 1$"):
        read_run(store, 7)
    with pytest.raises(StoreError, match=r"has no run 7"):
        end_run(store, 7)


def test_rows_come_back_as_columns(store):
    first, other = begin_run(store, "load", "a"), begin_run(store, "load", "a")
    gaps = array("I", [5, 4_294_967_295])
    store.insert(POINTS, [(first, 1.5, "x", {"a": [1]}, gaps), (other, 9.0, "y", None, None)])
    store.insert(POINTS, [(first, None, None, None, None), (first, 2.5, "x", None, np.array([7]))])
    columns = read_columns(store, POINTS, first, ["at", "name", "facts"])
    np.testing.assert_array_equal(columns["at"], [1.5, np.nan, 2.5])
    assert list(columns["name"]) == ["x", None, "x"]
    assert json.loads(columns["facts"][0]) == {"a": [1]}
    blocks = list(read_arrays(store, POINTS, first, "gaps", block=2))
    assert [list(numbers) for numbers, _ in blocks] == [[5, 4_294_967_295], [7]]
    assert [list(lengths) for _, lengths in blocks] == [[2, 0], [1]]


def test_no_row_means_empty_columns(store):
    run = begin_run(store, "load", "a")
    assert {name: len(column) for name, column in read_columns(store, POINTS, run, ["at", "name"]).items()} == {
        "at": 0,
        "name": 0,
    }
    assert list(read_arrays(store, POINTS, run, "gaps")) == []


def test_the_schema_in_the_file_tells_the_units(path):
    Store(path, ROOM).close()
    with closing(sqlite3.connect(path)) as file:
        statement, *_ = file.execute("SELECT sql FROM sqlite_master WHERE name = 'points'").fetchone()
    assert "at REAL,  -- seconds" in statement


def test_a_sample_belongs_to_a_run(store):
    with pytest.raises(StoreError, match=r"FOREIGN KEY"):
        store.insert(POINTS, [(99, 1.0, "x", None, None)])


def test_a_batch_is_written_whole_or_not_at_all(store):
    run = begin_run(store, "load", "a")
    with pytest.raises(StoreError, match=r"FOREIGN KEY"):
        store.insert(POINTS, [(run, 1.0, "x", None, None), (99, 1.0, "x", None, None)])
    assert list(store.query("SELECT * FROM points")) == []


def test_no_secret_reaches_the_file(store, path, monkeypatch):
    monkeypatch.setattr(SECRETS, "_grams", dict(SECRETS._grams))
    SECRETS.protect(SECRET)
    run = begin_run(
        store,
        "load",
        f"series {SECRET}",
        target=f"http://host/{SECRET}",
        model=SECRET,
        options={"headers": [f"Bearer {SECRET}"], "api_key": "k1", SECRET: 1},
        environment={"nested": {"Authorization": "Basic dTpw"}},
    )
    end_run(store, run, reasons=[f"401 for {SECRET}"])
    store.insert(POINTS, [(run, 1.0, f"key {SECRET}", {"said": SECRET}, None)])
    store.close()
    data = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for secret in (SECRET.encode(), b"k1", b"dTpw"):
        assert secret not in data
    assert b"key <secret>" in data


def test_packed_numbers_are_never_bytes(store):
    run = begin_run(store, "load", "a")
    with pytest.raises(TypeError, match=r"an array of whole numbers is stored, not bytes"):
        store.insert(POINTS, [(run, 1.0, "x", None, SECRET.encode())])


def test_a_text_that_utf_8_cannot_hold_is_kept_as_an_escape(store):
    run = begin_run(store, "load", "a")
    store.insert(POINTS, [(run, 1.0, "\ud83d café", None, None)])
    assert list(read_columns(store, POINTS, run, ["name"])["name"]) == ["\\ud83d café"]


def test_an_older_file_is_migrated(store, path):
    run = begin_run(store, "load", "a")
    store.insert(POINTS, [(run, 1.0, "x", None, None)])
    store.close()
    with Store(path, ROOM_2) as newer:
        assert list(newer.query("SELECT name, height FROM points")) == [("x", 7.0)]
        assert dict(newer.query("SELECT * FROM schema_version")) == {"runs": 1, "test": 2}
        newer.insert(WIDE, [(run, 1.0, "y", None, None, 8.0)])
    assert [file.name for file in path.parent.iterdir()] == ["measurements.db"]


def test_a_migration_that_fails_leaves_the_old_file(store, path):
    store.close()
    before = path.read_bytes()

    def fail(connection):
        connection.execute("DROP TABLE points")
        connection.execute("SELECT nonsense FROM nowhere")

    with pytest.raises(StoreError, match=r"nowhere"):
        Store(path, Room("test", version=2, tables=(WIDE,), migrations={2: fail}))
    with Store(path, ROOM) as again:
        assert list(again.query("SELECT * FROM points")) == []
    assert len(before) == path.stat().st_size
    assert [file.name for file in path.parent.iterdir()] == ["measurements.db"]


def test_a_migration_must_lead_to_the_declared_columns(store, path):
    store.close()
    with pytest.raises(ValueError, match=r"leave points with the columns"):
        Store(path, Room("test", version=2, tables=(WIDE,), migrations={2: lambda _: None}))


def test_a_file_in_use_is_not_migrated_below_its_users(store, path):
    run = begin_run(store, "load", "a")
    with pytest.raises(BusyStoreError, match=r"is of an older version and open in another program"):
        Store(path, ROOM_2)
    store.insert(POINTS, [(run, 1.0, "x", None, None)])
    store.close()
    with Store(path, ROOM_2) as newer:
        assert list(newer.query("SELECT name FROM points")) == [("x",)]


def test_each_version_needs_its_migration():
    with pytest.raises(ValueError, match=r"needs a migration for each version from 2 on"):
        Room("test", version=3, tables=(WIDE,), migrations={2: widen})


def test_a_newer_file_is_refused_with_the_remedy(path):
    Store(path, ROOM_2).close()
    with pytest.raises(NewerStoreError, match=r"holds the tables of test in version 2.*only version 1: update"):
        Store(path, ROOM)
    with Store(path) as others:
        assert read_runs(others) == []


def test_rooms_enter_a_file_one_after_the_other(path):
    Store(path).close()
    with Store(path, ROOM) as store:
        assert list(store.query("SELECT * FROM points")) == []


@pytest.mark.parametrize("content", [b"no database at all, but a text of some length. " * 40, b"SQLite format 4\0" * 9])
def test_a_file_that_is_no_database_is_refused_and_kept(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(NotAStoreError, match=r"is no SQLite database: name another file, or move it away$"):
        Store(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_kept(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE runs (id)")
    before = path.read_bytes()
    with pytest.raises(NotAStoreError, match=r"is another program's database"):
        Store(path)
    assert path.read_bytes() == before


def test_a_damaged_file_is_told(store, path):
    run = begin_run(store, "load", "a")
    store.insert(POINTS, [(run, float(n), "x" * 500, None, None) for n in range(200)])
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xff" * (len(data) - 4096 * 3)
    path.write_bytes(data)
    with (
        pytest.raises(DamagedStoreError, match=r"is damaged \(.*\): move it away to begin a new one"),
        Store(path, ROOM) as again,
    ):
        read_columns(again, POINTS, run, ["name"])


def test_a_cut_file_is_told(store, path):
    begin_run(store, "load", "a")
    store.close()
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DamagedStoreError), Store(path, ROOM) as again:
        read_runs(again)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnwritableStoreError, match=r"the folder .* cannot be made"):
        Store(tmp_path / "file" / "results" / "measurements.db")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UnwritableStoreError, match=r"cannot be written"):
        Store(tmp_path / "measurements.db")


def test_a_full_disk_is_told_and_nothing_half_is_kept(store):
    run = begin_run(store, "load", "a")
    fill(store)
    with pytest.raises(UnwritableStoreError, match=r"the disk is full at .*: free some space"):
        store.insert(POINTS, [(run, 1.0, "x" * 100_000, None, None)] * 10)
    assert list(store.query("SELECT * FROM points")) == []


def fill(store):
    """Let SQLite refuse to make the file larger, as on a full disk."""
    ((pages,),) = list(store.query("PRAGMA page_count"))
    list(store.query(f"PRAGMA max_page_count = {pages}"))


def test_another_programs_lock_is_told(path, monkeypatch):
    Store(path, ROOM).close()
    monkeypatch.setattr(opening, "BUSY_S", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Store(path, ROOM) as waiting, pytest.raises(BusyStoreError, match=r"is held by another program"):
            begin_run(waiting, "load", "a")


def test_a_file_that_was_moved_away_is_told(store, path):
    path.rename(path.with_name("old.db"))
    with pytest.raises(StoreError, match=r"was moved away or replaced while it was in use"):
        begin_run(store, "load", "a")


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
    from test_store import POINTS, ROOM
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
    text = textwrap.dedent(WRITER).format(here=str(Path(__file__).parent), path=str(path), rows=rows, forever=forever)
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
