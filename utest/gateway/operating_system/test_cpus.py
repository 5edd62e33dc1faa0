"""How many CPUs the gateway may use."""

import os
import sys

import pytest

from gateway.operating_system import cpus
from gateway.operating_system.cpus import count_cpus


@pytest.mark.skipif(sys.platform != "linux", reason="unknown elsewhere")
@pytest.mark.parametrize(
    ("allowed", "siblings", "quota", "counted"),
    [
        (1, 1, "max 100000", (1, 1)),
        (2, 1, "max 100000", (2, 2)),
        (4, 2, "max 100000", (4, 2)),
        (6, 1, "", (6, 6)),
        (64, 2, "max 100000", (64, 32)),
        (64, 2, "300000 100000", (3, 32)),
        (64, 2, "200000 100000", (2, 32)),
        (64, 2, "50000 100000", (0, 32)),
    ],
)
def test_affinity_hyper_threads_and_a_container_s_quota_count(monkeypatch, allowed, siblings, quota, counted):
    def read(path):
        return quota if "cgroup" in path else str(int("".join(filter(str.isdigit, path))) // siblings)

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)))
    monkeypatch.setattr(cpus, "_read", read)
    assert count_cpus() == counted


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_than_on_linux_they_are_unknown(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert count_cpus() is None
