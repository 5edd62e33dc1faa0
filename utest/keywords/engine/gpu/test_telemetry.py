"""What a collector left is read, also if it was killed; windows say what happened in them, or why nobody knows."""

import json

import pytest

from keywords.engine.gpu.energy import energy, update_period_s
from keywords.engine.gpu.telemetry import TelemetryError, Window, read_telemetry
from keywords.engine.gpu.windows import NotMeasuredError, annotation, gauge, growth, leaked_bytes, slowed_shares
from utest.keywords.gpu_telemetry import telemetry

RUN = Window("run", 10.0, 20.0)
HEADER = {
    "format": 1,
    "origin": "NVML, driver 570.0",
    "driver": "570.0",
    "is_replay": False,
    "hz": 10.0,
    "xid": "",
    "devices": [0],
    "capabilities": [{"name": ["supported", "NVIDIA H200", "", None, "nvmlDeviceGetName()"]}],
}


def steps(start, end, hz=10):
    return [start + number / hz for number in range(round((end - start) * hz) + 1)]


def test_a_killed_collector_leaves_what_it_had(tmp_path):
    file = tmp_path / "t.jsonl"
    file.write_text(json.dumps(HEADER) + '\n{"t":1.0,"d":0,"v":{"power_instant_w":5}}\n{"t":1.1,"d":0,"v":{"pow')
    read = read_telemetry(file)
    assert len(read.samples) == 1
    assert read.cost is None
    with pytest.raises(TelemetryError, match="no window 'run'; it has all"):
        read.window("run")


@pytest.mark.parametrize("text", ["", '{"format":9}\n', "no json\n"])
def test_a_file_without_telemetry_is_refused(tmp_path, text):
    (tmp_path / "t.jsonl").write_text(text)
    with pytest.raises(TelemetryError, match="holds no telemetry"):
        read_telemetry(tmp_path / "t.jsonl")


def test_a_gauge_is_of_its_window_only():
    whole = telemetry([(t, {"power_instant_w": 700.0 if t in RUN else 100.0}) for t in steps(0, 30)])
    over = gauge(whole, "power_instant_w", RUN)
    assert (over.count, over.mean, over.low, over.high, over.p95) == (101, 700.0, 700.0, 700.0, 700.0)
    assert gauge(whole, "power_instant_w", Window("idle", 0, 1)).p95 is None


def test_a_signal_that_the_gpu_lacks_has_its_reason_and_no_number():
    with pytest.raises(NotMeasuredError, match=r"GPU 0 has no power_instant_w \(power at this moment\): Not Supported"):
        gauge(telemetry([(1.0, {})]), "power_instant_w", RUN)


def test_a_signal_that_was_lost_in_the_window_has_the_gaps_reason():
    lost = telemetry([(5.0, {"temperature_c": 40.0}), (15.0, {"temperature_c": "GPU is lost"})])
    with pytest.raises(NotMeasuredError, match="has no value in the window 'run': GPU is lost"):
        gauge(lost, "temperature_c", RUN)


def test_a_counter_grows_from_before_the_window_to_after_it():
    whole = telemetry([(t, {"ecc_uncorrected_volatile": float(t >= 10.5)}) for t in steps(8, 22, hz=1)])
    assert growth(whole, "ecc_uncorrected_volatile", RUN) == 1
    assert growth(whole, "ecc_uncorrected_volatile", Window("later", 15.0, 20.0)) == 0


def test_a_counter_that_was_set_back_is_no_number():
    whole = telemetry([(9.0, {"pcie_replays": 5}), (15.0, {"pcie_replays": 0}), (21.0, {"pcie_replays": 9})])
    with pytest.raises(NotMeasuredError, match="was set back"):
        growth(whole, "pcie_replays", RUN)


def test_one_value_of_a_counter_is_no_growth():
    with pytest.raises(NotMeasuredError, match="no sample of pcie_replays"):
        growth(telemetry([(15.0, {"pcie_replays": 5})]), "pcie_replays", RUN)


def test_slowed_time_comes_from_the_drivers_counter():
    rows = [(t, {"power_cap_ns": max(0.0, min(t, 20.0) - 16.2) * 1e9, "event_reasons": 0}) for t in steps(9, 21)]
    assert slowed_shares(telemetry(rows), RUN) == {"software power cap": pytest.approx(0.38)}


def test_without_a_counter_slowed_time_is_the_share_of_samples_and_idling_is_none():
    rows = [(t, {"event_reasons": 0x20 if t < 15 else 0x1}) for t in steps(10, 19.9)]
    shares = slowed_shares(telemetry(rows), RUN)
    assert shares == {"software thermal slowdown": pytest.approx(0.5)}
    assert annotation(shares) == "software thermal slowdown 50 % of the window"


def test_a_gpu_that_tells_nothing_of_slowing_is_not_called_unslowed():
    with pytest.raises(NotMeasuredError, match="GPU 0 has no event_reasons"):
        slowed_shares(telemetry([(t, {"power_instant_w": 1.0}) for t in steps(9, 21)]), RUN)


def test_evidence_names_the_longest_reason_first():
    assert annotation({"power brake": 0.02, "software power cap": 0.384}) == (
        "software power cap 38 % of the window, power brake 2 % of the window"
    )
    assert annotation({}) == ""


def working(watts=500.0, idle_w=80.0, period_s=0.1, *, counter=True):
    """A GPU that idles until 10 s and works until 20 s; its counter is updated each period."""
    rows = []
    for t in steps(0, 25):
        power = watts if t in RUN else idle_w
        at = int(round(t / period_s, 6)) * period_s
        joules = idle_w * min(at, 10) + watts * max(0, min(at, 20) - 10) + idle_w * max(0, at - 20)
        values = {"power_instant_w": power}
        rows.append((t, values | ({"energy_j": joules} if counter else {})))
    return telemetry(rows)


def test_energy_is_the_counters_and_agrees_with_the_power():
    used = energy(working(), RUN, idle=Window("idle", 0.0, 9.0))
    assert used.joules == pytest.approx(5000.0, rel=0.01)
    assert used.net_j == pytest.approx(4200.0, rel=0.02)
    assert used.disagreement < 0.01
    assert used.quality.startswith("energy counter, changes every 0.1")


def test_the_update_period_of_the_counter_is_measured():
    assert update_period_s(working(period_s=0.5)) == pytest.approx(0.5, abs=0.11)


def test_a_window_of_a_few_updates_has_no_energy():
    with pytest.raises(NotMeasuredError, match="too short for the energy counter"):
        energy(working(period_s=2.0), RUN)


def test_a_counter_that_stands_still_is_not_zero_joules():
    still = telemetry([(t, {"energy_j": 7.0, "power_instant_w": 100.0}) for t in steps(0, 25)])
    with pytest.raises(NotMeasuredError, match="changed 0 times"):
        energy(still, RUN)


def test_without_a_counter_the_power_is_integrated_and_said_so():
    used = energy(working(counter=False), RUN)
    assert used.joules == pytest.approx(5000.0, rel=0.01)
    assert used.quality == "integral of power_instant_w: the sensor may see a part of the time only"
    assert used.net_j is None


def test_power_with_a_hole_is_not_integrated():
    whole = telemetry([(t, {"power_instant_w": 500.0}) for t in steps(10, 20) if not 12 < t < 14])
    with pytest.raises(NotMeasuredError, match="has gaps"):
        energy(whole, RUN)
    assert whole.holes(RUN) == [(12.0, 14.0)]


def test_neither_counter_nor_power_has_both_reasons():
    with pytest.raises(NotMeasuredError, match=r"neither energy \(Not Supported\) nor power \(Not Supported\)"):
        energy(telemetry([(15.0, {})]), RUN)


def test_memory_of_processes_that_came_with_the_run_and_stayed_is_leaked():
    assert leaked_bytes({"1": 10}, {"1": 10, "2": 2**30, "3": None}) == {"2": 2**30, "3": None}
