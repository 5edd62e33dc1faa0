"""A driver of callbacks for the keyword libraries, and folders for what they write."""

import pytest

from keywords.gpu import health, inventory, telemetry
from utest.keywords.gpu_driver import Driver, healthy, install


@pytest.fixture
def driver(monkeypatch):
    return install(healthy(Driver()), monkeypatch)


@pytest.fixture(autouse=True)
def evidence(monkeypatch, tmp_path):
    """The folder for evidence."""
    for module in (health, inventory, telemetry):
        monkeypatch.setattr(module, "evidence_folder", lambda: tmp_path)
    return tmp_path
