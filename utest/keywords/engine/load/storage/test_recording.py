"""A load run is kept as it was measured, and comes back as columns, CSV and Parquet."""

import csv
import math
from array import array
from dataclasses import replace

import numpy as np
import pytest

from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import RunFacts
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.columns import columns_of, read_samples
from keywords.engine.load.storage.export import export_csv, export_parquet
from keywords.engine.load.storage.recording import Recording
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, chunk_gaps_us, sample_row
from keywords.engine.store.database import Store
from keywords.engine.store.errors import RowsLostError, UnwritableStoreError
from keywords.engine.store.runs import read_run
from utest.keywords.engine.store.rooms import fill

WHOLE = Sample(
    item=3,
    turn=1,
    kind="short",
    stage=0,
    user=2,
    process=1,
    t_intended=99.9,
    t_queued=99.95,
    t_connected=99.96,
    t_sent=100.0,
    t_first_byte=100.1,
    t_first_content=100.2,
    t_last_content=100.4,
    t_done=100.5,
    chunk_times=array("d", [100.2, 100.3, 100.4]),
    streamed=True,
    status=200,
    reused_connection=True,
    resent=True,
    prompt_tokens=7,
    output_tokens=3,
    tokens_source="usage",
    text_chunks=3,
    text_length=9,
    text_sha256="ab" * 8,
    finish_reason="stop",
    request_id="r1",
    backend="local",
)
FAILED = Sample(item=4, t_intended=101.0, t_sent=101.0, t_done=101.5, status=500, error="server_error")
CANCELLED = Sample(item=5, stage=-1, t_intended=102.0, cancelled=True)
PLAN = LoadPlan(Target("http://host", "m", api_key="sk-key"), source=None, stages=(Stage(10.0, users=2),))
FACTS = RunFacts(1e9, 100.0, 110.0, ((100.0, 110.0),), (None,), interrupted=True, clients=())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "measurements.db"


@pytest.fixture
def run(path):
    recording = Recording(path, "nightly", PLAN, workload_hash="ab", options={"users": [2]}, environment={"cores": 2})
    recording.add([WHOLE])
    recording.add([FAILED, CANCELLED])
    recording.finish(FACTS, validity="INVALID", reasons=["late"])
    assert recording.error is None
    return recording.run


def test_the_table_has_a_column_for_each_field_of_a_sample():
    names = [column.name for column in SAMPLES.columns]
    fields = [name.replace("chunk_times", "chunk_gaps_us") for name in Sample.__slots__]
    assert sorted(names) == sorted(["run", *fields])
    row = dict(zip(names, sample_row(9, WHOLE), strict=True))
    assert row.pop("run") == 9
    assert list(row.pop("chunk_gaps_us")) == [200_000, 100_000, 100_000]
    assert row == {name: getattr(WHOLE, name) for name in row}


def test_the_run_is_kept_without_its_key(path, run):
    with Store(path, LOAD_ROOM) as store:
        found = read_run(store, run)
        assert list(store.query("SELECT * FROM stages")) == [(run, 0, 100.0, 110.0, 2, None)]
    assert (found.kind, found.series, found.target, found.model) == ("load", "nightly", "http://host", "m")
    assert (found.validity, found.reasons, found.interrupted, found.ended) == ("INVALID", ("late",), True, 110.0)
    assert b"sk-key" not in path.read_bytes()


def test_a_run_that_breaks_off_keeps_its_samples(path):
    with Recording(path, "nightly", PLAN) as recording:
        recording.add([WHOLE])
    assert len(read_samples(path, recording.run).item) == 1
    with Store(path, LOAD_ROOM) as store:
        assert read_run(store, recording.run).ended is None


def test_a_run_with_lost_samples_is_invalid(path):
    recording = Recording(path, "nightly", PLAN)
    fill(recording._writer._store)
    recording.add([replace(WHOLE, error_message="x" * 9000)])
    with pytest.raises(RowsLostError, match=r"^1 of 1 rows of samples were not stored: the disk is full"):
        recording.finish(FACTS, validity="VALID")
    with Store(path, LOAD_ROOM) as store:
        found = read_run(store, recording.run)
    assert (found.validity, found.ended) == ("INVALID", 110.0)
    assert found.reasons[0].startswith("1 of 1 rows of samples were not stored")


def test_what_was_lost_is_told_even_if_the_end_cannot_be_written(path, monkeypatch):
    recording = Recording(path, "nightly", PLAN)
    fill(recording._writer._store)
    recording.add([replace(WHOLE, error_message="x" * 9000)])
    monkeypatch.setattr("keywords.engine.load.storage.recording.end_run", full)
    with pytest.raises(RowsLostError, match=r"^1 of 1 rows"):
        recording.finish(FACTS, validity="VALID")


def full(*_, **__):
    raise UnwritableStoreError("the disk is full")


def test_the_store_gives_the_columns_that_memory_gives(path, run):
    stored, kept = read_samples(path, run), columns_of([WHOLE, FAILED, CANCELLED], FACTS.stage_bounds)
    for name in SAMPLES_COLUMNS:
        np.testing.assert_array_equal(getattr(stored, name), getattr(kept, name), err_msg=name)
    assert stored.windows == kept.windows == ((100.0, 110.0),)
    for columns in (stored, kept):
        assert list(columns.failed) == [False, True, False]
        assert list(columns.answered) == [True, False, False]
        ((where, gaps, lengths),) = columns.gaps()
        assert (where, list(gaps), list(lengths)) == (slice(0, 3), [200_000, 100_000, 100_000], [3, 0, 0])


SAMPLES_COLUMNS = [
    *("item", "turn", "stage", "t_intended", "t_queued", "t_sent", "t_first_byte", "t_first_content", "t_last_content"),
    *("t_done", "prompt_tokens", "output_tokens", "streamed", "cancelled", "resent", "error"),
    "tokens_source",
]


def test_rounding_does_not_add_up():
    times = [100.0 + 0.0000014 * number for number in range(1, 1001)]
    gaps = chunk_gaps_us(Sample(item=0, t_sent=100.0, chunk_times=array("d", times)))
    assert abs(int(gaps.sum()) - 1400) <= 1


def test_a_gap_longer_than_the_column_holds_is_the_longest():
    gaps = chunk_gaps_us(Sample(item=0, t_sent=0.0, chunk_times=array("d", [5000.0, 5000.5])))
    assert list(gaps) == [2**32 - 1, 500_000]


def test_csv_holds_every_value(path, run, tmp_path):
    target = tmp_path / "samples.csv"
    assert export_csv(path, run, target) == 3
    with target.open(newline="") as file:
        whole, failed, cancelled = csv.DictReader(file)
    assert whole["chunk_gaps_us"] == "200000 100000 100000"
    assert math.isclose(float(whole["t_first_content"]), 100.2, abs_tol=1e-12)
    assert (whole["kind"], whole["error"], failed["error"], failed["status"]) == ("short", "", "server_error", "500")
    assert (cancelled["cancelled"], cancelled["t_sent"], cancelled["stage"]) == ("1", "", "-1")


def test_parquet_holds_every_value(path, run, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    target = tmp_path / "samples.parquet"
    assert export_parquet(path, run, target) == 3
    whole, failed, _ = parquet.read_table(target).to_pylist()
    assert whole["chunk_gaps_us"] == [200_000, 100_000, 100_000]
    assert {name: whole[name] for name in ("t_sent", "kind", "error")} == {
        "t_sent": 100.0,
        "kind": "short",
        "error": None,
    }
    assert (failed["chunk_gaps_us"], failed["error"]) == (None, "server_error")


@pytest.mark.parametrize("export", [export_csv, export_parquet])
def test_a_file_that_cannot_be_written_is_told(path, run, tmp_path, export):
    if export is export_parquet:
        pytest.importorskip("pyarrow.parquet")
    with pytest.raises(UnwritableStoreError, match=r"cannot be written .*: name another file"):
        export(path, run, tmp_path)
