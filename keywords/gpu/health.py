"""Health of GPUs: findings with severity and action, before a run and after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu import dcgm
from keywords.engine.gpu.findings import Finding, as_table, load_rules, look_at_xids, look_back, look_now
from keywords.engine.gpu.telemetry import Telemetry
from keywords.engine.gpu.xid import KernelLog, read_kernel_log
from keywords.gpu.device import decline
from keywords.gpu.inventory import Inventory
from keywords.run.assertions import verify_no_defects
from keywords.run.output_folder import evidence_folder
from keywords.run.places import RESOURCES

RULES: Final = RESOURCES / "gpu" / "findings.yaml"
XIDS: Final = RESOURCES / "gpu" / "xids.yaml"
Severity = Literal["warn", "critical"]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GpuHealthLibrary:
    """Judge GPUs by the rules in `resources/gpu/findings.yaml`, each with a severity and an action.

    ```robotframework
    ${inventory} =    Get Gpu Inventory
    ${findings} =    Get Gpu Findings    ${inventory}
    Gpu Should Be Fit    ${findings}
    ```
    """

    @keyword
    def get_gpu_findings(self, inventory: Inventory) -> tuple[Finding, ...]:
        """What the rules about this moment say of a GPU, and write the table among the evidence.

        ```robotframework
        ${findings} =    Get Gpu Findings    ${inventory}
        Get Number Of    findings    ${findings}    >    0
        ```
        """
        findings = look_now(load_rules(RULES), inventory.matrix)
        _write(findings, "gpu_findings.md")
        return findings

    @keyword
    def get_kernel_log(self) -> KernelLog:
        """The driver's errors in the kernel's log by now, to compare with those after a run.

        ```robotframework
        ${before} =    Get Kernel Log
        ```
        """
        log = read_kernel_log()
        logger.info(log.reason or f"{len(log.lines)} lines about XIDs in the kernel's log")
        return log

    @keyword
    def get_gpu_findings_of_run(
        self, telemetry: Telemetry, before: KernelLog | None = None, window: str = "all"
    ) -> tuple[Finding, ...]:
        """What a run has left: differences of counters, heat, XIDs as events and in the kernel's log.

        Args:
            telemetry: of the run, from `Stop Gpu Telemetry`.
            before: the kernel's log from before the run, by [Get Kernel Log].
            window: name of a window of the telemetry.

        ```robotframework
        ${findings} =    Get Gpu Findings Of Run    ${telemetry}    ${log_before}
        Gpu Should Be Fit    ${findings}
        ```
        """
        findings = look_back(load_rules(RULES), telemetry, telemetry.window(window))
        for device in telemetry.devices:
            findings += look_at_xids(XIDS, (xid.code for xid in telemetry.xids if xid.device in (device, -1)), device)
        if telemetry.xid_reason:
            logger.warn(f"XIDs are not told as events: {telemetry.xid_reason}")
        if before is not None:
            after = read_kernel_log()
            if after.reason:
                logger.info(f"The kernel's log says nothing of XIDs: {after.reason}")
            told = {xid.code for xid in telemetry.xids}
            findings += look_at_xids(XIDS, (code for code in after.since(before) if code not in told), 0)
        _write(findings, "gpu_findings_of_run.md")
        return findings

    @keyword
    def run_dcgm_diagnosis(self, level: int = 1) -> tuple[Finding, ...]:
        """Run NVIDIA's `dcgmi diag`, and return its results as findings.

        Args:
            level: 1 takes seconds; 2 minutes, 3 a quarter of an hour.

        Raises:
            SkipExecution: `dcgmi` is not installed.
            DiagnosisError: it gives no results.

        ```robotframework
        ${findings} =    Run Dcgm Diagnosis
        Gpu Should Be Fit    ${findings}
        ```
        """
        command = dcgm.find_command()
        if command is None:
            decline("there is no `dcgmi` on the path: install NVIDIA's DCGM for its own diagnosis.")
        findings = dcgm.diagnose(command, level)
        _write(findings, "dcgm.md")
        return findings

    @keyword
    def gpu_should_be_fit(self, findings: Sequence[Finding], fails_from: Severity = "critical") -> None:
        """Verify that no finding is as grave as that; warn about the others.

        Args:
            findings: from [Get Gpu Findings], [Get Gpu Findings Of Run] or [Run Dcgm Diagnosis].
            fails_from: `critical`, or `warn` to fail for warnings too.

        Raises:
            AssertionError: with each such finding, its evidence and its action.
            SkipExecution: the GPU tells nothing of what the rules look at.

        ```robotframework
        Gpu Should Be Fit    ${findings}
        Gpu Should Be Fit    ${findings}    fails_from=warn
        ```
        """
        if findings and all(finding.verdict == "UNKNOWN" for finding in findings):
            decline(f"the GPU tells nothing of it; the first reason: {findings[0].evidence}")
        grave = ("CRITICAL",) if fails_from == "critical" else ("CRITICAL", "WARN")
        for finding in findings:
            if finding.verdict == "WARN" and finding.verdict not in grave:
                logger.warn(str(finding))
        verify_no_defects("The GPU is not fit", [str(each) for each in findings if each.verdict in grave])


def _write(findings: Sequence[Finding], name: str) -> None:
    table = as_table(findings)
    (evidence_folder() / name).write_text(table, "utf-8")
    logger.info(table)
