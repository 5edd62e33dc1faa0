"""A GPU is fit unless a finding is critical; what it does not tell is no pass."""

import pynvml
import pytest
from robot.api import SkipExecution

from keywords.engine.gpu.findings import Finding
from keywords.engine.gpu.xid import KernelLog, Xid
from keywords.gpu import health
from keywords.gpu.health import GpuHealthLibrary
from keywords.gpu.inventory import GpuInventoryLibrary
from keywords.traceability.skips import DECLINED
from utest.keywords.gpu_driver import Error
from utest.keywords.gpu_telemetry import telemetry


def finding(verdict, action="none"):
    return Finding("x", 0, verdict, "1, above 0", action, "Something happened")


@pytest.fixture
def findings(driver):
    def findings():
        assert driver.devices == 1
        return GpuHealthLibrary().get_gpu_findings(GpuInventoryLibrary().get_gpu_inventory())

    return findings


def test_a_healthy_gpu_is_fit_and_leaves_its_table(findings, evidence):
    GpuHealthLibrary().gpu_should_be_fit(findings())
    assert "| OK |" in (evidence / "gpu_findings.md").read_text()


def test_a_critical_finding_is_told_with_its_evidence_and_action(driver, findings):
    driver.answers["nvmlDeviceGetRemappedRows"] = (0, 1, 1, 0)
    with pytest.raises(AssertionError) as told:
        GpuHealthLibrary().gpu_should_be_fit(findings())
    assert str(told.value) == (
        "The GPU is not fit: GPU 0: A replacement of a memory row waits for a reset (row_remap_pending 1, above 0; "
        "action: reset)"
    )


def test_a_warning_fails_only_where_it_must():
    GpuHealthLibrary().gpu_should_be_fit([finding("WARN"), finding("OK")])
    with pytest.raises(AssertionError, match="Something happened"):
        GpuHealthLibrary().gpu_should_be_fit([finding("WARN"), finding("OK")], fails_from="warn")


def test_a_gpu_that_tells_nothing_is_no_pass():
    with pytest.raises(SkipExecution, match=f"{DECLINED} the GPU tells nothing of it"):
        GpuHealthLibrary().gpu_should_be_fit([finding("UNKNOWN")])


def test_no_finding_at_all_is_fit():
    GpuHealthLibrary().gpu_should_be_fit([])


def test_an_xid_is_counted_once_though_event_and_log_tell_it(monkeypatch):
    line = "[ 9.5] NVRM: Xid (PCI:0000:1a:00): {}, pid=1"
    after = KernelLog((line.format(79), line.format(63)))
    monkeypatch.setattr(health, "read_kernel_log", lambda: after)
    run = telemetry([(1.0, {"temperature_c": 40}), (9.0, {"temperature_c": 41})], xids=(Xid(2.0, 0, 79),))
    findings = GpuHealthLibrary().get_gpu_findings_of_run(run, KernelLog(()))
    assert [(each.id, each.verdict) for each in findings if each.id.startswith("xid")] == [
        ("xid-79", "CRITICAL"),
        ("xid-63", "WARN"),
    ]


def test_without_dcgm_its_diagnosis_is_declined(monkeypatch):
    monkeypatch.setattr(health.dcgm, "find_command", lambda: None)
    with pytest.raises(SkipExecution, match=f"{DECLINED} there is no `dcgmi` on the path"):
        GpuHealthLibrary().run_dcgm_diagnosis()


def test_an_error_that_hides_a_counter_is_unknown(driver, findings):
    driver.answers["nvmlDeviceGetTotalEccErrors"] = Error(pynvml.NVML_ERROR_NO_PERMISSION)
    assert {each.id: each.verdict for each in findings()}["uncorrected-errors"] == "UNKNOWN"
