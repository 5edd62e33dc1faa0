"""What is stored comes back as it was, without secrets."""

import json
import sqlite3
from array import array
from contextlib import closing

import numpy as np
import pytest

from keywords.engine import clock
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.store.columns import read_arrays, read_columns
from keywords.engine.store.database import Store
from keywords.engine.store.errors import (
    StoreError,
)
from keywords.engine.store.runs import begin_run, end_run, read_run, read_runs
from utest.keywords.engine.store.rooms import POINTS, ROOM

SECRET = "sk-Zq81kdPw02LmVt"


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
