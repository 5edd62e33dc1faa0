"""What GPUs did while something else happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.findings import Finding
from keywords.engine.gpu.report import write_report
from keywords.engine.gpu.session import CollectorError, TelemetrySession
from keywords.engine.gpu.signals import SIGNALS, read
from keywords.engine.gpu.storage import save_telemetry
from keywords.engine.gpu.telemetry import Telemetry
from keywords.engine.gpu.windows import gauge, growth, leaked_bytes
from keywords.gpu.device import decline, measured, open_driver
from keywords.run.assertions import verify
from keywords.run.output_folder import evidence_folder, new_work_file, output_dir
from keywords.run.scopes import SCOPES

STORE: Final = "measurements.db"
IDLE: Final = "idle"


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
class GpuTelemetryLibrary:
    """Collect what GPUs do, in a process of its own, and compare it afterwards.

    Times are seconds on the clock that requests are measured by. A number that the GPU does not tell is never 0: the
    row is skipped, and the reason is NVML's own.

    ```robotframework
    ${session} =    Start Gpu Telemetry
    Watch Idle Gpu    ${session}    2 s
    # something works
    ${telemetry} =    Stop Gpu Telemetry    ${session}
    Get Gpu Memory Used    ${telemetry}    <    ${GPU_MEMORY_MAX_GIB}
    ```
    """

    @keyword
    def start_gpu_telemetry(
        self, *, hz: float = 10, devices: str = "", serves_metrics: bool = False
    ) -> TelemetrySession:
        """Start to collect; it ends with the row, if it is not stopped before.

        Args:
            hz: samples a second.
            devices: indexes such as `0,1`; all if empty.
            serves_metrics: also serve `/metrics` with the names of DCGM's exporter, on a free port.

        Raises:
            AssertionError: nothing can be collected; the message has the reason.

        ```robotframework
        ${session} =    Start Gpu Telemetry    hz=10
        ```
        """
        file, recording = new_work_file("telemetry", ".jsonl"), new_work_file("recording", ".json")
        indexes = [int(each) for each in devices.split(",") if each.strip()]
        try:
            session = TelemetrySession(file, hz=hz, devices=indexes, record=recording, serves_metrics=serves_metrics)
        except CollectorError as error:
            raise AssertionError(f"GPU telemetry did not start: {error}") from error
        SCOPES.remember(session.close)
        logger.info(f"GPU telemetry at {hz:g} Hz by process {session.pid}, in {file}")
        return session

    @keyword
    def watch_idle_gpu(self, session: TelemetrySession, duration: timedelta, name: str = IDLE) -> None:
        """Wait while nothing is asked of the GPU, and name this time; the energy of a run is counted beyond it.

        ```robotframework
        Watch Idle Gpu    ${session}    3 s
        ```
        """
        with session.window(name):
            session.wait(duration.total_seconds())

    @keyword
    def stop_gpu_telemetry(
        self,
        session: TelemetrySession,
        series: str = "gpu",
        *,
        findings: tuple[Finding, ...] = (),
        store: Path | None = None,
        **options: Any,
    ) -> Telemetry:
        """Stop to collect; store what was collected, and write a report with charts among the evidence.

        Args:
            session: from [Start Gpu Telemetry].
            series: name under which runs are compared.
            findings: to be stored and shown with it.
            store: the file of measurements; `measurements.db` in the output folder if left out, as of load runs.
            options: what else is worth knowing of the run, by names.

        Raises:
            TelemetryError: nothing was collected.

        ```robotframework
        ${telemetry} =    Stop Gpu Telemetry    ${session}    series=nightly
        ```
        """
        telemetry = session.finish()
        path = store or output_dir() / STORE
        run = save_telemetry(path, telemetry, series, findings=findings, options=options)
        report = write_report(evidence_folder(), telemetry, findings=findings)
        logger.info(f"{len(telemetry.samples)} samples as run {run} of {path}; {report}")
        return replace(telemetry, run=run)

    @keyword
    def get_gpu_memory_used(
        self,
        telemetry: Telemetry,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        window: str = "all",
        device: int = 0,
    ) -> float:
        """The highest allocated memory in a window, in GiB.

        ```robotframework
        Get Gpu Memory Used    ${telemetry}    <    ${GPU_MEMORY_MAX_GIB}
        ```
        """
        value = measured(lambda: gauge(telemetry, "memory_used_bytes", telemetry.window(window), device).high)
        label = f"Highest memory of GPU {device} in use (GiB)"
        return verify(value / 2**30, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_gpu_mean(
        self,
        telemetry: Telemetry,
        signal: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        window: str = "all",
        device: int = 0,
    ) -> float:
        """The mean of a signal in a window, in the unit of its name.

        Args:
            telemetry: from [Stop Gpu Telemetry].
            signal: such as `utilisation_percent`, `power_instant_w`, `sm_clock_mhz` or `temperature_c`.
            assertion_operator: such as `>`.
            assertion_expected: a number in the signal's unit.
            message: replaces the usual message.
            window: `all`, or a name.
            device: the GPU's index.

        Raises:
            ValueError: there is no such signal.
            AssertionError: the comparison failed.
            SkipExecution: the GPU does not tell it.

        ```robotframework
        Get Gpu Mean    ${telemetry}    utilisation_percent    >    ${GPU_BUSY_PERCENT_MIN}    window=run
        ```
        """
        if signal not in SIGNALS:
            raise ValueError(f"There is no signal {signal!r}; there are {', '.join(SIGNALS)}")
        value = measured(lambda: gauge(telemetry, signal, telemetry.window(window), device).mean)
        label = f"Mean {signal} of GPU {device} in the window '{window}'"
        return verify(value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_gpu_counter_growth(
        self,
        telemetry: Telemetry,
        counter: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        window: str = "all",
        device: int = 0,
    ) -> float:
        """By how much a counter grew in a window, such as `ecc_uncorrected_volatile` or `pcie_replays`.

        ```robotframework
        Get Gpu Counter Growth    ${telemetry}    ecc_uncorrected_volatile    ==    0
        ```
        """
        if counter not in SIGNALS or not SIGNALS[counter].is_counter:
            known = ", ".join(name for name, signal in SIGNALS.items() if signal.is_counter)
            raise ValueError(f"There is no counter {counter!r}; there are {known}")
        value = measured(lambda: growth(telemetry, counter, telemetry.window(window), device))
        label = f"Growth of {counter} of GPU {device}"
        return verify(value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_leaked_gpu_memory(
        self,
        telemetry: Telemetry,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        device: int = 0,
    ) -> float:
        """Memory in GiB of processes that came after the telemetry began and hold memory still.

        Raises:
            AssertionError: the comparison failed; the message has the processes.
            SkipExecution: the driver tells no processes, or not their memory.

        ```robotframework
        Get Leaked Gpu Memory    ${telemetry}    ==    0
        ```
        """
        before = telemetry.of(device).readings["processes"]
        with open_driver() as nvml:
            after = read(nvml, device, ["processes"])["processes"]
        for reading in (before, after):
            if reading.value is None:
                decline(f"GPU {device} tells no processes: {reading.reason}.")
        leaked = leaked_bytes(before.value, after.value)
        if None in leaked.values():
            decline(f"the driver does not tell the memory of the processes {', '.join(leaked)}.")
        gib = sum(used for used in leaked.values() if used) / 2**30
        shown = ", ".join(f"process {pid} holds {used} bytes" for pid, used in leaked.items())
        label = f"Memory of GPU {device} that is held after the run (GiB)"
        return verify(gib, assertion_operator, assertion_expected, label, message, shown)

    @keyword
    def get_gpu_metrics(
        self,
        session: TelemetrySession,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The page `/metrics` of telemetry that was started with `serves_metrics`, once it has a sample.

        ```robotframework
        ${session} =    Start Gpu Telemetry    serves_metrics=True
        Get Gpu Metrics    ${session}    contains    DCGM_FI_DEV_GPU_TEMP
        ```
        """
        label = "The metrics of the GPU telemetry"
        return verify(session.metrics(), assertion_operator, assertion_expected, label, message)

    @keyword
    def get_telemetry_cost(
        self,
        telemetry: Telemetry,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """The share of one core that the collecting took, 0 to 1; `${None}` if the collector died.

        ```robotframework
        Get Telemetry Cost    ${telemetry}    <    ${GPU_TELEMETRY_CORE_SHARE_MAX}
        ```
        """
        cost = telemetry.cost
        logger.info(f"Cost of the telemetry: {cost}")
        label = f"Share of one core that GPU telemetry at {telemetry.hz:g} Hz takes"
        share = None if cost is None else cost.core_share
        return verify(share, assertion_operator, assertion_expected, label, message)
