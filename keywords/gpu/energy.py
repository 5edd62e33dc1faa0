"""Energy of GPUs over a window, and for each token."""

from __future__ import annotations

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.energy import Energy, energy
from keywords.engine.gpu.telemetry import Telemetry
from keywords.gpu.device import measured
from keywords.gpu.telemetry import IDLE
from keywords.run.assertions import verify


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GpuEnergyLibrary:
    """Energy by the driver's counter, beside the integral of the power.

    ```robotframework
    ${energy} =    Get Gpu Energy    ${telemetry}    window=run
    Get Energy Per Token    ${telemetry}    ${tokens}
    ```
    """

    @keyword
    def get_gpu_energy(self, telemetry: Telemetry, *, window: str = "all", device: int = 0) -> Energy:
        """Energy over a window: joules by the counter, the integral of the power, what idling takes, and the quality.

        ```robotframework
        ${energy} =    Get Gpu Energy    ${telemetry}    window=run
        Get Field    ${energy}    disagreement    <    ${GPU_ENERGY_DISAGREEMENT_MAX}
        ```
        """
        idle = telemetry.windows.get(IDLE)
        used = measured(lambda: energy(telemetry, telemetry.window(window), device, idle))
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
        window: str = "run",
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
