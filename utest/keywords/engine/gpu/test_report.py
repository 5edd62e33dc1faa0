"""A report says what the GPU did, marks a replay, and shows the reason where there is no number."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from keywords.engine.gpu import record, report
from keywords.engine.gpu.chart import POINTS_MAX, Line, chart, telemetry_chart
from keywords.engine.gpu.findings import Finding
from keywords.engine.gpu.nvml import Nvml
from keywords.engine.gpu.recording import Recorder, Replay
from keywords.engine.gpu.report import write_report
from keywords.engine.gpu.sampler import Sampler
from keywords.engine.gpu.session import CollectorError
from keywords.engine.gpu.telemetry import Window
from keywords.engine.gpu.workload import NoToolError, Workload
from keywords.engine.gpu.xid import Xid
from utest.keywords.gpu_driver import Driver, healthy, install
from utest.keywords.gpu_telemetry import telemetry

SVG = "{http://www.w3.org/2000/svg}"
WINDOWS = {"idle": Window("idle", 0.0, 4.9), "run": Window("run", 5.0, 15.0)}


def working():
    rows = []
    for tenth in range(201):
        t = tenth / 10
        busy = t in WINDOWS["run"]
        joules = 100 * t + 500 * max(0.0, min(t, 15.0) - 5)
        values = {"power_instant_w": 600.0 if busy else 100.0, "energy_j": joules, "sm_clock_mhz": 1500}
        rows.append((t, values | {"event_reasons": 0x4 if busy and t > 11 else 0x1}))
    return telemetry(rows, windows=WINDOWS, facts={"name": "NVIDIA H200"}, xids=(Xid(7.0, 0, 79),))


def test_each_window_has_its_numbers_and_reasons_stand_for_what_is_missing(tmp_path):
    page = write_report(tmp_path, working()).read_text()
    assert "| | idle, 4.9 s | run, 10.0 s |" in page
    assert "| power, W: mean (lowest to highest) | 100 (100 to 100) | 600 (600 to 600) |" in page
    assert "5000 J beyond idling" in page
    assert "| slowed by | nothing | software power cap 40 % of the window |" in page
    assert "- temperature_c is not told: Not Supported" in page
    assert "| temperature" not in page
    assert "XID 79 on GPU 0 at 7.0 s." in page
    assert "took 0.20% of one core" in page
    assert "REPLAY" not in page


def test_times_without_a_sample_are_told(tmp_path):
    whole = working()
    kept = tuple(sample for sample in whole.samples if not 7 < sample.at_s < 9 and not 12 < sample.at_s < 12.5)
    page = write_report(tmp_path, replace(whole, samples=kept)).read_text()
    assert "| without a sample | no time | 2.5 s in 2 stretches, the longest 2.0 s |" in page


def test_findings_stand_below(tmp_path):
    finding = Finding("xid-79", 0, "CRITICAL", "XID 79 came once", "restart", "the GPU has fallen off the bus")
    assert (
        "| CRITICAL | XID 79 came once | restart |" in write_report(tmp_path, working(), findings=[finding]).read_text()
    )


def test_a_replay_is_marked_and_has_no_cost(tmp_path):
    page = write_report(tmp_path, replace(working(), is_replay=True, origin="replay of h200.json")).read_text()
    assert "**REPLAY of a recording." in page
    assert "nothing here counts as a pass" in page
    assert "of one core" not in page


def test_a_collector_that_died_is_told(tmp_path):
    assert "ended before it could say" in write_report(tmp_path, replace(working(), cost=None)).read_text()


def test_the_chart_is_svg_with_a_panel_for_each_signal_and_a_dot_for_each_request():
    drawn = ET.fromstring(telemetry_chart(working(), 0, [(6.0, 0.2), (7.0, 0.4)], {"software power cap": 0.38}))
    texts = [element.text for element in drawn.iter(f"{SVG}text")]
    assert "NVIDIA H200, GPU 0: a test" in texts
    assert "software power cap 38 % of the window" in texts
    assert {"power", "clock", "first text after", "run", "idle"} <= set(texts)
    assert "temperature" not in texts
    assert len(list(drawn.iter(f"{SVG}circle"))) == 2
    assert len(list(drawn.iter(f"{SVG}polyline"))) == 2


def test_slowed_time_is_shaded_once():
    drawn = ET.fromstring(telemetry_chart(working(), 0))
    assert len([each for each in drawn.iter(f"{SVG}rect") if each.get("fill") == "#f6c9a8"]) == 1


def test_a_long_line_is_thinned_and_keeps_its_peak():
    points = [(n / 10, 1.0) for n in range(10_000)]
    points[5_000] = (500.0, 99.0)
    drawn = ET.fromstring(chart("t", "n", [Line("power", "W", points)], Window("all", 0.0, 1000.0)))
    drawn_points = next(drawn.iter(f"{SVG}polyline")).get("points").split()
    assert len(drawn_points) <= POINTS_MAX + 2
    lowest = min(float(point.split(",")[1]) for point in drawn_points)
    assert sum(float(point.split(",")[1]) == lowest for point in drawn_points) == 1


def test_a_title_cannot_break_the_chart():
    drawn = chart("<a> & b", "n", [], Window("all", 0.0, 1.0))
    assert next(ET.fromstring(drawn).iter(f"{SVG}text")).text == "<a> & b"


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """A recording of three samples, noted as `record` does."""
    install(healthy(Driver()), monkeypatch)
    recorder = Recorder(Nvml(), "x")
    sampler = Sampler(recorder, [0])
    moments = [sampler.sample()[0].at_s for _ in range(3)]
    path = tmp_path / "h200.json"
    recorder.save(path)
    record.note(path, windows=[["matmul", moments[0], moments[2]]], loads={"matmul": "left out"})
    return path


def test_a_recording_becomes_a_report_with_its_windows(recorded, tmp_path, capsys):
    assert report.main([str(recorded), str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "gpu.md").read_text()
    assert "**REPLAY" in page
    assert "| | matmul, " in page
    assert capsys.readouterr().out.strip().endswith("gpu.md")
    assert Replay(recorded).made_by == "python -m keywords.engine.gpu.record"


def test_what_is_no_recording_makes_no_report(tmp_path, capsys):
    (tmp_path / "x.json").write_text("{}")
    assert report.main([str(tmp_path / "x.json"), str(tmp_path / "out")]) == 2
    assert "no recording of format 1" in capsys.readouterr().err


def test_without_a_gpu_nothing_is_recorded_and_the_reason_told(tmp_path, capsys, monkeypatch):
    def fail(*_, **__):
        raise CollectorError("NVML does not answer (NVML error 12).")

    monkeypatch.setattr(record, "TelemetrySession", fail)
    assert record.main([str(tmp_path / "r.json")]) == record.UNUSABLE
    assert "NVML error" in capsys.readouterr().err
    assert not (tmp_path / "r.json").exists()


class Session:
    """Telemetry in which loads are put on nothing."""

    def __init__(self):
        self.added = []

    def window(self, name):
        self.added.append(name)
        return WindowOf()

    def wait(self, seconds):
        self.added.append(seconds)

    def add_window(self, name, start_s, end_s):
        self.added.append((name, start_s, end_s))


class WindowOf:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


def test_a_load_that_nothing_can_put_on_is_noted_with_the_reason(monkeypatch):
    def run(work, **_):
        if work == "copy":
            raise NoToolError("no torch")
        return Workload("torch 2.9", {"began_s": 5.0, "ended_s": 9.0})

    monkeypatch.setattr(record, "run_program", run)
    session = Session()
    assert record._put_loads_on(session, 4.0, 2.0, "")["copy"] == "no torch"
    assert session.added == ["idle", 2.0, ("matmul", 5.0, 9.0), "idle after", 2.0]
