"""A GPU is compared with what its product's entry in a file says."""

import json

import pynvml
import pytest
from assertionengine import AssertionOperator

from keywords.gpu.inventory import GpuInventoryLibrary
from keywords.run.places import RESOURCES
from utest.keywords.gpu_driver import Error

EXPECTED = RESOURCES / "gpu" / "expected.yaml"
EQUAL, LEAST = AssertionOperator["=="], AssertionOperator[">="]


@pytest.fixture
def library(driver):
    assert driver.devices == 1
    return GpuInventoryLibrary()


def test_an_inventory_has_driver_facts_and_capabilities(driver, library):
    driver.answers["nvmlDeviceGetTotalEccErrors"] = Error(pynvml.NVML_ERROR_NO_PERMISSION)
    inventory = library.get_gpu_inventory()
    assert (inventory.driver, inventory.facts["name"]) == ("570.0", "NVIDIA H200")
    assert "ecc_corrected_volatile" not in inventory.facts
    assert library.get_number_of_gpu_signals(inventory, "no permission", EQUAL, 4) == 4


def test_the_expected_product_matches(library):
    library.gpu_inventory_should_match(library.get_gpu_inventory(), EXPECTED)


def test_each_difference_is_told(driver, library):
    driver.answers["nvmlDeviceGetEccMode"] = (0, 0)
    driver.answers["nvmlDeviceGetMaxPcieLinkGeneration"] = 4
    driver.answers["nvmlDeviceGetMigMode"] = Error(pynvml.NVML_ERROR_NO_PERMISSION)
    with pytest.raises(AssertionError) as wrong:
        library.gpu_inventory_should_match(library.get_gpu_inventory(), EXPECTED)
    told = str(wrong.value)
    assert told.startswith("GPU 0, NVIDIA H200, is not the expected one: ")
    assert "ecc_mode should be 1, got 0" in told
    assert "pcie_generation_max should be at least 5, got 4" in told
    assert "mig_mode is not told: Insufficient Permissions" in told


def test_a_product_that_is_not_in_the_file_is_told(driver, library):
    driver.answers["nvmlDeviceGetName"] = "NVIDIA Something New"
    with pytest.raises(AssertionError, match=r"expected\.yaml has no product whose name begins 'NVIDIA Something New'"):
        library.gpu_inventory_should_match(library.get_gpu_inventory(), EXPECTED)


def test_an_entry_that_names_no_signal_is_told(library, tmp_path):
    file = tmp_path / "e.yaml"
    file.write_text("- {product: NVIDIA, is: {colour: green}}\n")
    with pytest.raises(AssertionError, match="names colour, and there is no such signal"):
        library.gpu_inventory_should_match(library.get_gpu_inventory(), file)


def test_a_bad_index_is_a_verdict_with_the_number_of_gpus(library):
    with pytest.raises(AssertionError, match="no GPU 5: the driver lists 1 device"):
        library.get_gpu_inventory(5)


def test_the_count_is_compared(library):
    assert library.get_gpu_count(LEAST, 1) == 1
    with pytest.raises(AssertionError, match="number of GPUs should be greater than or equal 2, got 1"):
        library.get_gpu_count(LEAST, 2)


def test_a_driver_that_is_gone_is_a_verdict(driver, library):
    driver.init = pynvml.NVML_ERROR_GPU_IS_LOST
    with pytest.raises(AssertionError, match="does not answer any more"):
        library.get_gpu_count()


def test_the_capabilities_are_evidence(library, evidence):
    table = library.write_gpu_capabilities(library.get_gpu_inventory())
    assert (evidence / "gpu_capabilities.md").read_text() == table
    document = json.loads((evidence / "gpu_capabilities.json").read_text())
    assert document["origin"] == "NVML, driver 570.0"
    assert document["signals"]["pages_retired_corrected"]["code"] == pynvml.NVML_ERROR_NOT_SUPPORTED
