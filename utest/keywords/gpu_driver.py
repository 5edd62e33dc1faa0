"""A driver of ctypes callbacks in place of `pynvml.nvmlLib`: it answers what a test says, through the real binding."""

# ruff: noqa: ARG002, ARG005, N802  # names and signatures are the driver's own

from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_int,
    c_uint,
    c_ulonglong,
    c_void_p,
    cast,
    memmove,
    sizeof,
)

import pynvml

P, U, L = c_void_p, c_uint, c_ulonglong
NUMBER, LONG = (U,), (L,)
# For each function: the arguments between the device and the results, and the types of the results.
SHAPES = {
    "nvmlDeviceGetUtilizationRates": ((), (pynvml.c_nvmlUtilization_t,)),
    "nvmlDeviceGetMemoryInfo_v2": ((), (pynvml.c_nvmlMemory_v2_t,)),
    "nvmlDeviceGetPowerUsage": ((), NUMBER),
    "nvmlDeviceGetTotalEnergyConsumption": ((), LONG),
    "nvmlDeviceGetTemperatureV": ((), (pynvml.c_nvmlTemperature_v1_t,)),
    "nvmlDeviceGetTemperature": ((U,), NUMBER),
    "nvmlDeviceGetTemperatureThreshold": ((U,), NUMBER),
    "nvmlDeviceGetClockInfo": ((U,), NUMBER),
    "nvmlDeviceGetMaxClockInfo": ((U,), NUMBER),
    "nvmlDeviceGetCurrentClocksEventReasons": ((), LONG),
    "nvmlDeviceGetCurrentClocksThrottleReasons": ((), LONG),
    "nvmlDeviceGetViolationStatus": ((U,), (pynvml.c_nvmlViolationTime_t,)),
    "nvmlDeviceGetTotalEccErrors": ((U, U), LONG),
    "nvmlDeviceGetSramEccErrorStatus": ((), (pynvml.c_nvmlEccSramErrorStatus_v1_t,)),
    "nvmlDeviceGetRemappedRows": ((), (U, U, U, U)),
    "nvmlDeviceGetRetiredPagesPendingStatus": ((), NUMBER),
    "nvmlDeviceGetPcieReplayCounter": ((), NUMBER),
    "nvmlDeviceGetCurrPcieLinkGeneration": ((), NUMBER),
    "nvmlDeviceGetCurrPcieLinkWidth": ((), NUMBER),
    "nvmlDeviceGetMaxPcieLinkGeneration": ((), NUMBER),
    "nvmlDeviceGetMaxPcieLinkWidth": ((), NUMBER),
    "nvmlDeviceGetEccMode": ((), (U, U)),
    "nvmlDeviceGetMigMode": ((), (U, U)),
    "nvmlDeviceGetMaxMigDeviceCount": ((), NUMBER),
    "nvmlDeviceGetMigDeviceHandleByIndex": ((U,), (P,)),
    "nvmlDeviceGetAttributes_v2": ((), (pynvml.c_nvmlDeviceAttributes,)),
    "nvmlDeviceGetGpuInstanceId": ((), NUMBER),
    "nvmlDeviceGetComputeInstanceId": ((), NUMBER),
    "nvmlDeviceGetPersistenceMode": ((), NUMBER),
    "nvmlDeviceGetComputeMode": ((), NUMBER),
    "nvmlDeviceGetEnforcedPowerLimit": ((), NUMBER),
    "nvmlDeviceGetPowerManagementLimit": ((), NUMBER),
    "nvmlDeviceGetPowerManagementDefaultLimit": ((), NUMBER),
    "nvmlDeviceGetCudaComputeCapability": ((), (c_int, c_int)),
    "nvmlDeviceGetNvLinkState": ((U,), NUMBER),
    "nvmlDeviceGetSupportedEventTypes": ((), LONG),
}
TEXTS = ("nvmlDeviceGetName", "nvmlDeviceGetUUID", "nvmlDeviceGetVbiosVersion")
OTHERS = {
    "nvmlInitWithFlags": (U,),
    "nvmlShutdown": (),
    "nvmlSystemGetDriverVersion": (P, U),
    "nvmlDeviceGetCount_v2": (P,),
    "nvmlDeviceGetHandleByIndex_v2": (U, P),
    "nvmlDeviceGetFieldValues": (P, c_int, P),
    "nvmlDeviceGetRetiredPages": (P, U, P, P),
    "nvmlDeviceGetComputeRunningProcesses_v3": (P, P, P),
    "nvmlGpmQueryDeviceSupport": (P, P),
    "nvmlGpmSampleAlloc": (P,),
    "nvmlGpmSampleFree": (P,),
    "nvmlGpmSampleGet": (P, P),
    "nvmlGpmMetricsGet": (P,),
    "nvmlEventSetCreate": (P,),
    "nvmlDeviceRegisterEvents": (P, L, P),
    "nvmlEventSetWait_v2": (P, P, U),
    "nvmlEventSetFree": (P,),
}


class Error(int):
    """An error code as an answer."""


class Driver:
    """Answers by function name, or by name and arguments; what has no answer here is a function the driver lacks.

    A value of `answers` is a number, a tuple or mapping of members, a text, an `Error`, or a callable without arguments
    that gives one of them.
    """

    def __init__(self, devices=1):
        self.devices = devices
        self.answers = {}
        self.fields = {}
        self.processes = {}
        self.events = []
        self.asked = []
        self.init = 0
        self._functions = {}

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._functions:
            self._functions[name] = self._make(name)
        return self._functions[name]

    def _make(self, name):
        if name in OTHERS:
            return CFUNCTYPE(c_int, *OTHERS[name])(getattr(self, f"_{name}"))
        if name in TEXTS:
            return CFUNCTYPE(c_int, P, P, U)(lambda device, to, size: self._text(name, to))
        if name in SHAPES and any(name in (key, key[0]) for key in self.answers):
            ins, outs = SHAPES[name]
            return CFUNCTYPE(c_int, P, *ins, *(P for _ in outs))(lambda *given: self._answer(name, given))
        raise AttributeError(name)

    def _find(self, name, *arguments):
        self.asked.append((name, *arguments))
        answer = self.answers.get((name, *arguments), self.answers.get(name, Error(pynvml.NVML_ERROR_NOT_SUPPORTED)))
        return answer() if callable(answer) else answer

    def _answer(self, name, given):
        ins, outs = SHAPES[name]
        answer = self._find(name, *given[1 : 1 + len(ins)])
        if isinstance(answer, Error):
            return answer
        values = answer if isinstance(answer, tuple) else (answer,)
        for to, kind, value in zip(given[1 + len(ins) :], outs, values, strict=True):
            target = cast(to, POINTER(kind))[0]
            if isinstance(value, dict):
                for member, each in value.items():
                    setattr(target, member, each)
            else:
                cast(to, POINTER(kind))[0] = value
        return 0

    def _text(self, name, to):
        answer = self._find(name)
        if isinstance(answer, Error):
            return answer
        text = answer.encode() + b"\0"
        memmove(to, text, len(text))
        return 0

    def _nvmlInitWithFlags(self, flags):
        return self.init

    def _nvmlShutdown(self):
        return 0

    def _nvmlSystemGetDriverVersion(self, to, size):
        memmove(to, b"570.0\0", 6)
        return 0

    def _nvmlDeviceGetCount_v2(self, to):
        cast(to, POINTER(U))[0] = self.devices
        return 0

    def _nvmlDeviceGetHandleByIndex_v2(self, index, to):
        cast(to, POINTER(P))[0] = index + 1
        return 0

    def _nvmlDeviceGetFieldValues(self, device, count, to):
        self.asked.append(("nvmlDeviceGetFieldValues", count))
        if (whole := self.answers.get("nvmlDeviceGetFieldValues")) is not None:
            return whole
        for field in (pynvml.c_nvmlFieldValue_t * count).from_address(to):
            answer = self.fields.get(field.fieldId, Error(pynvml.NVML_ERROR_NOT_SUPPORTED))
            answer = answer() if callable(answer) else answer
            if isinstance(answer, Error):
                field.nvmlReturn = answer
            elif isinstance(answer, float):
                field.valueType, field.value.dVal = pynvml.NVML_VALUE_TYPE_DOUBLE, answer
            else:
                field.valueType, field.value.ullVal = pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG, answer
        return 0

    def _nvmlDeviceGetRetiredPages(self, device, cause, count, to):
        answer = self._find("nvmlDeviceGetRetiredPages", cause)
        if isinstance(answer, Error):
            return answer
        cast(count, POINTER(U))[0] = answer
        if to is None and answer:
            return pynvml.NVML_ERROR_INSUFFICIENT_SIZE
        return 0

    def _nvmlDeviceGetComputeRunningProcesses_v3(self, device, count, to):
        cast(count, POINTER(U))[0] = len(self.processes)
        if not self.processes:
            return 0
        if to is None:
            return pynvml.NVML_ERROR_INSUFFICIENT_SIZE
        for place, (pid, used) in zip(
            (pynvml.c_nvmlProcessInfo_v3_t * len(self.processes)).from_address(to), self.processes.items(), strict=True
        ):
            place.pid, place.usedGpuMemory = pid, used
        return 0

    def _nvmlGpmQueryDeviceSupport(self, device, to):
        cast(to, POINTER(pynvml.c_nvmlGpmSupport_t))[0].isSupportedDevice = int("gpm" in self.answers)
        return 0

    def _nvmlGpmSampleAlloc(self, to):
        cast(to, POINTER(P))[0] = 99
        self.asked.append(("gpm sample",))
        return 0

    def _nvmlGpmSampleFree(self, sample):
        self.asked.append(("gpm free",))
        return 0

    def _nvmlGpmSampleGet(self, device, sample):
        return self.answers["gpm"] if isinstance(self.answers["gpm"], Error) else 0

    def _nvmlGpmMetricsGet(self, to):
        asked = cast(to, POINTER(pynvml.c_nvmlGpmMetricsGet_t))[0]
        for number in range(asked.numMetrics):
            asked.metrics[number].value = self.answers["gpm"]
        return 0

    def _nvmlEventSetCreate(self, to):
        cast(to, POINTER(P))[0] = 7
        return 0

    def _nvmlDeviceRegisterEvents(self, device, types, events):
        return self.answers.get("nvmlDeviceRegisterEvents", 0)

    def _nvmlEventSetWait_v2(self, events, to, timeout_ms):
        if not self.events:
            return pynvml.NVML_ERROR_TIMEOUT
        event = self.events.pop(0)
        if isinstance(event, Error):
            return event
        data = cast(to, POINTER(pynvml.c_nvmlEventData_t))[0]
        data.eventType, data.eventData = pynvml.nvmlEventTypeXidCriticalError, event
        memmove(to, byref(handle := c_void_p(1)), sizeof(handle))
        return 0

    def _nvmlEventSetFree(self, events):
        return 0


def healthy(driver):
    """Let a driver answer as a healthy data-centre GPU does."""
    driver.answers |= {
        "nvmlDeviceGetName": "NVIDIA H200",
        "nvmlDeviceGetUUID": "GPU-1234",
        "nvmlDeviceGetVbiosVersion": "96.00.A5",
        "nvmlDeviceGetCudaComputeCapability": (9, 0),
        "nvmlDeviceGetUtilizationRates": {"gpu": 37, "memory": 12},
        "nvmlDeviceGetMemoryInfo_v2": {"total": 150 * 2**30, "reserved": 2**30, "free": 147 * 2**30, "used": 2 * 2**30},
        "nvmlDeviceGetPowerUsage": 120_000,
        "nvmlDeviceGetTotalEnergyConsumption": 5_000_000,
        "nvmlDeviceGetTemperatureV": {"temperature": 41},
        "nvmlDeviceGetTemperature": 40,
        "nvmlDeviceGetTemperatureThreshold": 87,
        ("nvmlDeviceGetTemperatureThreshold", 0): 92,
        "nvmlDeviceGetClockInfo": 1980,
        "nvmlDeviceGetMaxClockInfo": 1980,
        "nvmlDeviceGetCurrentClocksEventReasons": 0,
        "nvmlDeviceGetViolationStatus": {"violationTime": 0},
        "nvmlDeviceGetTotalEccErrors": 0,
        "nvmlDeviceGetSramEccErrorStatus": {"bThresholdExceeded": 0},
        "nvmlDeviceGetRemappedRows": (0, 0, 0, 0),
        "nvmlDeviceGetPcieReplayCounter": 0,
        "nvmlDeviceGetCurrPcieLinkGeneration": 5,
        "nvmlDeviceGetMaxPcieLinkGeneration": 5,
        "nvmlDeviceGetCurrPcieLinkWidth": 16,
        "nvmlDeviceGetMaxPcieLinkWidth": 16,
        "nvmlDeviceGetEccMode": (1, 1),
        "nvmlDeviceGetMigMode": (0, 0),
        "nvmlDeviceGetMaxMigDeviceCount": 0,
        "nvmlDeviceGetPersistenceMode": 1,
        "nvmlDeviceGetComputeMode": 0,
        "nvmlDeviceGetEnforcedPowerLimit": 700_000,
        "nvmlDeviceGetPowerManagementDefaultLimit": 700_000,
        "nvmlDeviceGetNvLinkState": 1,
        "nvmlDeviceGetSupportedEventTypes": pynvml.nvmlEventTypeXidCriticalError,
    }
    driver.fields |= {
        pynvml.NVML_FI_DEV_POWER_INSTANT: 118_500,
        pynvml.NVML_FI_DEV_POWER_AVERAGE: 119_000,
        pynvml.NVML_FI_DEV_MEMORY_TEMP: 45,
        pynvml.NVML_FI_DEV_PERF_POLICY_POWER: 0,
        pynvml.NVML_FI_DEV_PERF_POLICY_THERMAL: 0,
        pynvml.NVML_FI_DEV_NVLINK_LINK_COUNT: 18,
        pynvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION: 0,
    }
    return driver


def install(driver, monkeypatch):
    """Put a driver in place of the shared library, until the test ends."""
    monkeypatch.setattr(pynvml, "nvmlLib", driver)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    return driver
