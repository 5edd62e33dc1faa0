"""GPU metrics for Prometheus under the names of NVIDIA's DCGM exporter, so that dashboards made for it work.

A signal that this GPU does not tell makes no line; its absence is honest where 0 would not be. The exporter's own
`DCGM_FI_DEV_XID_ERRORS` holds the last XID only; a count is in the telemetry.
"""

from __future__ import annotations

import platform
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keywords.engine.gpu.capabilities import Capabilities
    from keywords.engine.gpu.sampler import Sample

Kind = Literal["gauge", "counter"]
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the exporter.

    Attributes:
        name: the exporter's name.
        kind: Prometheus' type.
        signal: the signal that it shows.
        factor: from the signal's unit to the exporter's.
        help: what it is, with its unit.
    """

    name: str
    kind: Kind
    signal: str
    help: str
    factor: float = 1


_MIB, _MILLI, _MICRO = 1 / 2**20, 1e3, 1e-3
_NAMED: Final[tuple[tuple[str, Kind, str, str, float], ...]] = (
    ("DEV_SM_CLOCK", "gauge", "sm_clock_mhz", "Clock of the multiprocessors, MHz.", 1),
    ("DEV_MEM_CLOCK", "gauge", "memory_clock_mhz", "Clock of the memory, MHz.", 1),
    ("DEV_GPU_TEMP", "gauge", "temperature_c", "Temperature of the chip, degrees Celsius.", 1),
    ("DEV_MEMORY_TEMP", "gauge", "memory_temperature_c", "Temperature of the memory, degrees Celsius.", 1),
    ("DEV_POWER_USAGE", "gauge", "power_average_w", "Power, W.", 1),
    ("DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "energy_j", "Energy since the driver was loaded, mJ.", _MILLI),
    ("DEV_GPU_UTIL", "gauge", "utilisation_percent", "Time with any kernel at work, percent.", 1),
    ("DEV_MEM_COPY_UTIL", "gauge", "memory_activity_percent", "Time with the memory in use, percent.", 1),
    ("PROF_SM_ACTIVE", "gauge", "sm_utilisation_percent", "Share of busy multiprocessors, 0 to 1.", 0.01),
    ("DEV_FB_USED", "gauge", "memory_used_bytes", "Used memory, MiB.", _MIB),
    ("DEV_PCIE_REPLAY_COUNTER", "counter", "pcie_replays", "Packets sent again over PCIe.", 1),
    ("DEV_CLOCK_THROTTLE_REASONS", "gauge", "event_reasons", "Bits of what holds the clocks down.", 1),
    ("DEV_POWER_VIOLATION", "counter", "power_cap_ns", "Time slowed by the power limit, us.", _MICRO),
    ("DEV_THERMAL_VIOLATION", "counter", "thermal_slowdown_ns", "Time slowed by heat, us.", _MICRO),
    ("DEV_ECC_SBE_VOL_TOTAL", "counter", "ecc_corrected_volatile", "Corrected memory errors since loading.", 1),
    ("DEV_ECC_DBE_VOL_TOTAL", "counter", "ecc_uncorrected_volatile", "Uncorrected memory errors since loading.", 1),
    ("DEV_ECC_SBE_AGG_TOTAL", "counter", "ecc_corrected_aggregate", "Corrected memory errors ever.", 1),
    ("DEV_ECC_DBE_AGG_TOTAL", "counter", "ecc_uncorrected_aggregate", "Uncorrected memory errors ever.", 1),
    (
        "DEV_CORRECTABLE_REMAPPED_ROWS",
        "counter",
        "rows_remapped_corrected",
        "Rows replaced for corrected errors.",
        1,
    ),
    (
        "DEV_UNCORRECTABLE_REMAPPED_ROWS",
        "counter",
        "rows_remapped_uncorrected",
        "Rows replaced for uncorrected errors.",
        1,
    ),
    ("DEV_ROW_REMAP_FAILURE", "gauge", "row_remap_failed", "1 if no spare row was left.", 1),
    ("DEV_RETIRED_SBE", "counter", "pages_retired_corrected", "Pages retired for corrected errors.", 1),
    ("DEV_RETIRED_DBE", "counter", "pages_retired_uncorrected", "Pages retired for an uncorrected error.", 1),
    ("DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", "counter", "nvlink_flit_crc_errors", "Broken flow-control units.", 1),
    ("DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL", "counter", "nvlink_data_crc_errors", "Broken data units.", 1),
    ("DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", "counter", "nvlink_replay_errors", "Repeated transmissions.", 1),
    ("DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL", "counter", "nvlink_recovery_errors", "Recoveries of links.", 1),
)
METRICS: Final = tuple(
    Metric(f"DCGM_FI_{name}", kind, signal, text, factor) for name, kind, signal, text, factor in _NAMED
)
"""Source of names and units: `etc/default-counters.csv` of github.com/NVIDIA/dcgm-exporter."""


def page(matrices: Iterable[Capabilities], latest: Mapping[int, Mapping[str, float]]) -> str:
    """The page `/metrics`.

    Args:
        matrices: of each device what it is.
        latest: by device, the last value of each signal.
    """
    labels = {matrix.device: _labels(matrix) for matrix in matrices}
    lines = []
    for metric in METRICS:
        shown = [(device, values[metric.signal]) for device, values in latest.items() if metric.signal in values]
        if shown:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
            lines += [f"{metric.name}{{{labels[device]}}} {value * metric.factor:.15g}" for device, value in shown]
    return "\n".join(lines) + "\n"


class MetricsPage:
    """Serves `/metrics` of the latest samples on 127.0.0.1.

    Args:
        matrices: of each device what it is.
        port: 0 takes a free one.

    Attributes:
        port: where it listens.
    """

    def __init__(self, matrices: Sequence[Capabilities], port: int) -> None:
        self._matrices = matrices
        self._latest: dict[int, dict[str, float]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def show(self, samples: Iterable[Sample]) -> None:
        """Take newer values; a signal with a gap is shown no more until it has a value again."""
        with self._lock:
            for sample in samples:
                latest = self._latest.setdefault(sample.device, {})
                latest.update(sample.values)
                for name in sample.gaps:
                    latest.pop(name, None)

    def text(self) -> str:
        """The page now."""
        with self._lock:
            return page(self._matrices, self._latest)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(metrics: MetricsPage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            if self.path != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND, "only /metrics is here")
                return
            body = metrics.text().encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("content-type", CONTENT_TYPE)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    return Handler


def _labels(matrix: Capabilities) -> str:
    def told(name: str) -> str:
        value = matrix.readings[name].value
        return "" if value is None else str(value)

    labels = {
        "gpu": str(matrix.device),
        "UUID": told("uuid"),
        "device": f"nvidia{matrix.device}",
        "modelName": told("name"),
        "Hostname": platform.node(),
    }
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
