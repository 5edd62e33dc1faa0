"""The table of ways of serving has numbers, and in a number's place the reason why there is none."""

import argparse
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from keywords.engine.gpu.server import GpuServer
from keywords.engine.gpu.telemetry import Window
from keywords.engine.scripted.backend import ScriptedBackend
from ops.bench import gpu_serving
from ops.bench.gpu_serving import WAYS, Served, _joules, _of_gpu, _slowed, as_chart, as_table, serve, write_results
from utest.keywords.gpu_telemetry import telemetry

SERVED = Served(
    way="16 users, continuous batching",
    model="random-1b",
    answers=200,
    failed=0,
    validity="VALID",
    prompt_tokens=256.4,
    ttft_p50_s=0.0513,
    tokens_per_s=1234.5,
    weights_gib=2.3,
    cache_gib=1.0,
    memory_gib=4.2,
    joules_per_token=0.31,
    utilisation_percent=97.0,
    slowed="nothing",
)
RUN = {"idle": Window("idle", 0.0, 4.9), "run": Window("run", 5.0, 15.0)}


def test_numbers_have_three_digits():
    row = as_table([SERVED]).splitlines()[2]
    assert row == (
        "| 16 users, continuous batching | 200 | 256 | 0.0513 | 1234 | 2.3 | 1 | 4.2 | 0.31 | 97 | nothing | VALID |"
    )


def test_the_head_and_every_row_have_as_many_cells():
    lines = as_table([SERVED, ("fp8", "no such device")]).splitlines()[:4]
    assert len({line.count("|") for line in lines}) == 1


def test_a_reason_stands_below_once():
    reason = "NVML does not answer"
    nothing = replace(SERVED, memory_gib=reason, joules_per_token=reason, utilisation_percent=reason, slowed=reason)
    table = as_table([nothing, nothing])
    assert table.count(reason) == 1
    assert "| [1] | [1] | [1] | [1] | VALID |" in table


def test_a_server_that_did_not_start_is_a_row_with_its_reason():
    table = as_table([("fp8", "CUDA out of memory")])
    assert "| fp8 | [1] |" in table
    assert "[1] CUDA out of memory" in table


def test_an_invalid_run_and_failures_are_told():
    table = as_table([replace(SERVED, validity="INVALID: sent late", failed=3)])
    assert "| 200, 3 failed |" in table
    assert "INVALID [1]" in table


def test_the_chart_has_a_bar_for_each_number(tmp_path):
    results = [SERVED, replace(SERVED, way="<1 user>", tokens_per_s=600.0), replace(SERVED, tokens_per_s="too few")]
    bars = [each for each in ET.fromstring(as_chart(results)).iter() if each.get("fill") == "#1f6f43"]
    assert [float(bar.get("width")) for bar in bars] == [590.0, 286.8]
    write_results(tmp_path, [*results, ("fp8", "why")])
    assert json.loads((tmp_path / "serving.json").read_text())[-1] == ["fp8", "why"]
    assert "![tokens/s of each way](serving.svg)" in (tmp_path / "serving.md").read_text()


def working():
    rows = []
    for tenth in range(201):
        t = tenth / 10
        joules = 100 * t + 500 * max(0.0, min(t, 15.0) - 5)
        values = {
            "energy_j": joules,
            "power_instant_w": 600.0 if t in RUN["run"] else 100.0,
            "memory_used_bytes": 2**31,
        }
        rows.append((t, values | {"event_reasons": 0}))
    return telemetry(rows, windows=RUN)


def test_energy_memory_and_slowing_come_from_the_window_of_the_load():
    assert round(_joules(working(), "", 1000.0), 2) == 5.0
    assert _of_gpu(working(), "", "memory_used_bytes", 1 / 2**30, highest=True) == 2
    assert _slowed(working(), "") == "nothing"


def test_without_telemetry_each_number_is_the_reason():
    assert _joules(None, "no driver", 5.0) == _slowed(None, "no driver") == "no driver"
    assert _of_gpu(None, "no driver", "temperature_c") == "no driver"
    assert "Not Supported" in _of_gpu(working(), "", "temperature_c")
    assert _joules(working(), "", 0.0) == "no token was counted"


@pytest.fixture(scope="module")
def backend():
    backend = ScriptedBackend()
    backend.start()
    yield backend
    backend.stop()


@pytest.mark.parametrize("way", [WAYS[2], WAYS[-1]], ids=["1 user", "long prompts"])
def test_a_way_of_serving_puts_its_load_on_a_server(backend, monkeypatch, tmp_path, way):
    facts = {"weight_bytes": 2**30, "cache_bytes": 0}
    monkeypatch.setattr(gpu_serving, "start_transformers", lambda *_, **__: GpuServer(backend.url, "scripted", facts))
    # Answers at once and few of them: what is tried is the way from an option to the table's line.
    served = serve(way, tmp_path, argparse.Namespace(python="", model="", device="cpu", seconds=0.2))
    assert (served.way, served.failed, served.weights_gib) == (way.name, 0, 1.0)
    assert served.answers > 0
    assert served.memory_gib == served.joules_per_token
    assert as_table([served]).splitlines()[2].startswith(f"| {way.name} | {served.answers} |")
