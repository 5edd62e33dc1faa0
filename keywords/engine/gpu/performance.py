"""Performance metrics of Hopper and newer GPUs (NVIDIA's GPM): each needs two samples, and covers the time between."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


class PerformanceMonitoring:
    """The last sample of each device.

    Args:
        module: `pynvml`, initialised.
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._samples: dict[int, Any] = {}

    def values(self, device: int, handle: Any, metrics: Sequence[int]) -> list[tuple[float, int]] | None:
        """Read metrics of the time since they were read last, each with its error code, 0 for none.

        Returns:
            None at a device's first time, as there is no sample before it.

        Raises:
            NVMLError: of `pynvml`; the device or the user gets no metrics.
        """
        nvml = self._module
        if not nvml.nvmlGpmQueryDeviceSupport(handle).isSupportedDevice:
            raise nvml.NVMLError(nvml.NVML_ERROR_NOT_SUPPORTED)
        sample = nvml.nvmlGpmSampleAlloc()
        try:
            nvml.nvmlGpmSampleGet(handle, sample)
        except nvml.NVMLError:
            self._free(sample)
            raise
        before = self._samples.get(device)
        self._samples[device] = sample
        if before is None:
            return None
        asked = nvml.c_nvmlGpmMetricsGet_t()
        asked.version, asked.numMetrics = nvml.NVML_GPM_METRICS_GET_VERSION, len(metrics)
        asked.sample1, asked.sample2 = before, sample
        for number, metric in enumerate(metrics):
            asked.metrics[number].metricId = metric
        try:
            nvml.nvmlGpmMetricsGet(asked)
        finally:
            self._free(before)
        return [(metric.value, metric.nvmlReturn) for metric in asked.metrics[: len(metrics)]]

    def close(self) -> None:
        """Give back all samples."""
        for sample in self._samples.values():
            self._free(sample)
        self._samples.clear()

    def _free(self, sample: Any) -> None:
        with suppress(self._module.NVMLError):
            self._module.nvmlGpmSampleFree(sample)
