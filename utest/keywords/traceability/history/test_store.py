import sqlite3

import pytest

from keywords.traceability.history.store import (
    HistoryError,
    PastRun,
    RowEnd,
    record,
    requirements_of,
    rows_of,
    runs_before,
)

ROWS = [RowEnd(2**47, "", "A row", "PASS", 0.5), RowEnd(7, "", "B", "FAIL", 1.0)]


def past(started, verdict="GO"):
    return PastRun(started, "c1", verdict, 12.0, {})


def test_runs_come_back_latest_first(tmp_path):
    file = tmp_path / "history.db"
    for started in ("2026-01-01", "2026-01-03", "2026-01-02"):
        record(file, past(started), ROWS, {"A-001": "PASSING"})
    found = runs_before(file, "2026-01-03", 5)
    assert [one.started for one in found] == ["2026-01-02", "2026-01-01"]
    assert found[0].labels == {"PASS": 1, "FAIL": 1}
    assert set(rows_of(file, "2026-01-02")) == set(ROWS)
    assert requirements_of(file, "2026-01-02") == {"A-001": "PASSING"}


def test_a_run_is_recorded_once(tmp_path):
    file = tmp_path / "history.db"
    record(file, past("2026-01-01", "NO-GO"), ROWS, {"A-001": "FAILING"})
    record(file, past("2026-01-01"), ROWS[:1], {"A-001": "PASSING"})
    (one,) = runs_before(file, "2027", 5)
    assert (one.verdict, one.labels) == ("GO", {"PASS": 1})


def test_without_a_history_there_are_no_runs(tmp_path):
    assert runs_before(tmp_path / "none.db", "2027", 5) == []
    assert not (tmp_path / "none.db").exists()


def test_a_newer_history_is_refused_by_its_version(tmp_path):
    file = tmp_path / "history.db"
    record(file, past("2026-01-01"), ROWS, {})
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE schema SET schema_version = 2")
    connection.close()
    with pytest.raises(HistoryError, match="its schema has version 2, and this program knows 1"):
        runs_before(file, "2027", 5)


def test_what_is_no_history_is_refused_with_the_remedy(tmp_path):
    file = tmp_path / "history.db"
    file.write_text("no database, but long enough to be read as one" * 100)
    with pytest.raises(HistoryError, match="move the file away"):
        record(file, past("2026-01-01"), ROWS, {})


def test_a_place_that_takes_no_file_is_no_reason_to_move_the_history(tmp_path):
    file = tmp_path / "history.db"
    file.mkdir()
    with pytest.raises(HistoryError, match="make room on its disk, and let its folder be written"):
        record(file, past("2026-01-01"), ROWS, {})
