"""The gate to NVML: a value, or the reason why there is none; never 0 for what is not known."""

import sys
import types
from pathlib import Path

import pynvml
import pytest

from keywords.engine.gpu.nvml import NoNvmlError, NoSuchGpuError, Nvml, load_binding
from keywords.engine.gpu.reading import FIELD, GPM, Call, first_known
from keywords.engine.gpu.signals import SIGNALS, read
from utest.keywords.gpu_driver import Driver, Error, healthy, install

POWER = Call("nvmlDeviceGetPowerUsage")
CODES = {name: value for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_")}


@pytest.fixture
def driver(monkeypatch):
    return install(healthy(Driver()), monkeypatch)


@pytest.fixture
def nvml(driver):
    driver.asked.clear()
    nvml = Nvml()
    yield nvml
    nvml.close()


def test_a_value_comes_with_the_call_that_gave_it(nvml):
    reading = nvml.ask(0, (POWER,))[POWER]
    assert (reading.value, reading.call, reading.state) == (120_000, "nvmlDeviceGetPowerUsage()", "supported")
    assert (reading.reason, reading.code) == ("", None)
    assert nvml.origin == "NVML, driver 570.0"


@pytest.mark.parametrize(("name", "code"), CODES.items(), ids=CODES)
def test_each_error_is_a_reason_and_no_value(driver, nvml, name, code):
    driver.answers["nvmlDeviceGetPowerUsage"] = Error(code)
    reading = nvml.ask(0, (POWER,))[POWER]
    assert reading.value is None
    assert reading.code == code
    assert reading.reason
    expected = {
        "NVML_ERROR_NOT_SUPPORTED": "not supported",
        "NVML_ERROR_FUNCTION_NOT_FOUND": "not supported",
        "NVML_ERROR_ARGUMENT_VERSION_MISMATCH": "not supported",
        "NVML_ERROR_DEPRECATED": "not supported",
        "NVML_ERROR_VGPU_ECC_NOT_SUPPORTED": "not supported",
        "NVML_ERROR_NO_PERMISSION": "no permission",
    }
    assert reading.state == expected.get(name, "unknown")


@pytest.mark.parametrize(("name", "code"), CODES.items(), ids=CODES)
def test_each_error_of_a_field_is_a_reason_and_no_value(driver, nvml, name, code):
    driver.fields[pynvml.NVML_FI_DEV_POWER_INSTANT] = Error(code)
    call = Call(FIELD, ("NVML_FI_DEV_POWER_INSTANT",))
    reading = nvml.ask(0, (call,))[call]
    assert (reading.value, reading.code) == (None, code), name
    assert reading.reason


@pytest.mark.parametrize(("name", "code"), CODES.items(), ids=CODES)
def test_each_error_at_the_start_tells_that_nvml_does_not_answer(driver, name, code):
    driver.init = code
    with pytest.raises(NoNvmlError, match=rf"NVML error {code}\)"):
        raise AssertionError(f"{name} was ignored by {Nvml()}")


def test_errors_with_a_remedy_tell_it(driver, nvml):
    driver.answers["nvmlDeviceGetPowerUsage"] = Error(pynvml.NVML_ERROR_GPU_IS_LOST)
    assert "drain the machine and restart it" in nvml.ask(0, (POWER,))[POWER].reason


def test_fields_are_read_by_one_call_of_the_driver(driver, nvml):
    calls = tuple(Call(FIELD, (name,)) for name in ("NVML_FI_DEV_POWER_INSTANT", "NVML_FI_DEV_MEMORY_TEMP"))
    readings = nvml.ask(0, calls)
    assert [readings[call].value for call in calls] == [118_500, 45]
    assert [asked for asked in driver.asked if asked[0] == "nvmlDeviceGetFieldValues"] == [
        ("nvmlDeviceGetFieldValues", 2)
    ]


def test_fields_that_a_driver_does_not_read_at_all_have_its_reason(driver, nvml):
    driver.answers["nvmlDeviceGetFieldValues"] = Error(pynvml.NVML_ERROR_GPU_IS_LOST)
    call = Call(FIELD, ("NVML_FI_DEV_POWER_INSTANT",))
    assert nvml.ask(0, (call,))[call].code == pynvml.NVML_ERROR_GPU_IS_LOST


def test_a_field_or_call_that_the_binding_does_not_know_is_not_supported(nvml):
    calls = (Call(FIELD, ("NVML_FI_DEV_OF_THE_FUTURE",)), Call("nvmlDeviceGetTheFuture"))
    readings = nvml.ask(0, calls)
    assert [readings[call].state for call in calls] == ["not supported"] * 2
    assert "older than this" in readings[calls[0]].reason


def test_a_number_that_means_none_is_none(driver, nvml):
    driver.answers["nvmlDeviceGetTotalEnergyConsumption"] = 2**64 - 1
    reading = read(nvml, 0, ["energy_j"])["energy_j"]
    assert (reading.value, reading.state) == (None, "unknown")


def test_the_newest_call_that_the_driver_knows_answers(driver, nvml):
    assert read(nvml, 0, ["temperature_c"])["temperature_c"].value == 41
    driver.answers["nvmlDeviceGetTemperatureV"] = Error(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    reading = read(nvml, 0, ["temperature_c"])["temperature_c"]
    assert (reading.value, reading.call) == (40, "nvmlDeviceGetTemperature(NVML_TEMPERATURE_GPU)")


def test_an_older_call_is_not_asked_after_any_other_error(driver, nvml):
    driver.answers["nvmlDeviceGetTemperatureV"] = Error(pynvml.NVML_ERROR_NO_PERMISSION)
    reading = first_known(nvml, 0, SIGNALS["temperature_c"].calls)
    assert (reading.value, reading.state) == (None, "no permission")
    assert not [asked for asked in driver.asked if asked[0] == "nvmlDeviceGetTemperature"]


def test_a_structure_that_the_driver_fills_is_plain_data(driver, nvml):
    driver.answers["nvmlDeviceGetSramEccErrorStatus"] = {"bThresholdExceeded": 1, "aggregateCor": 3}
    assert read(nvml, 0, ["sram_threshold_exceeded"])["sram_threshold_exceeded"].value == 1


def test_processes_have_their_memory_by_their_ids(driver, nvml):
    assert read(nvml, 0, ["processes"])["processes"].value == {}
    driver.processes = {4242: 7 * 2**30, 4243: 2**64 - 1}
    assert read(nvml, 0, ["processes"])["processes"].value == {"4242": 7 * 2**30, "4243": None}


def test_performance_metrics_need_two_samples_and_free_each(driver, nvml):
    driver.answers["gpm"] = 61.5
    call = Call(GPM, ("NVML_GPM_METRIC_SM_UTIL",))
    first, second = nvml.ask(0, (call,))[call], nvml.ask(0, (call,))[call]
    assert (first.value, first.state) == (None, "unknown")
    assert second.value == 61.5
    nvml.close()
    assert driver.asked.count(("gpm sample",)) == driver.asked.count(("gpm free",)) == 2


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_NO_PERMISSION])
def test_performance_metrics_that_are_refused_have_the_reason(driver, nvml, code):
    driver.answers["gpm"] = Error(code)
    call = Call(GPM, ("NVML_GPM_METRIC_SM_UTIL",))
    assert nvml.ask(0, (call,))[call].code == code
    assert driver.asked.count(("gpm sample",)) == driver.asked.count(("gpm free",)) == 1


def test_performance_metrics_of_an_older_gpu_are_not_supported(nvml):
    call = Call(GPM, ("NVML_GPM_METRIC_SM_UTIL",))
    assert nvml.ask(0, (call,))[call].state == "not supported"


def divided(driver):
    """Two parts of a GPU, at the first and the third of seven places."""
    absent = Error(pynvml.NVML_ERROR_NOT_FOUND)
    driver.answers |= {
        "nvmlDeviceGetMaxMigDeviceCount": 7,
        "nvmlDeviceGetMigDeviceHandleByIndex": absent,
        ("nvmlDeviceGetMigDeviceHandleByIndex", 0): 100,
        ("nvmlDeviceGetMigDeviceHandleByIndex", 2): 102,
        "nvmlDeviceGetAttributes_v2": {
            "multiprocessorCount": 16,
            "gpuInstanceSliceCount": 1,
            "computeInstanceSliceCount": 1,
            "memorySizeMB": 16_384,
        },
        "nvmlDeviceGetGpuInstanceId": iter((7, 9)).__next__,
        "nvmlDeviceGetComputeInstanceId": 0,
    }


def test_a_divided_gpu_tells_its_parts(driver, nvml):
    divided(driver)
    parts = read(nvml, 0, ["mig_parts"])["mig_parts"].value
    assert [part["gpu_instance"] for part in parts] == [7, 9]
    assert parts[0] == {
        "name": "NVIDIA H200",
        "gpu_instance": 7,
        "compute_instance": 0,
        "gpu_slices": 1,
        "compute_slices": 1,
        "multiprocessors": 16,
        "memory_bytes": 16 * 2**30,
    }


def test_a_whole_gpu_has_no_parts(nvml):
    assert read(nvml, 0, ["mig_parts"])["mig_parts"].value == []


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        ("nvmlDeviceGetMaxMigDeviceCount", pynvml.NVML_ERROR_NOT_SUPPORTED),
        ("nvmlDeviceGetMigDeviceHandleByIndex", pynvml.NVML_ERROR_NO_PERMISSION),
        ("nvmlDeviceGetAttributes_v2", pynvml.NVML_ERROR_GPU_IS_LOST),
    ],
)
def test_parts_that_are_not_told_have_the_reason(driver, nvml, refused, code):
    divided(driver)
    driver.answers = {key: value for key, value in driver.answers.items() if refused not in (key, key[0])}
    driver.answers[refused] = Error(code)
    reading = read(nvml, 0, ["mig_parts"])["mig_parts"]
    assert (reading.value, reading.code) == (None, code)


@pytest.mark.parametrize("index", [-1, 1, 8])
def test_a_bad_index_is_told_with_the_number_of_devices(nvml, index):
    with pytest.raises(NoSuchGpuError, match=f"no GPU {index}: the driver lists 1 device, counted from 0"):
        nvml.ask(index, (POWER,))


def test_a_library_that_cannot_be_loaded_is_no_driver(monkeypatch):
    monkeypatch.setattr(pynvml, "nvmlLib", None)
    with pytest.raises(NoNvmlError, match=r"No NVIDIA driver here: .*none\.so"):
        Nvml(Path("/nowhere/none.so"))


def test_a_machine_without_the_library_says_so_with_the_remedy(monkeypatch):
    monkeypatch.setattr(pynvml, "nvmlLib", None)
    monkeypatch.setattr(pynvml, "CDLL", lambda _: (_ for _ in ()).throw(OSError()))
    with pytest.raises(NoNvmlError, match=r"run on a machine with a GPU of NVIDIA .*NVML error 12"):
        Nvml()


def test_the_deprecated_shim_is_refused_by_name(monkeypatch):
    shim = types.ModuleType("pynvml")
    shim.__file__ = "/site-packages/pynvml/__init__.py"
    monkeypatch.setitem(sys.modules, "pynvml", shim)
    with pytest.raises(NoNvmlError, match="is not the module of nvidia-ml-py: pip uninstall pynvml"):
        load_binding()


def test_a_missing_package_is_told_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(NoNvmlError, match="pip install nvidia-ml-py"):
        load_binding()


def test_every_signal_of_a_healthy_gpu_is_read_or_says_why_not(nvml):
    readings = read(nvml, 0, SIGNALS)
    assert all(reading.value is not None or reading.reason for reading in readings.values())
    assert readings["memory_used_bytes"].value == 2 * 2**30
    assert readings["power_instant_w"].value == pytest.approx(118.5)
    assert readings["compute_capability"].value == "9.0"
    assert readings["ecc_uncorrected_volatile"].value == 0
    assert readings["pages_retired_corrected"].state == "not supported"
