"""XIDs: the driver's numbers for errors of a GPU, as events of NVML and as lines of the kernel's log.

Each event is told once, so a count of events misses nothing; a gauge of the last XID misses repeats. The kernel's log
also has those from before the events were asked for.

Linux: both. Windows, macOS: the kernel's log is not read there, and says so.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.gpu.nvml import Nvml

_LINE = re.compile(r"NVRM: Xid \((?:PCI:)?(?P<bus>[^)]+)\): (?P<code>\d+)")
_LOG_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Xid:
    """One error that the driver told.

    Attributes:
        at_s: seconds on the suite's clock.
        device: the GPU's index; -1 if the driver names one that was not asked about.
        code: NVIDIA's number of the error.
    """

    at_s: float
    device: int
    code: int


class XidEvents:
    """The XID events of some devices, from now on.

    Args:
        nvml: the driver.
        devices: indexes from 0.

    Attributes:
        reason: why no events come; empty if they do.
    """

    def __init__(self, nvml: Nvml, devices: Sequence[int]) -> None:
        self._module = nvml.module
        self._handles = [(nvml.handle(device), device) for device in devices]
        self.reason = ""
        self._set = None
        try:
            self._set = self._module.nvmlEventSetCreate()
            for handle, _ in self._handles:
                # A device without these events answers "not supported" here.
                self._module.nvmlDeviceRegisterEvents(handle, self._module.nvmlEventTypeXidCriticalError, self._set)
        except self._module.NVMLError as error:
            self.reason = f"the driver tells no XID events: {error} (NVML error {error.value})"
            self.close()

    def take(self) -> tuple[Xid, ...]:
        """The events since this was asked last; none if there are none to come."""
        taken: list[Xid] = []
        while self._set is not None:
            try:
                event = self._module.nvmlEventSetWait_v2(self._set, 0)
            except self._module.NVMLError as error:
                if error.value != self._module.NVML_ERROR_TIMEOUT:
                    self.reason = f"XID events ended: {error} (NVML error {error.value})"
                    self.close()
                break
            taken.append(Xid(clock.now(), self._device_of(event), int(event.eventData)))
        return tuple(taken)

    def close(self) -> None:
        """Ask for no more events."""
        if self._set is not None:
            with suppress(self._module.NVMLError):
                self._module.nvmlEventSetFree(self._set)
            self._set = None

    def _device_of(self, event: object) -> int:
        address = bytes(event.device)  # type: ignore[attr-defined]  # a structure of ctypes
        return next((device for handle, device in self._handles if bytes(handle) == address), -1)


@dataclass(frozen=True, slots=True)
class KernelLog:
    """The XIDs in the kernel's log.

    Attributes:
        lines: of each the whole line.
        reason: why the log cannot be read; empty if it can.
    """

    lines: tuple[str, ...]
    reason: str = ""

    def since(self, earlier: KernelLog) -> tuple[int, ...]:
        """The codes of the lines that an earlier look at the log did not show."""
        before = set(earlier.lines)
        return tuple(code for line in self.lines if line not in before for code in codes_in(line))


def read_kernel_log() -> KernelLog:
    """The XIDs in the kernel's log, or the reason why nobody knows them."""
    command = shutil.which("dmesg") if sys.platform == "linux" else None
    if command is None:
        return KernelLog((), f"there is no `dmesg` on this machine ({sys.platform})")
    try:
        done = subprocess.run(  # noqa: S603  # no input
            [command], capture_output=True, text=True, errors="replace", timeout=_LOG_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        return KernelLog((), f"`dmesg` did not end within {_LOG_WITHIN_S:g} s")
    if done.returncode:
        return KernelLog((), done.stderr.strip() or f"`dmesg` ended with {done.returncode}")
    return KernelLog(tuple(line for line in done.stdout.splitlines() if _LINE.search(line)))


def codes_in(text: str) -> tuple[int, ...]:
    """The XIDs in lines of the kernel's log, in their order."""
    return tuple(int(match["code"]) for match in _LINE.finditer(text))
