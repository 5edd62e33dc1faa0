"""GPU telemetry in the store of measurements, and its join with the requests of a load run on the one clock."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.gpu.sampled import SAMPLED
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run, end_run
from keywords.engine.store.schema import RUN, Column, Room, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from keywords.engine.gpu.findings import Finding
    from keywords.engine.gpu.telemetry import Telemetry, Window

_DEVICE: Final = Column("device", "INTEGER", "index of the GPU, from 0", required=True)
_AT: Final = Column("at", "REAL", "monotonic seconds, as the moments of requests", required=True)

GPU_SAMPLES: Final = Table(
    "gpu_samples",
    (
        RUN,
        _DEVICE,
        _AT,
        *(Column(signal.name, "REAL", signal.what) for signal in SAMPLED),
        Column("gaps", "JSON", "reasons by signal, of those that had a value before and have none now"),
    ),
)
GPU_WINDOWS: Final = Table(
    "gpu_windows",
    (
        RUN,
        Column("name", "TEXT", "such as idle, or run", required=True),
        Column("began", "REAL", "monotonic seconds", required=True),
        Column("ended", "REAL", "monotonic seconds", required=True),
    ),
)
GPU_CAPABILITIES: Final = Table(
    "gpu_capabilities",
    (
        RUN,
        _DEVICE,
        Column("signal", "TEXT", "name with its unit", required=True),
        Column("state", "TEXT", "supported, not supported, no permission or unknown", required=True),
        Column("value", "JSON", "at the beginning; null if there is none"),
        Column("reason", "TEXT", "why there is none"),
        Column("code", "INTEGER", "NVML's code of the error"),
        Column("call", "TEXT", "that answered", required=True),
    ),
    key=("run", "device", "signal"),
)
GPU_XIDS: Final = Table("gpu_xids", (RUN, _DEVICE, _AT, Column("code", "INTEGER", "NVIDIA's number", required=True)))
GPU_FINDINGS: Final = Table(
    "gpu_findings",
    (
        RUN,
        _DEVICE,
        Column("finding", "TEXT", "id of the rule", required=True),
        Column("verdict", "TEXT", "OK, WARN, CRITICAL or UNKNOWN", required=True),
        Column("evidence", "TEXT", "number and limit, or the reason why there is none", required=True),
        Column("action", "TEXT", "none, drain, reset, restart or service", required=True),
    ),
)
GPU_ROOM: Final = Room("gpu", version=1, tables=(GPU_SAMPLES, GPU_WINDOWS, GPU_CAPABILITIES, GPU_XIDS, GPU_FINDINGS))
REPLAYED: Final = "the answers come from a recording: they prove nothing about a GPU of this machine"


@dataclass(frozen=True, slots=True)
class JoinedRequest:
    """A request of a load run with what the GPU did meanwhile.

    Attributes:
        item: number of the workload's item.
        sent_s: seconds on the suite's clock.
        done_s: the same.
        first_content_s: from sending to the first generated text, in seconds; None without.
        samples: samples of the GPU within the request; 0 if it was shorter than the time between two.
        utilisation_percent: mean; None without a sample, as all that follow.
        power_w: mean, at the moments of the samples.
        sm_clock_mhz: mean.
        memory_used_bytes: highest.
    """

    item: int
    sent_s: float
    done_s: float
    first_content_s: float | None
    samples: int
    utilisation_percent: float | None
    power_w: float | None
    sm_clock_mhz: float | None
    memory_used_bytes: float | None


def save_telemetry(
    path: Path,
    telemetry: Telemetry,
    series: str,
    *,
    findings: Iterable[Finding] = (),
    options: Mapping[str, Any] | None = None,
) -> int:
    """Write telemetry as a run of the store, and return its id.

    A replay is marked invalid, with the reason.

    Args:
        path: of the store; made if missing.
        telemetry: of the run.
        series: name under which runs are compared.
        findings: of the run.
        options: what else the run was asked to do.

    Raises:
        StoreError: the file cannot be written, is damaged, or a newer program wrote it.
    """
    whole = telemetry.whole()
    with Store(path, GPU_ROOM) as store:
        run = begin_run(
            store,
            "gpu",
            series,
            options={"hz": telemetry.hz, **(options or {})},
            environment={"origin": telemetry.origin, "driver": telemetry.driver, "machine": platform.platform()},
        )
        with store.transaction():
            _insert(store, run, telemetry, whole, findings)
        reasons = [REPLAYED] if telemetry.is_replay else []
        end_run(store, run, validity="INVALID" if reasons else "VALID", reasons=reasons, ended=whole.end_s)
    return run


def join_requests(path: Path, load_run: int, gpu_run: int, device: int = 0) -> list[JoinedRequest]:
    """The requests of a load run, each with the GPU's samples between its sending and its end.

    Raises:
        StoreError: the file cannot be read, or holds no load runs.
    """
    with Store(path, GPU_ROOM) as store:
        rows = store.query(
            """SELECT s.item, s.t_sent, s.t_done, s.t_first_content - s.t_sent, count(g.at),
                      avg(g.utilisation_percent), avg(coalesce(g.power_instant_w, g.power_average_w)),
                      avg(g.sm_clock_mhz), max(g.memory_used_bytes)
               FROM samples s
               LEFT JOIN gpu_samples g ON g.run = ? AND g.device = ? AND g.at BETWEEN s.t_sent AND s.t_done
               WHERE s.run = ? AND s.t_sent IS NOT NULL AND s.t_done IS NOT NULL
               GROUP BY s.rowid ORDER BY s.t_sent""",
            (gpu_run, device, load_run),
        )
        return [JoinedRequest(*row) for row in rows]


def _insert(store: Store, run: int, telemetry: Telemetry, whole: Window, findings: Iterable[Finding]) -> None:
    names = [signal.name for signal in SAMPLED]
    store.insert(
        GPU_SAMPLES,
        (
            (run, sample.device, sample.at_s, *map(sample.values.get, names), dict(sample.gaps) or None)
            for sample in telemetry.samples
        ),
    )
    store.insert(
        GPU_WINDOWS,
        ((run, window.name, window.start_s, window.end_s) for window in (whole, *telemetry.windows.values())),
    )
    store.insert(
        GPU_CAPABILITIES,
        (
            (run, matrix.device, name, each.state, each.value, each.reason or None, each.code, each.call)
            for matrix in telemetry.capabilities
            for name, each in matrix.readings.items()
        ),
    )
    store.insert(GPU_XIDS, ((run, xid.device, xid.at_s, xid.code) for xid in telemetry.xids))
    store.insert(
        GPU_FINDINGS,
        ((run, each.device, each.id, each.verdict, each.evidence, each.action) for each in findings),
    )
