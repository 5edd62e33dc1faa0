"""The signals that are read once: what the GPU is, how it is set, and its limits."""

from __future__ import annotations

from typing import Final

from keywords.engine.gpu.reading import PARTS, Call
from keywords.engine.gpu.signal import Signal, device_call, field_call, member, times

LINKS: Final = 18
"""NVLinks of an H100 or H200, the most of a GPU that this was written for; later links are not looked at."""
_MEMORY = (device_call("MemoryInfo", "nvmlMemory_v2"),)
_PER_MILLI = 1e-3

FACTS: Final = (
    Signal("name", "product", (device_call("Name"),), when="once"),
    Signal("uuid", "unique id", (device_call("UUID"),), when="once"),
    Signal("vbios", "version of the video BIOS", (device_call("VbiosVersion"),), when="once"),
    Signal(
        "compute_capability",
        "version of the architecture for CUDA",
        (device_call("CudaComputeCapability"),),
        lambda pair: f"{pair[0]}.{pair[1]}",
        "once",
    ),
    Signal("memory_total_bytes", "memory, with what the driver reserves", _MEMORY, member("total"), "once"),
    Signal("memory_reserved_bytes", "memory that the driver keeps for itself", _MEMORY, member("reserved"), "once"),
    Signal("ecc_mode", "1 if memory errors are corrected", (device_call("EccMode"),), member(0), "once"),
    Signal("mig_mode", "1 if the GPU is divided (MIG)", (device_call("MigMode"),), member(0), "once"),
    Signal(
        "mig_devices_max", "parts into which the GPU can be divided", (device_call("MaxMigDeviceCount"),), when="once"
    ),
    Signal(
        "mig_parts",
        "parts into which the GPU is divided, each with its name, instances, slices, multiprocessors and memory",
        (Call(PARTS),),
        when="once",
    ),
    Signal(
        "persistence_mode",
        "1 if the driver stays loaded without a client",
        (device_call("PersistenceMode"),),
        when="once",
    ),
    Signal(
        "compute_mode",
        "0 if any process may use the GPU, 2 none, 3 only one",
        (device_call("ComputeMode"),),
        when="once",
    ),
    Signal("power_limit_w", "power limit in force", (device_call("EnforcedPowerLimit"),), times(_PER_MILLI), "once"),
    Signal(
        "power_limit_default_w",
        "power limit as made",
        (device_call("PowerManagementDefaultLimit"),),
        times(_PER_MILLI),
        "once",
    ),
    Signal("sm_clock_max_mhz", "highest clock of the multiprocessors", (device_call("MaxClockInfo", 1),), when="once"),
    Signal("memory_clock_max_mhz", "highest clock of the memory", (device_call("MaxClockInfo", 2),), when="once"),
    Signal(
        "pcie_generation_max",
        "highest PCIe generation of GPU and slot",
        (device_call("MaxPcieLinkGeneration"),),
        when="once",
    ),
    Signal("pcie_width_max", "most PCIe lanes of GPU and slot", (device_call("MaxPcieLinkWidth"),), when="once"),
    Signal(
        "temperature_slowdown_c",
        "temperature from which the hardware slows down",
        (device_call("TemperatureThreshold", 1),),
        when="once",
    ),
    Signal(
        "temperature_shutdown_c",
        "temperature at which the hardware stops",
        (device_call("TemperatureThreshold", 0),),
        when="once",
    ),
    Signal("temperature_max_c", "highest temperature for use", (device_call("TemperatureThreshold", 3),), when="once"),
    Signal(
        "memory_temperature_max_c",
        "highest memory temperature for use",
        (device_call("TemperatureThreshold", 2),),
        when="once",
    ),
    Signal("nvlink_count", "NVLinks of the GPU", (field_call("NVML_FI_DEV_NVLINK_LINK_COUNT"),), when="once"),
    *(
        Signal(f"nvlink_{link}_up", f"1 if NVLink {link} is up", (device_call("NvLinkState", link),), when="once")
        for link in range(LINKS)
    ),
    Signal(
        "processes",
        "processes that compute on the GPU, each with its bytes; ids of the host, wrong with drivers 535.43 to 535.86",
        (device_call("ComputeRunningProcesses_v3"), device_call("ComputeRunningProcesses_v2")),
        lambda processes: {str(each["pid"]): each["usedGpuMemory"] for each in processes},
        "once",
    ),
)
