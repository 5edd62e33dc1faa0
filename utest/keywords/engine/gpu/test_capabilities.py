"""The capability matrix tells for each signal whether there is a value, and why not."""

import pynvml
import pytest

from keywords.engine.gpu.capabilities import STATES, capabilities
from keywords.engine.gpu.nvml import Nvml
from keywords.engine.gpu.signals import SIGNALS
from utest.keywords.gpu_driver import Driver, Error, healthy, install


@pytest.fixture
def driver(monkeypatch):
    return install(healthy(Driver()), monkeypatch)


def test_every_signal_is_in_the_matrix_in_one_of_four_states(driver):
    driver.answers["nvmlDeviceGetTotalEccErrors"] = Error(pynvml.NVML_ERROR_NO_PERMISSION)
    driver.answers["nvmlDeviceGetPcieReplayCounter"] = Error(pynvml.NVML_ERROR_UNKNOWN)
    matrix = capabilities(Nvml())
    assert list(matrix.readings) == list(SIGNALS)
    assert sum(matrix.count(state) for state in STATES) == len(SIGNALS)
    assert matrix.count("no permission") == 4
    assert matrix.readings["pcie_replays"].state == "unknown"


def test_the_table_has_error_code_and_driver(driver):
    driver.answers["nvmlDeviceGetTotalEccErrors"] = Error(pynvml.NVML_ERROR_NO_PERMISSION)
    table = capabilities(Nvml()).as_table()
    assert "driver 570.0" in table
    row = next(line for line in table.splitlines() if line.startswith("| ecc_corrected_volatile "))
    assert row.startswith("| ecc_corrected_volatile | no permission | 4 | nvmlDeviceGetTotalEccErrors(0, 0) | ")


def test_a_performance_metric_has_its_value_though_the_first_sample_has_none(driver):
    driver.answers["gpm"] = 12.5
    assert capabilities(Nvml()).readings["sm_utilisation_percent"].value == 12.5
