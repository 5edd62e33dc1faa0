"""What GPUs did while something else happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.energy import Energy, energy
from keywords.engine.gpu.findings import Finding
from keywords.engine.gpu.report import write_report
from keywords.engine.gpu.session import CollectorError, TelemetrySession
from keywords.engine.gpu.signals import SIGNALS
from keywords.engine.gpu.storage import save_telemetry
from keywords.engine.gpu.telemetry import Telemetry
from keywords.engine.gpu.windows import NotMeasuredError, annotation, gauge, growth, slowed_shares
from keywords.gpu.device import decline
from keywords.run.assertions import verify
from keywords.run.output_folder import evidence_folder, new_work_file
from keywords.run.places import ROOT
from keywords.run.scopes import SCOPES

T = TypeVar("T")

STORE: Final = ROOT / "results" / "measurements.db"
IDLE: Final = "idle"
RUN: Final = "run"


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
    Gpu Should Not Have Throttled    ${telemetry}
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
    def watch_idle_gpu(self, session: TelemetrySession, seconds: float, name: str = IDLE) -> None:
        """Wait while nothing is asked of the GPU, and name this time; the energy of a run is counted beyond it.

        ```robotframework
        Watch Idle Gpu    ${session}    3
        ```
        """
        with session.window(name):
            session.wait(seconds)

    @keyword
    def stop_gpu_telemetry(
        self,
        session: TelemetrySession,
        series: str = "gpu",
        *,
        findings: tuple[Finding, ...] = (),
        store: Path = STORE,
        **options: Any,
    ) -> Telemetry:
        """Stop to collect; store what was collected, and write a report with charts among the evidence.

        Args:
            session: from [Start Gpu Telemetry].
            series: name under which runs are compared.
            findings: to be stored and shown with it.
            store: the file of measurements.
            options: what else is worth knowing of the run, by names.

        Raises:
            TelemetryError: nothing was collected.

        ```robotframework
        ${telemetry} =    Stop Gpu Telemetry    ${session}    series=nightly
        ```
        """
        telemetry = session.finish()
        run = save_telemetry(store, telemetry, series, findings=findings, options=options)
        report = write_report(evidence_folder(), telemetry, findings=findings)
        logger.info(f"{len(telemetry.samples)} samples as run {run} of {store}; {report}")
        return telemetry

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
        value = _measured(lambda: gauge(telemetry, "memory_used_bytes", telemetry.window(window), device).high)
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
        value = _measured(lambda: gauge(telemetry, signal, telemetry.window(window), device).mean)
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
        value = _measured(lambda: growth(telemetry, counter, telemetry.window(window), device))
        label = f"Growth of {counter} of GPU {device}"
        return verify(value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_gpu_slowed_share(
        self,
        telemetry: Telemetry,
        reason: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        window: str = "all",
        device: int = 0,
    ) -> float:
        """The share of a window for which something held the clocks down, 0 to 1.

        Args:
            telemetry: from [Stop Gpu Telemetry].
            reason: `software power cap`, `hardware slowdown`, `software thermal slowdown`,
                `hardware thermal slowdown` or `power brake`.
            assertion_operator: such as `<`.
            assertion_expected: 0 to 1.
            message: replaces the usual message.
            window: `all`, or a name.
            device: the GPU's index.

        ```robotframework
        Get Gpu Slowed Share    ${telemetry}    software power cap    <    ${GPU_POWER_CAP_SHARE_MAX}    window=run
        ```
        """
        shares = _measured(lambda: slowed_shares(telemetry, telemetry.window(window), device))
        label = f"Share of the window '{window}' in which GPU {device} was slowed by {reason}"
        return verify(shares.get(reason, 0.0), assertion_operator, assertion_expected, label, message)

    @keyword
    def gpu_should_not_have_throttled(self, telemetry: Telemetry, *, window: str = "all", device: int = 0) -> None:
        """Verify that neither heat nor the hardware's protection held the clocks down; a power limit may.

        Raises:
            AssertionError: one of them did; the message has all reasons with their shares of the window.
            SkipExecution: the GPU does not tell.

        ```robotframework
        Gpu Should Not Have Throttled    ${telemetry}    window=run
        ```
        """
        shares = _measured(lambda: slowed_shares(telemetry, telemetry.window(window), device))
        logger.info(f"GPU {device}: {annotation(shares) or 'never slowed'}")
        if any(reason != "software power cap" for reason in shares):
            raise AssertionError(f"GPU {device} should not have been slowed: {annotation(shares)}")

    @keyword
    def get_gpu_energy(self, telemetry: Telemetry, *, window: str = "all", device: int = 0) -> Energy:
        """Energy over a window: joules by the counter, the integral of the power, what idling takes, and the quality.

        ```robotframework
        ${energy} =    Get Gpu Energy    ${telemetry}    window=run
        Get Field    ${energy}    disagreement    <    ${GPU_ENERGY_DISAGREEMENT_MAX}
        ```
        """
        idle = telemetry.windows.get(IDLE)
        used = _measured(lambda: energy(telemetry, telemetry.window(window), device, idle))
        logger.info(f"GPU {device}: {used}")
        return used

    @keyword
    def get_energy_per_token(
        self,
        telemetry: Telemetry,
        tokens: int,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        window: str = RUN,
        device: int = 0,
    ) -> float:
        """Joules for each generated token, idling subtracted where there is an idle window.

        Args:
            telemetry: from [Stop Gpu Telemetry].
            tokens: that were generated in the window.
            assertion_operator: such as `<`.
            assertion_expected: joules.
            message: replaces the usual message.
            window: in which they were generated.
            device: the GPU's index.

        Raises:
            ValueError: there is no token.
            AssertionError: the comparison failed.
            SkipExecution: the GPU tells neither energy nor power, or the window is too short.

        ```robotframework
        Get Energy Per Token    ${telemetry}    ${tokens}    <    ${GPU_JOULES_PER_TOKEN_MAX}
        ```
        """
        if tokens <= 0:
            raise ValueError(f"Energy per token needs tokens, got {tokens}")
        used = self.get_gpu_energy(telemetry, window=window, device=device)
        joules, label = (used.joules, "with idling") if used.net_j is None else (used.net_j, "idling subtracted")
        label = f"Energy per token (J, {label}; {used.quality})"
        logger.info(f"{label}: {joules / tokens:.4f}")
        return verify(joules / tokens, assertion_operator, assertion_expected, label, message)

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


def _measured(measure: Callable[[], T]) -> T:
    try:
        return measure()
    except NotMeasuredError as error:
        decline(f"{error}.")
