import json
from dataclasses import replace

import pytest

from keywords.engine.load import environment
from keywords.engine.load.environment import environment_cautions, look_at_environment

INFO = "processor : 0\nmodel name\t: Fast CPU 9000\nflags\t\t: fpu hypervisor sse\n"


def write_all(tmp_path, files):
    for path, text in files.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")


def test_this_machine_can_be_looked_at():
    found = look_at_environment()
    assert found.cpu
    assert found.logical_cpus >= 1
    assert found.memory_bytes > 2**27
    assert found.load >= 0
    assert {"uvloop", "httptools", "orjson"} <= set(found.packages)
    assert json.loads(json.dumps(found.as_json()))["cpu"] == found.cpu


def test_what_the_system_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "_ROOT", tmp_path)
    cpu = "sys/devices/system/cpu"
    write_all(
        tmp_path,
        {
            "proc/cpuinfo": INFO,
            f"{cpu}/smt/active": "1",
            f"{cpu}/cpu0/cpufreq/scaling_governor": "powersave",
            f"{cpu}/cpu1/cpufreq/scaling_governor": "performance",
            f"{cpu}/intel_pstate/no_turbo": "1",
            "sys/fs/cgroup/cpu.max": "150000 100000",
            "sys/fs/cgroup/memory.max": "1073741824",
            ".dockerenv": "",
        },
    )
    found = look_at_environment()
    assert (found.cpu, found.smt, found.boost, found.virtual) == ("Fast CPU 9000", True, False, True)
    assert found.governor == ("performance", "powersave")
    assert (found.cpu_limit, found.memory_limit_bytes) == (1.5, 2**30)


def test_the_older_control_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "_ROOT", tmp_path)
    write_all(
        tmp_path,
        {
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/devices/system/cpu/cpufreq/boost": "1",
        },
    )
    found = look_at_environment()
    assert (found.cpu_limit, found.memory_limit_bytes, found.boost) == (2.0, None, True)


def test_what_the_system_does_not_tell_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "_ROOT", tmp_path)
    write_all(tmp_path, {"sys/fs/cgroup/cpu.max": "max 100000", "sys/fs/cgroup/memory.max": "max"})
    found = look_at_environment()
    assert (found.smt, found.boost, found.virtual, found.governor) == (None, None, None, None)
    assert (found.cpu_limit, found.memory_limit_bytes) == (None, None)


@pytest.fixture
def quiet():
    return replace(
        look_at_environment(),
        logical_cpus=8,
        physical_cores=8,
        usable_cpus=tuple(range(8)),
        governor=("performance",),
        smt=False,
        cpu_limit=None,
        load=0.3,
        stolen_s=10.0,
    )


def test_a_quiet_machine_gives_no_caution(quiet):
    assert environment_cautions(quiet, quiet, 10.0, 1) == ()


@pytest.mark.parametrize(
    ("changes", "processes", "text"),
    [
        ({"load": 4.5}, 1, "load 4.5 on 8 CPUs"),
        ({"governor": ("powersave",)}, 1, "the CPU governor is powersave"),
        ({}, 8, "8 client processes share 8 CPUs"),
        ({"cpu_limit": 1.5}, 2, "2 client processes share 1.5 CPUs"),
        ({"usable_cpus": (3,)}, 1, "1 client processes share 1 CPUs"),
        ({"smt": True, "physical_cores": 4}, 1, "hyper-threading is on"),
        ({"stolen_s": 0.0}, 1, "other virtual machines took 12% of the processor's time"),
    ],
)
def test_cautions(quiet, changes, processes, text):
    (caution,) = environment_cautions(replace(quiet, **changes), quiet, 10.0, processes)
    assert text in caution
