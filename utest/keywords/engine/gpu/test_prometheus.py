"""The page for Prometheus has the exporter's names, units and labels, and no line for what is not known."""

from keywords.engine.gpu.prometheus import METRICS, MetricsPage, page
from keywords.engine.gpu.sampler import Sample
from keywords.engine.gpu.signals import SIGNALS
from utest.keywords.gpu_telemetry import matrix

MATRIX = matrix({"uuid": 'GPU-"1"', "name": "NVIDIA H200"})


def test_every_metric_shows_a_signal_that_there_is():
    assert [metric.name for metric in METRICS if metric.signal not in SIGNALS] == []
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_units_are_those_of_the_exporter():
    text = page([MATRIX], {0: {"memory_used_bytes": 3 * 2**30, "energy_j": 1.5, "sm_utilisation_percent": 50.0}})
    assert [line.rpartition(" ")[2] for line in text.splitlines() if line[0] != "#"] == ["1500", "0.5", "3072"]
    assert "# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter" in text


def test_a_label_with_a_quote_is_escaped():
    assert r'UUID="GPU-\"1\""' in page([MATRIX], {0: {"energy_j": 1.0}})


def test_what_is_not_known_has_no_line_and_no_zero():
    assert "DCGM_FI_DEV_GPU_TEMP" not in page([MATRIX], {0: {"energy_j": 1.0}})


def test_a_value_that_is_lost_is_shown_no_more():
    shown = MetricsPage([MATRIX], 0)
    shown.show([Sample(1.0, 0, {"temperature_c": 40.0})])
    assert "DCGM_FI_DEV_GPU_TEMP" in shown.text()
    shown.show([Sample(2.0, 0, {}, {"temperature_c": "GPU is lost"})])
    assert "DCGM_FI_DEV_GPU_TEMP" not in shown.text()
    shown.close()
