"""Clocks of GPUs, and what held them down."""

from __future__ import annotations

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.telemetry import Telemetry
from keywords.engine.gpu.windows import annotation, gauge, slowed_shares
from keywords.gpu.device import decline, measured
from keywords.run.assertions import verify


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GpuClocksLibrary:
    """Compare clocks over a window, and find what slowed a GPU.

    ```robotframework
    Gpu Should Not Have Throttled    ${telemetry}    window=run
    ```
    """

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
        shares = measured(lambda: slowed_shares(telemetry, telemetry.window(window), device))
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
        shares = measured(lambda: slowed_shares(telemetry, telemetry.window(window), device))
        logger.info(f"GPU {device}: {annotation(shares) or 'never slowed'}")
        if any(reason != "software power cap" for reason in shares):
            raise AssertionError(f"GPU {device} should not have been slowed: {annotation(shares)}")

    @keyword
    def get_gpu_clock_share(
        self,
        telemetry: Telemetry,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        window: str = "all",
        device: int = 0,
    ) -> float:
        """The mean clock of the multiprocessors in a window as a share of the highest, 0 to 1.

        Raises:
            AssertionError: the comparison failed; the message has what held the clock down.
            SkipExecution: the GPU tells no clocks.

        ```robotframework
        Get Gpu Clock Share    ${telemetry}    >    ${GPU_CLOCK_SHARE_MIN}    window=run
        ```
        """
        named = telemetry.window(window)
        clock = measured(lambda: gauge(telemetry, "sm_clock_mhz", named, device))
        highest = telemetry.of(device).readings["sm_clock_max_mhz"]
        if not highest.value:
            decline(f"GPU {device} does not tell its highest clock: {highest.reason}.")
        evidence = annotation(measured(lambda: slowed_shares(telemetry, named, device))) or "no slowdown told"
        told = f"{clock.mean:.0f} of {highest.value} MHz; {evidence}"
        label = f"Mean clock of GPU {device} in the window '{window}' as a share of the highest"
        return verify(float(clock.mean / highest.value), assertion_operator, assertion_expected, label, message, told)
