"""The gate to NVML: every call of the driver goes through it, and gives a value or the reason why there is none.

Package: `nvidia-ml-py`, whose module is called `pynvml`. The package of that name is a deprecated shim around it.

Linux: `libnvidia-ml.so.1`. Windows: `nvml.dll`. macOS: there is no such library, and `NoNvmlError` says so.
"""

from __future__ import annotations

import ctypes
import platform
from functools import partial
from typing import TYPE_CHECKING, Any

from keywords.engine import clock
from keywords.engine.gpu.parts import mig_parts
from keywords.engine.gpu.performance import PerformanceMonitoring
from keywords.engine.gpu.reading import FIELD, GPM, PARTS, Call, Reading, State

if TYPE_CHECKING:
    from pathlib import Path

_STATES: dict[str, State] = {
    "NVML_ERROR_NOT_SUPPORTED": "not supported",
    "NVML_ERROR_FUNCTION_NOT_FOUND": "not supported",
    "NVML_ERROR_ARGUMENT_VERSION_MISMATCH": "not supported",
    "NVML_ERROR_DEPRECATED": "not supported",
    "NVML_ERROR_VGPU_ECC_NOT_SUPPORTED": "not supported",
    "NVML_ERROR_NO_PERMISSION": "no permission",
}
_REMEDIES = {
    "NVML_ERROR_LIBRARY_NOT_FOUND": "run on a machine with a GPU of NVIDIA and its driver",
    "NVML_ERROR_DRIVER_NOT_LOADED": "load the driver's kernel module, or give the container its devices",
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": "restart the machine: library and kernel module are of different versions",
    "NVML_ERROR_NO_PERMISSION": "ask as a user who may open /dev/nvidiactl",
    "NVML_ERROR_GPU_IS_LOST": "it has fallen off the bus: drain the machine and restart it",
    "NVML_ERROR_RESET_REQUIRED": "reset the GPU",
    "NVML_ERROR_FUNCTION_NOT_FOUND": "the driver is older than this call",
}
_MEMBERS = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}
"""Member of the union that holds a field's value, by its `valueType`."""
_NOT_AVAILABLE = {ctypes.c_ulonglong(-1).value, ctypes.c_uint(-1).value}
"""Numbers with which NVML says that there is none."""
_MEMBERS_MAX = 64


class NoNvmlError(Exception):
    """NVML cannot be asked at all; the message has the reason and the remedy."""


class NoSuchGpuError(LookupError):
    """There is no device of this index."""


def load_binding() -> Any:
    """The module `pynvml` of the package `nvidia-ml-py`.

    Raises:
        NoNvmlError: it is missing, or another package's module has its name.
    """
    try:
        import pynvml  # noqa: PLC0415  # 30 ms, and most runs ask no GPU
    except ImportError:
        raise NoNvmlError("The Python package nvidia-ml-py is missing: pip install nvidia-ml-py") from None
    if not hasattr(pynvml, "_nvmlGetFunctionPointer") or not hasattr(pynvml, "nvmlDeviceGetFieldValues"):
        raise NoNvmlError(
            f"{pynvml.__file__} is not the module of nvidia-ml-py: pip uninstall pynvml, then pip install "
            f"--force-reinstall nvidia-ml-py"
        )
    return pynvml


class Nvml:
    """The driver's own answers.

    Args:
        library: the shared library; where the system's loader finds it if left out.

    Raises:
        NoNvmlError: NVML cannot be asked.
    """

    def __init__(self, library: Path | None = None) -> None:
        self._module = load_binding()
        self._names = {value: name for name, value in vars(self._module).items() if name.startswith("NVML_ERROR_")}
        if library is not None:
            try:
                self._module.nvmlLib = ctypes.CDLL(str(library))
            except OSError as error:
                raise NoNvmlError(f"No NVIDIA driver here: {library} cannot be loaded ({error})") from None
        try:
            self._module.nvmlInit()
        except self._module.NVMLError as error:
            raise NoNvmlError(self._sentence(error)) from None
        self._handles: dict[int, Any] = {}
        self._monitoring = PerformanceMonitoring(self._module)

    @property
    def module(self) -> Any:
        """The module behind it, for what is no question about one device."""
        return self._module

    @property
    def origin(self) -> str:
        """The library and its version."""
        return f"NVML, driver {self.driver}"

    @property
    def driver(self) -> str:
        """The version of the driver, or the reason why it is not known."""
        return self.system("nvmlSystemGetDriverVersion")

    @property
    def count(self) -> int:
        """The number of devices.

        Raises:
            NoNvmlError: the driver does not tell.
        """
        try:
            return int(self._module.nvmlDeviceGetCount())
        except self._module.NVMLError as error:
            raise NoNvmlError(self._sentence(error)) from None

    def system(self, name: str) -> str:
        """What a function about the whole machine says, as a text; the reason if it says nothing."""
        try:
            return str(getattr(self._module, name)())
        except self._module.NVMLError as error:
            return f"unknown ({self._reason(error)})"

    def handle(self, device: int) -> Any:
        """The driver's handle of a device, by its index from 0.

        Raises:
            NoSuchGpuError: there is no device of this index.
            NoNvmlError: there is one, and the driver does not give it.
        """
        if device not in self._handles:
            count = self.count
            if not 0 <= device < count:
                devices = "1 device" if count == 1 else f"{count} devices"
                raise NoSuchGpuError(f"There is no GPU {device}: the driver lists {devices}, counted from 0")
            try:
                self._handles[device] = self._module.nvmlDeviceGetHandleByIndex(device)
            except self._module.NVMLError as error:
                raise NoNvmlError(f"GPU {device}: {self._sentence(error)}") from None
        return self._handles[device]

    def step(self) -> float:
        """The moment now."""
        return clock.now()

    def ask(self, device: int, calls: tuple[Call, ...]) -> dict[Call, Reading]:
        """Ask one device; all fields, and all performance metrics, are read by one call each.

        Raises:
            NoSuchGpuError: there is no device of this index.
            NoNvmlError: there is one, and the driver does not give it.
        """
        handle = self.handle(device)
        fields = tuple(call for call in calls if call.name == FIELD)
        metrics = tuple(call for call in calls if call.name == GPM)
        readings = self._fields(handle, fields) | self._metrics(device, handle, metrics)
        return readings | {call: self._one(handle, call) for call in calls if call.name not in (FIELD, GPM)}

    def close(self) -> None:
        """Give back the samples of performance metrics, and end NVML."""
        self._monitoring.close()
        self._handles.clear()
        try:
            self._module.nvmlShutdown()
        except self._module.NVMLError:
            return

    def failed(self, call: Call, code: int) -> Reading:
        """The reading of a call that NVML answered with an error."""
        name = self._names.get(code, "")
        return Reading(None, str(call), _STATES.get(name, "unknown"), self._text(code), code)

    def _one(self, handle: Any, call: Call) -> Reading:
        function = partial(mig_parts, self._module) if call.name == PARTS else getattr(self._module, call.name, None)
        if function is None:
            return Reading(None, str(call), "not supported", "the installed nvidia-ml-py is older than this call")
        arguments = [self._argument(argument) for argument in call.arguments]
        to_fill = next((each for each in arguments if isinstance(each, ctypes.Structure)), None)
        passed = [ctypes.byref(each) if isinstance(each, ctypes.Structure) else each for each in arguments]
        try:
            value = function(handle, *passed)
        except self._module.NVMLError as error:
            return self.failed(call, error.value)
        return _available(plain(value if to_fill is None else to_fill), call)

    def _argument(self, argument: int | str) -> Any:
        if isinstance(argument, int):
            return argument
        value = getattr(self._module, argument)
        return value() if isinstance(value, type) else value

    def _fields(self, handle: Any, calls: tuple[Call, ...]) -> dict[Call, Reading]:
        known = [
            call for call in calls if all(isinstance(arg, int) or hasattr(self._module, arg) for arg in call.arguments)
        ]
        old = "the installed nvidia-ml-py is older than this field"
        readings = {call: Reading(None, str(call), "not supported", old) for call in calls if call not in known}
        if not known:
            return readings
        try:
            values = self._module.nvmlDeviceGetFieldValues(
                handle, [tuple(self._argument(arg) for arg in (*call.arguments, 0)[:2]) for call in known]
            )
        except self._module.NVMLError as error:
            return readings | {call: self.failed(call, error.value) for call in known}
        for call, field in zip(known, values, strict=True):
            if field.nvmlReturn:
                readings[call] = self.failed(call, field.nvmlReturn)
            else:
                value = getattr(field.value, _MEMBERS.get(field.valueType, "ullVal"))
                readings[call] = _available(value, call)
        return readings

    def _metrics(self, device: int, handle: Any, calls: tuple[Call, ...]) -> dict[Call, Reading]:
        if not calls:
            return {}
        names = [self._argument(call.arguments[0]) for call in calls]
        try:
            values = self._monitoring.values(device, handle, names)
        except self._module.NVMLError as error:
            return {call: self.failed(call, error.value) for call in calls}
        if values is None:
            return {call: Reading(None, str(call), "unknown", "the first sample has none before it") for call in calls}
        return {
            call: self.failed(call, code) if code else Reading(value, str(call))
            for call, (value, code) in zip(calls, values, strict=True)
        }

    def _text(self, code: int) -> str:
        """What an error means, with its remedy where there is one."""
        name = self._names.get(code, "")
        text = str(self._module.NVMLError(code))
        remedy = _REMEDIES.get(name)
        return f"{text}: {remedy}" if remedy else text

    def _reason(self, error: Any) -> str:
        return f"{self._text(error.value)} (NVML error {error.value})"

    def _sentence(self, error: Any) -> str:
        return f"NVML does not answer on this {platform.system()} machine: {self._reason(error)}."


def plain(value: Any) -> Any:
    """A value of `pynvml` as plain data: numbers, texts, lists and mappings of them."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, ctypes.Array | list | tuple):
        return [plain(each) for each in list(value)[:_MEMBERS_MAX]]
    if isinstance(value, ctypes.Structure | ctypes.Union):
        return {field[0]: plain(getattr(value, field[0])) for field in value._fields_}
    if hasattr(value, "__dict__"):
        return {name: plain(each) for name, each in vars(value).items()}
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


def _available(value: Any, call: Call) -> Reading:
    if isinstance(value, int) and value in _NOT_AVAILABLE:
        return Reading(None, str(call), "unknown", "the driver says that the value is not available")
    return Reading(value, str(call))
