"""Telemetry goes into the store whole, and meets the requests of a load run on one clock."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from keywords.engine.gpu.findings import Finding
from keywords.engine.gpu.storage import GPU_ROOM, join_requests, save_telemetry
from keywords.engine.gpu.telemetry import TelemetryError, Window
from keywords.engine.gpu.xid import Xid
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, sample_row
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run, read_run
from utest.keywords.gpu_telemetry import telemetry

WORKING = telemetry(
    [(t / 10, {"power_instant_w": 100.0 * t, "utilisation_percent": t, "memory_used_bytes": 5}) for t in range(10, 20)],
    windows={"run": Window("run", 1.2, 1.8)},
    xids=(Xid(1.5, 0, 79),),
)


def rows(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_samples_windows_xids_and_findings_are_stored_with_the_run(tmp_path):
    path = tmp_path / "measurements.db"
    finding = Finding("xid-79", 0, "CRITICAL", "XID 79 came once", "restart", "the GPU has fallen off the bus")
    run = save_telemetry(path, WORKING, "nightly", findings=[finding], options={"model": "m"})
    assert rows(path, "SELECT count(*), min(at), max(power_instant_w), max(temperature_c) FROM gpu_samples") == [
        (10, 1.0, 1900.0, None)
    ]
    assert rows(path, "SELECT name, began, ended FROM gpu_windows ORDER BY name") == [
        ("all", 1.0, 1.9),
        ("run", 1.2, 1.8),
    ]
    assert rows(path, "SELECT device, code FROM gpu_xids") == [(0, 79)]
    assert rows(path, "SELECT finding, verdict, action FROM gpu_findings") == [("xid-79", "CRITICAL", "restart")]
    states = dict(rows(path, "SELECT signal, state FROM gpu_capabilities"))
    assert (states["power_instant_w"], states["temperature_c"]) == ("supported", "not supported")
    with Store(path, GPU_ROOM) as store:
        stored = read_run(store, run)
    assert (stored.kind, stored.series, stored.validity) == ("gpu", "nightly", "VALID")
    assert stored.options == {"hz": 10.0, "model": "m"}


def test_gaps_keep_their_reasons(tmp_path):
    lost = telemetry([(1.0, {"temperature_c": 40.0}), (1.1, {"temperature_c": "GPU is lost"})])
    save_telemetry(tmp_path / "m.db", lost, "x")
    ((first,), (second,)) = rows(tmp_path / "m.db", "SELECT gaps FROM gpu_samples ORDER BY at")
    assert first is None
    assert json.loads(second) == {"temperature_c": "GPU is lost"}


def test_a_replay_is_never_a_valid_run(tmp_path):
    path = tmp_path / "m.db"
    run = save_telemetry(path, replace(WORKING, is_replay=True, origin="replay of h200.json"), "demo")
    with Store(path, GPU_ROOM) as store:
        stored = read_run(store, run)
    assert stored.validity == "INVALID"
    assert "come from a recording" in stored.reasons[0]
    assert stored.environment["origin"] == "replay of h200.json"


def test_telemetry_without_a_sample_is_not_stored(tmp_path):
    with pytest.raises(TelemetryError, match="no sample"):
        save_telemetry(tmp_path / "m.db", telemetry([]), "x")


def request(item, sent, first, done):
    return Sample(item=item, t_intended=sent, t_queued=sent, t_sent=sent, t_first_content=first, t_done=done)


def test_each_request_meets_the_samples_between_its_sending_and_its_end(tmp_path):
    path = tmp_path / "m.db"
    gpu_run = save_telemetry(path, WORKING, "x")
    with Store(path, LOAD_ROOM) as store:
        load_run = begin_run(store, "load", "x")
        requests = [request(0, 1.15, 1.2, 1.45), request(1, 1.61, 1.62, 1.64), request(2, 7.0, 7.5, 8.0)]
        store.insert(SAMPLES, [sample_row(load_run, each) for each in requests])
    first, short, later = join_requests(path, load_run, gpu_run)
    assert (first.item, first.samples, first.utilisation_percent, first.power_w) == (0, 3, 13.0, 1300.0)
    assert first.first_content_s == pytest.approx(0.05)
    assert (short.samples, short.power_w) == (0, None)
    assert (later.samples, later.utilisation_percent, later.memory_used_bytes) == (0, None, None)
