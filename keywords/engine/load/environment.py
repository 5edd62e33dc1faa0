"""Environment of a load run: what of this machine may change its numbers, and cautions where it probably does.

Linux: all of it. macOS, Windows: no governor, hyper-threading, container limits or stolen time; the load average of
Windows is psutil's estimate, 0 at first.
"""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from keywords.engine.load.open_files import open_files_limit

_ROOT = Path("/")
_PACKAGES = ("llm-gateway-qa", "uvloop", "httptools", "orjson", "numpy")
_BUSY = 0.5
"""Load average for each core beyond which others' work probably disturbs a run."""
_STOLEN = 0.02
_ALL_MEMORY = 2**60
"""Control groups of version 1 write some such number where there is no limit."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine at one moment. None is what this system does not tell.

    Attributes:
        cpu: name of the processor.
        logical_cpus: as the system counts them.
        physical_cores: without hyper-threads.
        usable_cpus: those that this process's affinity allows.
        governor: the CPUs' frequency governors.
        smt: whether hyper-threading is on.
        boost: whether the CPUs may exceed their base frequency.
        virtual: whether this is a virtual machine.
        container: whether this is a container.
        cpu_limit: CPUs that the container may use at once, in the mean.
        memory_limit_bytes: of the container.
        memory_bytes: of the machine.
        open_files: most file descriptors of a process.
        system: operating system with its kernel.
        python: implementation and version.
        packages: versions of those that the client's speed depends on.
        load: processes that ran or waited for a core, mean of the last minute.
        stolen_s: processor time that other virtual machines took since this one's start.
        busy_s: processor time that was used since this machine's start, all cores added up.
    """

    cpu: str
    logical_cpus: int | None
    physical_cores: int | None
    usable_cpus: tuple[int, ...] | None
    governor: tuple[str, ...] | None
    smt: bool | None
    boost: bool | None
    virtual: bool | None
    container: bool | None
    cpu_limit: float | None
    memory_limit_bytes: int | None
    memory_bytes: int
    open_files: int | None
    system: str
    python: str
    packages: dict[str, str]
    load: float
    stolen_s: float | None
    busy_s: float

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return asdict(self)


def look_at_environment() -> Environment:
    """Look at this machine now; it takes a few milliseconds."""
    times = psutil.cpu_times()
    return Environment(
        cpu=_cpu(),
        logical_cpus=psutil.cpu_count(),
        physical_cores=psutil.cpu_count(logical=False),
        usable_cpus=_affinity(),
        governor=_governors(),
        smt=_flag("sys/devices/system/cpu/smt/active"),
        boost=_boost(),
        virtual=_is_virtual(),
        container=_is_container(),
        cpu_limit=_cpu_limit(),
        memory_limit_bytes=_memory_limit(),
        memory_bytes=psutil.virtual_memory().total,
        open_files=open_files_limit(),
        system=platform.platform(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        load=psutil.getloadavg()[0],
        stolen_s=getattr(times, "steal", None),
        busy_s=times.user + times.system,
    )


def environment_cautions(before: Environment, after: Environment, duration_s: float, processes: int) -> tuple[str, ...]:
    """What of the environment probably changed the numbers of a load run, one sentence each.

    Args:
        before: at its start.
        after: at its end.
        duration_s: seconds between them.
        processes: client processes of the run.
    """
    usable = len(before.usable_cpus or ()) or before.logical_cpus or 1
    cpus = min(usable, before.cpu_limit or usable)
    found = []
    if before.load > _BUSY * usable:
        found.append(
            f"the machine was busy before the run: load {before.load:.1f} on {usable} CPUs; wait until it is idle"
        )
    if before.governor and set(before.governor) != {"performance"}:
        found.append(
            f"the CPU governor is {', '.join(before.governor)}: it can double the time to first content; set it to "
            f"performance"
        )
    if processes >= cpus:
        found.append(
            f"{processes} client processes share {cpus:g} CPUs with all else: give the client CPUs of its own, or "
            f"another machine"
        )
    if before.smt and before.physical_cores and usable > before.physical_cores:
        found.append("hyper-threading is on: the client and the server may share a core; bind them to different cores")
    if before.stolen_s is not None and after.stolen_s is not None:
        share = (after.stolen_s - before.stolen_s) / max(duration_s * (before.logical_cpus or 1), 1e-9)
        if share > _STOLEN:
            found.append(f"other virtual machines took {share:.0%} of the processor's time; use a machine of your own")
    return tuple(found)


def _cpu() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", _read("proc/cpuinfo") or "", re.MULTILINE)
    return match[1] if match else platform.processor() or platform.machine()


def _affinity() -> tuple[int, ...] | None:
    if sys.platform == "darwin":  # it has none
        return None
    return tuple(psutil.Process().cpu_affinity() or ())


def _governors() -> tuple[str, ...] | None:
    files = sorted((_ROOT / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    names = {file.read_text(encoding="ascii").strip() for file in files}
    return tuple(sorted(names)) or None


def _boost() -> bool | None:
    is_off = _flag("sys/devices/system/cpu/intel_pstate/no_turbo")
    return _flag("sys/devices/system/cpu/cpufreq/boost") if is_off is None else not is_off


def _is_virtual() -> bool | None:
    info = _read("proc/cpuinfo")
    return None if info is None else bool(re.search(r"^flags\s*:.*\bhypervisor\b", info, re.MULTILINE))


def _is_container() -> bool | None:
    if sys.platform != "linux":
        return None
    return any((_ROOT / path).exists() for path in (".dockerenv", "run/.containerenv"))


def _cpu_limit() -> float | None:
    quota, _, period = (_read("sys/fs/cgroup/cpu.max") or "").partition(" ")
    if not quota:
        quota = _read("sys/fs/cgroup/cpu/cpu.cfs_quota_us") or ""
        period = _read("sys/fs/cgroup/cpu/cpu.cfs_period_us") or ""
    # Without a limit it is `max`, or -1.
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else None


def _memory_limit() -> int | None:
    limit = _read("sys/fs/cgroup/memory.max") or _read("sys/fs/cgroup/memory/memory.limit_in_bytes") or ""
    return int(limit) if limit.isdecimal() and int(limit) < _ALL_MEMORY else None


def _flag(path: str) -> bool | None:
    return {"0": False, "1": True}.get(_read(path) or "")


def _read(path: str) -> str | None:
    try:
        return (_ROOT / path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
