"""Questions that a driver refuses are told by their state."""

import pynvml
import pytest

from keywords.engine.gpu import refused
from keywords.engine.processes import containers
from keywords.engine.processes.containers import ContainerError
from keywords.gpu import container
from keywords.gpu.container import GpuContainerLibrary
from keywords.gpu.driver import GpuDriverLibrary
from keywords.gpu.inventory import GpuInventoryLibrary
from utest.keywords.gpu_driver import Error


@pytest.fixture(autouse=True)
def users(monkeypatch):
    """The users that this process was to become."""
    users = []
    monkeypatch.setattr(refused.os, "setuid", users.append)
    return users


def test_a_missing_driver_is_told_by_a_process_of_its_own():
    answer = GpuDriverLibrary().ask_gpu_under_refusal("no driver")
    assert (answer.state, answer.value) == ("no driver", None)
    assert answer.reason.startswith("No NVIDIA driver here")


@pytest.mark.parametrize("refusal", ["bad index", "no permission"])
def test_a_machine_without_a_driver_says_so_to_each_question(driver, refusal):
    driver.init = pynvml.NVML_ERROR_DRIVER_NOT_LOADED
    answer = refused.ask(refusal)
    assert (answer["state"], answer["value"]) == ("no driver", None)


def test_a_process_without_an_answer_is_a_breakage():
    with pytest.raises(RuntimeError, match=r"(?s)refused no such` ended with 1: .*KeyError"):
        GpuDriverLibrary().ask_gpu_under_refusal("no such")


def test_a_bad_index_is_told(driver):
    assert driver.devices == 1
    assert refused.ask("bad index") == {
        "state": "bad index",
        "reason": "There is no GPU 1: the driver lists 1 device, counted from 0",
        "value": None,
    }


def test_a_limit_that_may_not_be_set_is_told(driver, monkeypatch):
    driver.answers["nvmlDeviceGetPowerManagementLimit"] = 700_000
    monkeypatch.setattr(
        pynvml, "nvmlDeviceSetPowerManagementLimit", lambda *_: (_ for _ in ()).throw(pynvml.NVMLError(4))
    )
    answer = refused.ask("no permission")
    assert (answer["state"], answer["value"]) == ("no permission", None)
    assert "ask as a user who may" in answer["reason"]


def test_a_limit_that_may_be_set_after_all_is_not_called_refused(driver, users, monkeypatch):
    driver.answers["nvmlDeviceGetPowerManagementLimit"] = 700_000
    asked = []
    monkeypatch.setattr(pynvml, "nvmlDeviceSetPowerManagementLimit", lambda _, limit: asked.append(limit))
    assert refused.ask("no permission")["state"] == "supported"
    assert asked == [700_000], "the limit stays what it is"
    assert users == [65534], "and it is asked as nobody"


def test_a_driver_that_tells_nobody_says_so(driver):
    driver.answers["nvmlDeviceGetPowerManagementLimit"] = Error(4)
    assert refused.ask("no permission")["state"] == "no permission"


@pytest.fixture
def listed(driver, monkeypatch):
    """Let a container list GPUs."""
    assert driver.devices == 1

    def listed(text):
        monkeypatch.setattr(container, "find_engine", lambda: "/usr/bin/docker")
        monkeypatch.setattr(container, "run_in_container", lambda *_, **__: text)
        return GpuInventoryLibrary().get_gpu_inventory()

    return listed


def test_a_container_names_the_gpu_that_is_outside(listed):
    inventory = listed("GPU 0: NVIDIA H200 (UUID: GPU-1234)\n")
    GpuContainerLibrary().container_should_see_gpu(inventory, "debian")


def test_a_container_with_another_gpu_is_told(listed):
    inventory = listed("GPU 0: NVIDIA H200 (UUID: GPU-99ff)\n")
    with pytest.raises(AssertionError, match="should name GPU-1234, and names GPU-99ff"):
        GpuContainerLibrary().container_should_see_gpu(inventory, "debian")


def test_a_container_that_fails_has_the_engines_last_line(tmp_path):
    engine = tmp_path / "docker"
    engine.write_text("#!/bin/sh\necho one >&2\necho 'could not select device driver' >&2\nexit 125\n")
    engine.chmod(0o755)
    with pytest.raises(ContainerError, match="`nvidia-smi -L` in debian ended with 125: could not select device"):
        containers.run_in_container(str(engine), "debian", ["nvidia-smi", "-L"], options=[], within_s=10)
    assert containers.why_unusable(str(engine)) == "could not select device driver"
