"""The parts of a GPU that is divided by MIG (multi-instance GPU): which there are, and how large each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


def mig_parts(module: ModuleType, handle: Any) -> list[dict[str, Any]]:
    """The parts of one device, in the order of their indexes; empty if it is not divided.

    Each has its name, such as `NVIDIA H200 MIG 1g.18gb`, the numbers of its GPU instance and compute instance, its
    slices of either, its multiprocessors and its memory in bytes. Its unique id is left out: it names one part among
    all in the world.

    Args:
        module: `pynvml`, initialised.
        handle: of the whole device.

    Raises:
        NVMLError: of `pynvml`; the device cannot be divided, or the user may not see its parts.
    """
    parts = []
    for index in range(module.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            part = module.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
        except module.NVMLError as error:
            if error.value == module.NVML_ERROR_NOT_FOUND:
                continue
            raise
        sizes = module.nvmlDeviceGetAttributes_v2(part)
        name = module.nvmlDeviceGetName(part)
        parts.append(
            {
                "name": name.decode("utf-8", "replace") if isinstance(name, bytes) else name,
                "gpu_instance": module.nvmlDeviceGetGpuInstanceId(part),
                "compute_instance": module.nvmlDeviceGetComputeInstanceId(part),
                "gpu_slices": sizes.gpuInstanceSliceCount,
                "compute_slices": sizes.computeInstanceSliceCount,
                "multiprocessors": sizes.multiprocessorCount,
                "memory_bytes": sizes.memorySizeMB * 2**20,
            }
        )
    return parts
