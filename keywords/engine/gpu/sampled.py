"""The signals that change while a GPU works: gauges at each tick, counters and states each second."""

from __future__ import annotations

from typing import Any, Final

from keywords.engine.gpu.reading import GPM, Call
from keywords.engine.gpu.signal import Signal, device_call, field_call, member, times

_MEMORY = (device_call("MemoryInfo", "nvmlMemory_v2"),)
_UTILISATION = (device_call("UtilizationRates"),)
_PER_MILLI = 1e-3


def _violation_ns(value: Any) -> Any:
    """The newer call gives the number itself, the older one a structure."""
    return value["violationTime"] if isinstance(value, dict) else value


SAMPLED: Final = (
    # ---- at each tick
    Signal(
        "utilisation_percent",
        "share of the driver's sampling time, 1/6 to 1 s, in which any kernel ran; 100 does not mean full",
        _UTILISATION,
        member("gpu"),
    ),
    Signal(
        "memory_activity_percent",
        "share of the driver's sampling time in which memory was read or written",
        _UTILISATION,
        member("memory"),
    ),
    Signal(
        "sm_utilisation_percent",
        "share of the multiprocessors that were busy; Hopper and newer",
        (Call(GPM, ("NVML_GPM_METRIC_SM_UTIL",)),),
    ),
    Signal(
        "memory_used_bytes",
        "allocated memory, without what the driver reserves (memory info v2; v1 counts that too)",
        _MEMORY,
        member("used"),
    ),
    Signal(
        "power_instant_w",
        "power at this moment",
        (field_call("NVML_FI_DEV_POWER_INSTANT"),),
        times(_PER_MILLI),
    ),
    Signal(
        "power_average_w",
        "power as a mean of the last second (Ampere and newer, but for GA100)",
        (field_call("NVML_FI_DEV_POWER_AVERAGE"), device_call("PowerUsage")),
        times(_PER_MILLI),
    ),
    Signal(
        "energy_j",
        "energy since the driver was loaded; under MIG each part shows the whole board's",
        (device_call("TotalEnergyConsumption"),),
        times(_PER_MILLI),
        is_counter=True,
    ),
    Signal(
        "temperature_c",
        "temperature of the chip",
        (device_call("TemperatureV", "NVML_TEMPERATURE_GPU"), device_call("Temperature", "NVML_TEMPERATURE_GPU")),
    ),
    Signal(
        "memory_temperature_c",
        "temperature of the memory",
        (field_call("NVML_FI_DEV_MEMORY_TEMP"),),
    ),
    Signal("sm_clock_mhz", "clock of the multiprocessors", (device_call("ClockInfo", 1),)),
    Signal("memory_clock_mhz", "clock of the memory", (device_call("ClockInfo", 2),)),
    Signal(
        "event_reasons",
        "bits of what holds the clocks down at this moment; `REASONS` names them",
        (device_call("CurrentClocksEventReasons"), device_call("CurrentClocksThrottleReasons")),
    ),
    # ---- each second: counters, of which the difference over a run counts
    Signal(
        "power_cap_ns",
        "time for which the power limit held the clocks down",
        (field_call("NVML_FI_DEV_PERF_POLICY_POWER"), device_call("ViolationStatus", "NVML_PERF_POLICY_POWER")),
        _violation_ns,
        "second",
        is_counter=True,
    ),
    Signal(
        "thermal_slowdown_ns",
        "time for which heat held the clocks down",
        (field_call("NVML_FI_DEV_PERF_POLICY_THERMAL"), device_call("ViolationStatus", "NVML_PERF_POLICY_THERMAL")),
        _violation_ns,
        "second",
        is_counter=True,
    ),
    Signal(
        "hardware_thermal_slowdown_ns",
        "time for which the hardware's own protection from heat held the clocks down; new drivers only",
        (field_call("NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN"),),
        when="second",
        is_counter=True,
    ),
    Signal(
        "power_brake_ns",
        "time for which the power supply's brake held the clocks down; new drivers only",
        (field_call("NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN"),),
        when="second",
        is_counter=True,
    ),
    *(
        Signal(
            f"ecc_{kind}_{since}",
            f"{kind} memory errors, since {'the driver was loaded' if since == 'volatile' else 'the GPU was made'}",
            (device_call("TotalEccErrors", number, counter),),
            when="second",
            is_counter=True,
        )
        for number, kind in ((0, "corrected"), (1, "uncorrected"))
        for counter, since in ((0, "volatile"), (1, "aggregate"))
    ),
    Signal(
        "sram_threshold_exceeded",
        "1 if so many errors of on-chip memory came that NVIDIA advises to replace the GPU",
        (device_call("SramEccErrorStatus", "c_nvmlEccSramErrorStatus_v1_t"),),
        member("bThresholdExceeded"),
        "second",
    ),
    *(
        Signal(name, what, (device_call("RemappedRows"),), member(place), "second", is_counter=counts)
        for place, name, what, counts in (
            (0, "rows_remapped_corrected", "memory rows replaced for corrected errors", True),
            (1, "rows_remapped_uncorrected", "memory rows replaced for uncorrected errors", True),
            (2, "row_remap_pending", "1 if a replacement waits for a reset", False),
            (3, "row_remap_failed", "1 if no spare row was left", False),
        )
    ),
    *(
        Signal(
            f"pages_retired_{name}",
            f"memory pages taken out of use for {words}; GPUs before Ampere",
            (device_call("RetiredPages", cause),),
            len,
            "second",
            is_counter=True,
        )
        for cause, name, words in (
            ("NVML_PAGE_RETIREMENT_CAUSE_MULTIPLE_SINGLE_BIT_ECC_ERRORS", "corrected", "corrected errors"),
            ("NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR", "uncorrected", "an uncorrected error"),
        )
    ),
    Signal(
        "page_retirement_pending",
        "1 if a page waits for a restart to be taken out of use; GPUs before Ampere",
        (device_call("RetiredPagesPendingStatus"),),
        when="second",
    ),
    Signal(
        "pcie_replays",
        "packets that were sent again over PCIe",
        (device_call("PcieReplayCounter"),),
        when="second",
        is_counter=True,
    ),
    Signal(
        "pcie_sent_bytes",
        "bytes sent over PCIe",
        (field_call("NVML_FI_DEV_PCIE_COUNT_TX_BYTES"),),
        when="second",
        is_counter=True,
    ),
    Signal(
        "pcie_received_bytes",
        "bytes received over PCIe",
        (field_call("NVML_FI_DEV_PCIE_COUNT_RX_BYTES"),),
        when="second",
        is_counter=True,
    ),
    Signal(
        "pcie_generation",
        "PCIe generation of the link now; it may go down when idle",
        (device_call("CurrPcieLinkGeneration"),),
        when="second",
    ),
    Signal("pcie_width", "PCIe lanes of the link now", (device_call("CurrPcieLinkWidth"),), when="second"),
    *(
        Signal(
            f"nvlink_{name}_errors",
            f"{words} of all NVLinks",
            (field_call(f"NVML_FI_DEV_NVLINK_{field}_ERROR_COUNT_TOTAL"),),
            when="second",
            is_counter=True,
        )
        for name, words, field in (
            ("flit_crc", "broken flow-control units", "CRC_FLIT"),
            ("data_crc", "broken data units", "CRC_DATA"),
            ("replay", "repeated transmissions", "REPLAY"),
            ("recovery", "recoveries of links", "RECOVERY"),
        )
    ),
    Signal(
        "recovery_action",
        "what the driver says must be done: 0 nothing, 1 reset, 2 restart, 3 and 4 drain; new drivers only",
        (field_call("NVML_FI_DEV_GET_GPU_RECOVERY_ACTION"),),
        when="second",
    ),
)
