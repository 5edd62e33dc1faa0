"""Numbers of telemetry are compared with their unit; what a GPU does not tell skips the row with NVML's reason."""

from datetime import timedelta

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.gpu.nvml import Nvml
from keywords.engine.gpu.recording import Recorder
from keywords.engine.gpu.sampler import Sampler
from keywords.engine.gpu.session import CollectorError, TelemetrySession
from keywords.engine.gpu.telemetry import Cost, Window
from keywords.gpu import telemetry as module
from keywords.gpu.clocks import GpuClocksLibrary
from keywords.gpu.energy import GpuEnergyLibrary
from keywords.gpu.telemetry import GpuTelemetryLibrary
from keywords.traceability.skips import DECLINED
from utest.keywords.gpu_telemetry import telemetry

LESS, EQUAL, MORE = AssertionOperator["<"], AssertionOperator["=="], AssertionOperator[">"]
WINDOWS = {"idle": Window("idle", 0.0, 9.0), "run": Window("run", 10.0, 20.0)}


def working(**more):
    rows = []
    for tenth in range(251):
        t = tenth / 10
        power = 600.0 if t in WINDOWS["run"] else 100.0
        joules = 100 * t + 500 * max(0.0, min(t, 20.0) - 10)
        values = {"power_instant_w": power, "energy_j": joules, "memory_used_bytes": 2**30 * (3 if t > 10 else 1)}
        rows.append((t, values | {"sm_clock_mhz": 990, "pcie_replays": tenth // 250} | more))
    return telemetry(rows, windows=WINDOWS, facts={"sm_clock_max_mhz": 1980})


def test_memory_is_the_highest_in_the_window():
    library = GpuTelemetryLibrary()
    assert library.get_gpu_memory_used(working(), LESS, 4) == 3
    assert library.get_gpu_memory_used(working(), EQUAL, 1, window="idle") == 1
    with pytest.raises(AssertionError, match=r"Highest memory of GPU 0 in use \(GiB\) should be less than 2"):
        library.get_gpu_memory_used(working(), LESS, 2)


def test_a_mean_is_of_its_window():
    assert GpuTelemetryLibrary().get_gpu_mean(working(), "power_instant_w", EQUAL, 600, window="run") == 600


def test_a_signal_that_is_not_told_skips_with_the_reason():
    with pytest.raises(SkipExecution, match=rf"{DECLINED} GPU 0 has no temperature_c .*: Not Supported"):
        GpuTelemetryLibrary().get_gpu_mean(working(), "temperature_c", LESS, 90)


def test_names_that_are_none_are_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no signal 'heat'; there are utilisation_percent"):
        GpuTelemetryLibrary().get_gpu_mean(working(), "heat")
    with pytest.raises(ValueError, match="no counter 'temperature_c'; there are energy_j"):
        GpuTelemetryLibrary().get_gpu_counter_growth(working(), "temperature_c")


def test_a_counters_growth_is_compared():
    assert GpuTelemetryLibrary().get_gpu_counter_growth(working(), "pcie_replays", EQUAL, 0, window="run") == 0
    with pytest.raises(AssertionError, match="Growth of pcie_replays of GPU 0 should be 0"):
        GpuTelemetryLibrary().get_gpu_counter_growth(working(), "pcie_replays", EQUAL, 0)


def test_energy_per_token_is_beyond_idling():
    assert GpuEnergyLibrary().get_energy_per_token(working(), 1000, LESS, 5.1) == pytest.approx(5.0, rel=0.02)
    with pytest.raises(AssertionError, match=r"Energy per token \(J, idling subtracted; energy counter, .*\) should"):
        GpuEnergyLibrary().get_energy_per_token(working(), 1000, LESS, 1)


def test_no_tokens_are_no_energy_per_token():
    with pytest.raises(ValueError, match="needs tokens, got 0"):
        GpuEnergyLibrary().get_energy_per_token(working(), 0)


def test_a_window_too_short_for_energy_skips():
    short = telemetry([(t / 10, {"energy_j": t // 5}) for t in range(100)], windows={"run": Window("run", 1.0, 2.0)})
    with pytest.raises(SkipExecution, match="too short for the energy counter"):
        GpuEnergyLibrary().get_gpu_energy(short, window="run")


def test_a_power_cap_is_no_throttling_and_heat_is():
    GpuClocksLibrary().gpu_should_not_have_throttled(working(event_reasons=0x4), window="run")
    with pytest.raises(AssertionError) as told:
        GpuClocksLibrary().gpu_should_not_have_throttled(working(event_reasons=0x24), window="run")
    assert str(told.value) == (
        "GPU 0 should not have been slowed: software power cap 100 % of the window, software thermal slowdown 100 % of "
        "the window"
    )


def test_a_gpu_that_tells_no_reasons_has_not_been_found_unslowed():
    with pytest.raises(SkipExecution, match="has no event_reasons"):
        GpuClocksLibrary().gpu_should_not_have_throttled(working())


def test_a_slowed_share_and_a_clock_share_have_their_evidence():
    capped = working(event_reasons=0x4)
    assert GpuClocksLibrary().get_gpu_slowed_share(capped, "software power cap", MORE, 0.9, window="run") == 1
    assert GpuClocksLibrary().get_gpu_slowed_share(capped, "power brake", EQUAL, 0, window="run") == 0
    with pytest.raises(AssertionError, match=r"got 0\.5; 990 of 1980 MHz; software power cap 100 % of the window"):
        GpuClocksLibrary().get_gpu_clock_share(capped, MORE, 0.6, window="run")


def test_the_cost_is_a_share_of_a_core_and_a_dead_collector_has_none():
    costly = telemetry([(1.0, {})], cost=Cost(10.0, 0.25, 100, 0, 0.01))
    with pytest.raises(
        AssertionError, match=r"Share of one core .* at 10 Hz takes should be less than 0\.01, got 0\.02"
    ):
        GpuTelemetryLibrary().get_telemetry_cost(costly, LESS, 0.01)


def test_memory_of_a_process_that_stays_is_leaked(driver):
    before = telemetry([(1.0, {})], facts={"processes": {"1": 5}})
    driver.processes = {1: 5}
    assert GpuTelemetryLibrary().get_leaked_gpu_memory(before, EQUAL, 0) == 0
    driver.processes = {1: 5, 77: 2**31}
    with pytest.raises(AssertionError, match=r"should be 0.*, got 2\.0; process 77 holds 2147483648 bytes"):
        GpuTelemetryLibrary().get_leaked_gpu_memory(before, EQUAL, 0)
    driver.processes = {78: 2**64 - 1}
    with pytest.raises(SkipExecution, match="does not tell the memory of the processes 78"):
        GpuTelemetryLibrary().get_leaked_gpu_memory(before, EQUAL, 0)


@pytest.fixture
def recording(driver, tmp_path):
    assert driver.devices == 1
    recorder = Recorder(Nvml(), "a test")
    sampler = Sampler(recorder, [0])
    for _ in range(3):
        sampler.sample()
    recorder.save(tmp_path / "h200.json")
    return tmp_path / "h200.json"


def test_a_session_is_stored_and_reported(recording, evidence, tmp_path):
    library = GpuTelemetryLibrary()
    session = TelemetrySession(tmp_path / "t.jsonl", replay=recording)
    library.watch_idle_gpu(session, timedelta(0))
    collected = library.stop_gpu_telemetry(session, "demo", store=tmp_path / "m.db", model="m")
    assert len(collected.samples) == 3
    assert (tmp_path / "m.db").is_file()
    assert "REPLAY of a recording" in (evidence / "gpu.md").read_text()
    assert (evidence / "gpu-0.svg").is_file()


def test_telemetry_that_cannot_start_is_a_verdict(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise CollectorError("No GPU")

    monkeypatch.setattr(module, "TelemetrySession", fail)
    monkeypatch.setattr(module, "new_work_file", lambda stem, suffix: tmp_path / f"{stem}{suffix}")
    with pytest.raises(AssertionError, match="GPU telemetry did not start: No GPU"):
        GpuTelemetryLibrary().start_gpu_telemetry()
