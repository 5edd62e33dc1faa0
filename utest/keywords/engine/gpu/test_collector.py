"""The collector writes what a driver tells until it is stopped, and says what that cost."""

import json
import threading
import urllib.request

import pynvml
import pytest

from keywords.engine.gpu import collector
from keywords.engine.gpu.nvml import Nvml
from keywords.engine.gpu.recording import Recorder
from keywords.engine.gpu.sampler import Sampler
from keywords.engine.gpu.session import CollectorError, TelemetrySession
from keywords.engine.gpu.telemetry import read_telemetry
from utest.keywords.gpu_driver import Driver, Error, healthy, install


class StopAfter(threading.Event):
    """Set after so many waits; it waits for nothing."""

    def __init__(self, waits, do=lambda _: None):
        super().__init__()
        self.waits, self.do = waits, do

    def wait(self, timeout=None):  # noqa: ARG002  # the event's own signature
        self.waits -= 1
        self.do(self.waits)
        if self.waits <= 0:
            self.set()
        return self.is_set()


@pytest.fixture
def driver(monkeypatch):
    return install(healthy(Driver()), monkeypatch)


@pytest.fixture
def recording(driver, tmp_path):
    assert driver.devices == 1
    recorder = Recorder(Nvml(), "a test")
    sampler = Sampler(recorder, [0])
    for _ in range(3):
        sampler.sample()
    recorder.save(tmp_path / "h200.json")
    return tmp_path / "h200.json"


@pytest.mark.usefixtures("driver")
def test_samples_are_written_until_it_is_stopped(tmp_path):
    file = tmp_path / "telemetry.jsonl"
    assert collector.main([str(file)], StopAfter(5)) == 0
    telemetry = read_telemetry(file)
    assert len(telemetry.samples) == 5
    assert (telemetry.origin, telemetry.is_replay, telemetry.hz) == ("NVML, driver 570.0", False, 10.0)
    assert telemetry.cost.ticks == 5
    assert telemetry.cost.seconds > 0
    assert telemetry.capabilities[0].readings["name"].value == "NVIDIA H200"


def test_a_driver_error_mid_run_is_a_gap_and_the_rest_goes_on(driver, tmp_path):
    def fail(waits_left):
        lost = waits_left == 2
        driver.answers["nvmlDeviceGetUtilizationRates"] = (
            Error(pynvml.NVML_ERROR_GPU_IS_LOST) if lost else {"gpu": 1, "memory": 1}
        )

    file = tmp_path / "telemetry.jsonl"
    collector.main([str(file)], StopAfter(4, fail))
    samples = read_telemetry(file).samples
    assert ["utilisation_percent" in sample.values for sample in samples] == [True, True, False, True]
    assert "GPU is lost" in samples[2].gaps["utilisation_percent"]
    assert samples[2].values["temperature_c"] == 41


def test_each_xid_is_counted_also_if_it_repeats(driver, tmp_path):
    driver.events = [79, 79, 31]
    collector.main([str(tmp_path / "t.jsonl")], StopAfter(2))
    telemetry = read_telemetry(tmp_path / "t.jsonl")
    assert [(xid.code, xid.device) for xid in telemetry.xids] == [(79, 0), (79, 0), (31, 0)]
    assert telemetry.xid_reason == ""


def test_a_gpu_that_tells_no_xids_says_why(driver, tmp_path):
    driver.answers["nvmlDeviceRegisterEvents"] = Error(pynvml.NVML_ERROR_NOT_SUPPORTED)
    collector.main([str(tmp_path / "t.jsonl")], StopAfter(1))
    assert "tells no XID events: Not Supported (NVML error 3)" in read_telemetry(tmp_path / "t.jsonl").xid_reason


def test_events_that_end_mid_run_say_why(driver, tmp_path):
    driver.events = [Error(pynvml.NVML_ERROR_GPU_IS_LOST)]
    collector.main([str(tmp_path / "t.jsonl")], StopAfter(2))
    assert "XID events ended: GPU is lost" in read_telemetry(tmp_path / "t.jsonl").xid_reason


def test_without_a_driver_it_ends_with_the_reason(monkeypatch, tmp_path, capsys):
    driver = install(Driver(), monkeypatch)
    driver.init = pynvml.NVML_ERROR_DRIVER_NOT_LOADED
    assert collector.main([str(tmp_path / "t.jsonl")], StopAfter(1)) == collector.UNUSABLE
    assert "load the driver's kernel module" in capsys.readouterr().err
    assert not (tmp_path / "t.jsonl").exists()


@pytest.mark.usefixtures("driver")
def test_a_recording_can_be_made_on_the_way(tmp_path):
    recorded, replayed = tmp_path / "r.json", tmp_path / "replayed.jsonl"
    collector.main([str(tmp_path / "t.jsonl"), "--record", str(recorded)], StopAfter(3))
    collector.main([str(replayed), "--replay", str(recorded)], StopAfter(99))
    live, again = read_telemetry(tmp_path / "t.jsonl"), read_telemetry(replayed)
    assert again.is_replay
    assert again.origin == "replay of r.json, recorded with driver 570.0"
    assert again.samples == live.samples


@pytest.mark.usefixtures("driver")
def test_metrics_have_the_names_of_dcgms_exporter(tmp_path):
    pages = []

    def scrape(_):
        port = json.loads((tmp_path / "t.jsonl").read_text().splitlines()[0])["metrics_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            pages.append((answer.headers["content-type"], answer.read().decode()))

    collector.main([str(tmp_path / "t.jsonl"), "--port", "0"], StopAfter(1, scrape))
    content_type, page = pages[0]
    assert content_type.startswith("text/plain; version=0.0.4")
    assert 'DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1234",device="nvidia0",modelName="NVIDIA H200",' in page


def test_a_process_of_its_own_collects_from_a_recording(recording, tmp_path):
    session = TelemetrySession(tmp_path / "t.jsonl", replay=recording)
    with session.window("run"):
        pass
    telemetry = session.finish()
    assert telemetry.is_replay
    assert len(telemetry.samples) == 3
    assert telemetry.window("run").length_s >= 0


def test_a_process_that_cannot_collect_tells_its_reason(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(CollectorError, match=r"broken\.json cannot be read as a recording"):
        TelemetrySession(tmp_path / "t.jsonl", replay=tmp_path / "broken.json")
