"""A file of another version, of another program, or in a bad state is refused by name and kept."""

import os
import sqlite3
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import get_context

import pytest

from keywords.engine.store import opening
from keywords.engine.store.columns import read_columns
from keywords.engine.store.database import Store
from keywords.engine.store.errors import (
    BusyStoreError,
    DamagedStoreError,
    NewerStoreError,
    NotAStoreError,
    StoreError,
    UnwritableStoreError,
)
from keywords.engine.store.runs import begin_run, read_runs
from keywords.engine.store.schema import Room
from utest.keywords.engine.store.rooms import POINTS, ROOM, ROOM_2, WIDE, fill, widen


def test_an_older_file_is_migrated(store, path):
    path.with_name("measurements.db.migrating-1").write_text("of a program that was killed")
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


def test_a_file_in_use_is_not_migrated_below_its_users(store, path, monkeypatch):
    monkeypatch.setattr(opening, "BUSY_S", 0.01)
    run = begin_run(store, "load", "a")
    with pytest.raises(BusyStoreError, match=r"is of an older version and open in another program"):
        Store(path, ROOM_2)
    store.insert(POINTS, [(run, 1.0, "x", None, None)])
    store.close()
    with Store(path, ROOM_2) as newer:
        assert list(newer.query("SELECT name FROM points")) == [("x",)]


def test_a_program_waits_for_its_turn_to_migrate_with_the_file_closed(store, path, monkeypatch):
    store.close()
    turn, free = opening.turn, []

    @contextmanager
    def watched(waiting_for, wait_s):
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            free.append(other.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete")
            other.execute("PRAGMA journal_mode = WAL")
        with turn(waiting_for, wait_s):
            yield

    monkeypatch.setattr(opening, "turn", watched)
    Store(path, ROOM_2).close()
    assert free == [True]


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


def test_a_version_that_is_no_number_is_damage(path):
    Store(path, ROOM).close()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE schema_version SET version = 'x'")
    with pytest.raises(DamagedStoreError, match="has a version that is no number"):
        Store(path, ROOM)


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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forks no process")
@pytest.mark.parametrize("older", [False, True])
def test_programs_that_start_together_open_one_file(path, older):
    if older:
        Store(path, ROOM).close()
    # Processes, as locks of files hold between them and not between the threads of one.
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as programs:
        versions = list(programs.map(open_newest, [path] * 8))
    assert versions == [2] * 8


def open_newest(path):
    with Store(path, ROOM_2) as store:
        begin_run(store, "load", "a")
        return dict(store.query("SELECT * FROM schema_version"))["test"]
