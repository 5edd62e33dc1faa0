"""Samples hold what the GPU tells; what it does not tell any more is a gap with the reason."""

import pynvml
import pytest

from keywords.engine.gpu.nvml import NoSuchGpuError, Nvml
from keywords.engine.gpu.sampler import Sampler
from utest.keywords.gpu_driver import Driver, Error, healthy, install


@pytest.fixture
def driver(monkeypatch):
    return install(healthy(Driver()), monkeypatch)


@pytest.fixture
def moments(monkeypatch):
    """The moments of the samples, in seconds."""
    moments = []
    monkeypatch.setattr("keywords.engine.gpu.nvml.clock.now", lambda: moments.pop(0))
    return moments


@pytest.mark.usefixtures("driver")
def test_gauges_come_at_each_tick_and_counters_each_second(moments):
    moments += [100.0, 100.1, 100.2, 101.0]
    sampler = Sampler(Nvml(), [0])
    samples = [sampler.sample()[0] for _ in range(4)]
    assert [sample.at_s for sample in samples] == [100.0, 100.1, 100.2, 101.0]
    assert all(sample.values["power_instant_w"] == pytest.approx(118.5) for sample in samples)
    assert ["pcie_replays" in sample.values for sample in samples] == [True, False, False, True]


def test_a_signal_that_the_gpu_lacks_is_asked_for_once(driver, moments):
    moments += [1.0, 2.0]
    sampler = Sampler(Nvml(), [0])
    before = [asked for asked in driver.asked if asked[0] == "nvmlDeviceGetRetiredPages"]
    sample = [sampler.sample() for _ in range(2)][-1][0]
    assert [asked for asked in driver.asked if asked[0] == "nvmlDeviceGetRetiredPages"] == before
    assert "pages_retired_corrected" not in {**sample.values, **sample.gaps}


def test_signals_of_one_structure_are_read_by_one_call(driver, moments):
    moments += [1.0]
    sampler = Sampler(Nvml(), [0])
    driver.asked.clear()
    sampler.sample()
    asked = [name for name, *_ in driver.asked]
    assert asked.count("nvmlDeviceGetUtilizationRates") == 1
    assert asked.count("nvmlDeviceGetRemappedRows") == 1


def test_a_lost_gpu_is_a_gap_with_the_reason_and_comes_back(driver, moments):
    moments += [1.0, 2.0, 3.0]
    sampler = Sampler(Nvml(), [0])
    sampler.sample()
    driver.answers["nvmlDeviceGetUtilizationRates"] = Error(pynvml.NVML_ERROR_GPU_IS_LOST)
    lost = sampler.sample()[0]
    assert "utilisation_percent" not in lost.values
    assert "GPU is lost" in lost.gaps["utilisation_percent"]
    driver.answers["nvmlDeviceGetUtilizationRates"] = {"gpu": 50, "memory": 1}
    assert sampler.sample()[0].values["utilisation_percent"] == 50


def test_each_device_has_its_own_sample(monkeypatch, moments):
    install(healthy(Driver(devices=2)), monkeypatch)
    moments += [1.0]
    assert [sample.device for sample in Sampler(Nvml(), [0, 1]).sample()] == [0, 1]


@pytest.mark.usefixtures("driver")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(NoSuchGpuError, match="no GPU 3"):
        Sampler(Nvml(), [3])
