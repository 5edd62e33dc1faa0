"""A need of the machine is met, or its absence is told with a remedy."""

import subprocess

import pynvml
import pytest

from keywords.engine.processes import redis
from keywords.run import needs
from keywords.run.needs import missing_need
from utest.keywords.gpu_driver import Driver, install


def on_path(monkeypatch, **commands):
    monkeypatch.setattr(needs.shutil, "which", commands.get)


def says(monkeypatch, stdout, rc=0):
    done = subprocess.CompletedProcess([], rc, stdout=stdout, stderr="")
    monkeypatch.setattr(needs.subprocess, "run", lambda *_, **__: done)


@pytest.mark.parametrize(
    ("platform", "missing"), [("linux", set()), ("darwin", {"linux"}), ("win32", {"linux", "signals"})]
)
def test_an_operating_system_lacks_what_it_cannot_do(monkeypatch, platform, missing):
    monkeypatch.setattr(needs.sys, "platform", platform)
    assert {need for need in ("linux", "signals") if missing_need(need)} == missing


@pytest.fixture
def fresh():
    """Ask the machine anew."""
    needs._no_gpu.cache_clear()
    needs._no_container_engine.cache_clear()
    yield
    needs._no_gpu.cache_clear()
    needs._no_container_engine.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_a_gpu_is_a_device_that_the_driver_lists(monkeypatch):
    driver = install(Driver(devices=1), monkeypatch)
    assert missing_need("gpu") is None
    driver.devices = 0
    assert missing_need("gpu") is None, "the machine is asked once"
    needs._no_gpu.cache_clear()
    assert missing_need("gpu") == ("No GPU: NVML, driver 570.0 lists none; run on a machine with a GPU of NVIDIA.")


@pytest.mark.usefixtures("fresh")
def test_a_machine_without_a_driver_has_no_gpu(monkeypatch):
    install(Driver(), monkeypatch).init = pynvml.NVML_ERROR_DRIVER_NOT_LOADED
    assert "load the driver's kernel module" in missing_need("gpu")


@pytest.mark.usefixtures("fresh")
def test_a_container_engine_is_docker_or_podman_that_works(monkeypatch):
    on_path(monkeypatch)
    assert "neither `docker` nor `podman`" in missing_need("container-engine")
    needs._no_container_engine.cache_clear()
    on_path(monkeypatch, podman="/usr/bin/podman")
    says(monkeypatch, "host: ...")
    assert missing_need("container-engine") is None
    needs._no_container_engine.cache_clear()
    says(monkeypatch, "Cannot connect to the Docker daemon", rc=1)
    assert missing_need("container-engine") == (
        "No container engine: `podman` does not work here (Cannot connect to the Docker daemon)."
    )


def test_a_browser_is_chromium_or_chrome(monkeypatch):
    monkeypatch.setattr(needs, "BROWSER_APPS", ())
    on_path(monkeypatch)
    assert missing_need("browser") == "No Chromium or Chrome found: install one."
    on_path(monkeypatch, chromium="/usr/bin/chromium")
    assert missing_need("browser") is None


def test_a_redis_is_redis_or_valkey(monkeypatch):
    monkeypatch.setattr(redis.shutil, "which", {}.get)
    assert "apt install redis-server" in missing_need("redis")
    monkeypatch.setattr(redis.shutil, "which", {"valkey-server": "/usr/bin/valkey-server"}.get)
    assert missing_need("redis") is None


def test_node_is_the_wheel_or_new_enough_on_the_path(monkeypatch):
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda _: None)
    on_path(monkeypatch)
    assert "no `node` is on the path" in missing_need("node")
    on_path(monkeypatch, node="/usr/bin/node")
    says(monkeypatch, "v20.1.0\n")
    assert "/usr/bin/node is version 20.1.0" in missing_need("node")
    says(monkeypatch, "v22.0.0\n")
    assert missing_need("node") is None
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda _: object())
    on_path(monkeypatch)
    assert missing_need("node") is None
