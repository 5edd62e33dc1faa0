"""Rows that serve from a GPU: a failed service level names what slowed the GPU, and requests meet its samples."""

import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.gpu import server as engine
from keywords.engine.gpu.server import GpuServer, GpuServerError, start_transformers
from keywords.engine.gpu.storage import save_telemetry
from keywords.engine.gpu.telemetry import Window
from keywords.engine.load.errors import ServiceLevelError
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.columns import columns_of
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, sample_row
from keywords.engine.load.validity import Check, Validity
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run
from keywords.gpu import serving
from keywords.gpu.serving import GpuServingLibrary
from utest.keywords.gpu_telemetry import telemetry

RUN = {"run": Window("run", 10.0, 20.0)}
MORE = AssertionOperator[">"]


def requests(ttft_s, count=400):
    return [
        Sample(
            item=n,
            t_intended=10 + n / 50,
            t_queued=10 + n / 50,
            t_sent=10 + n / 50,
            t_first_byte=10 + n / 50 + ttft_s,
            t_first_content=10 + n / 50 + ttft_s,
            t_last_content=11 + n / 50 + ttft_s,
            t_done=11 + n / 50 + ttft_s,
            streamed=True,
            status=200,
            output_tokens=64,
            tokens_source="usage",
        )
        for n in range(count)
    ]


def load_run(ttft_s=0.1, *, reasons=(), **more):
    return SimpleNamespace(
        summary=Summary(columns_of(requests(ttft_s))),
        validity=Validity(tuple(Check("send_lag", reason, passed=False) for reason in reasons)),
        facts=SimpleNamespace(started=10.0, ended=20.0),
        **more,
    )


def capped():
    rows = [(t / 10, {"event_reasons": 0x4 if t > 161 else 0, "power_instant_w": 700.0}) for t in range(90, 211)]
    return telemetry(rows, windows=RUN)


def test_a_level_that_holds_passes():
    GpuServingLibrary().service_level_should_hold_on_gpu(load_run(), "ttft_p95 < 500 ms", capped())


def test_a_broken_level_names_what_slowed_the_gpu():
    with pytest.raises(AssertionError, match=r"ttft_p95 < 500 ms does not hold: 0\.8; GPU 0: software power cap 39 %"):
        GpuServingLibrary().service_level_should_hold_on_gpu(load_run(0.8), "ttft_p95 < 500 ms", capped())


def test_a_broken_level_of_a_gpu_that_tells_nothing_says_that():
    silent = telemetry([(15.0, {"power_instant_w": 1.0})], windows=RUN)
    with pytest.raises(AssertionError, match=r"does not hold: .*GPU 0 has no event_reasons"):
        GpuServingLibrary().service_level_should_hold_on_gpu(load_run(0.8), "ttft_p95 < 500 ms", silent)


def test_a_level_that_so_few_requests_do_not_tell_is_inconclusive():
    few = load_run()
    few.summary = Summary(columns_of(requests(0.1, count=10)))
    with pytest.raises(SkipExecution, match="INCONCLUSIVE: ttft_p95 < 500 ms is neither held nor broken"):
        GpuServingLibrary().service_level_should_hold_on_gpu(few, "ttft_p95 < 500 ms", capped())


def test_an_invalid_run_holds_no_level(monkeypatch):
    monkeypatch.setattr("keywords.measure.load.verdicts.measure_machine", lambda: SimpleNamespace(slowdown=1.0))
    with pytest.raises(AssertionError, match="INVALID and passes no limit: requests were sent late"):
        GpuServingLibrary().service_level_should_hold_on_gpu(
            load_run(reasons=("requests were sent late",)), "ttft_p95 < 500 ms", capped()
        )


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ServiceLevelError):
        GpuServingLibrary().service_level_should_hold_on_gpu(load_run(), "fast", capped())


def test_tokens_of_whole_answers_are_counted():
    assert GpuServingLibrary().get_generated_tokens(load_run()) == 400 * 64
    nothing = load_run()
    nothing.summary = Summary(columns_of([replace(each, output_tokens=None) for each in requests(0.1)]))
    with pytest.raises(AssertionError, match="None of 400 answers has a number of tokens"):
        GpuServingLibrary().get_generated_tokens(nothing)


def test_the_time_of_a_load_run_is_a_window():
    windows = []
    session = SimpleNamespace(add_window=lambda *window: windows.append(window))
    GpuServingLibrary().name_load_in_telemetry(session, load_run())
    assert windows == [("run", 10.0, 20.0)]


def test_requests_meet_the_samples_and_the_chart_has_their_latencies(monkeypatch, tmp_path):
    monkeypatch.setattr(serving, "evidence_folder", lambda: tmp_path)
    store = tmp_path / "m.db"
    run = save_telemetry(store, capped(), "x")
    with closing(Store(store, LOAD_ROOM)) as opened:
        load = begin_run(opened, "load", "x")
        opened.insert(SAMPLES, [sample_row(load, each) for each in requests(0.1)])
    measured = load_run(store=store, run=load)
    library = GpuServingLibrary()
    assert library.get_number_of_joined_requests(measured, replace(capped(), run=run), MORE, 0) == 400
    assert (tmp_path / "gpu-0.svg").read_text().count("<circle") == 400
    with pytest.raises(ValueError, match="not stored"):
        library.get_number_of_joined_requests(measured, capped())


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "new_work_file", lambda stem, suffix: tmp_path / f"{stem}{suffix}")
    return tmp_path / "gpu-server.log"


@pytest.fixture
def python(tmp_path):
    def python(script):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return python


READY = """echo '{"url": "http://127.0.0.1:1", "model": "random-1b", "weight_bytes": 5}'; exec sleep 60"""


def test_a_server_is_ready_when_it_says_so_and_ends_when_it_must(log, python):
    server = start_transformers(log, python=python(READY))
    assert (server.url, server.model, server.facts["weight_bytes"]) == ("http://127.0.0.1:1", "random-1b", 5)
    assert not server.has_weights
    server.stop()
    server.stop()
    assert server.process.poll() is not None


def test_a_server_that_does_not_start_declines_with_its_last_words(log, python):
    with pytest.raises(SkipExecution, match=r"DECLINED: .* does not start: CUDA out of memory\. Name a Python"):
        GpuServingLibrary().start_gpu_server(python=python("echo 'CUDA out of memory' >&2; exit 1"))
    assert "CUDA out of memory" in log.read_text()


def test_a_server_that_is_never_ready_is_killed(log, python, monkeypatch):
    monkeypatch.setattr(engine, "_READY_WITHIN_S", 0.2)
    with pytest.raises(GpuServerError, match=r"was not ready within 0\.2 s"):
        start_transformers(log, python=python("exec sleep 60"))


def test_a_python_that_is_not_there_is_told(log):
    with pytest.raises(GpuServerError, match="/nowhere/python cannot be started"):
        start_transformers(log, python="/nowhere/python")


def test_a_server_of_somebody_else_is_left_alone():
    GpuServer("http://host", "m").stop()


def test_the_gateway_routes_to_what_the_server_calls_its_model(log):
    path = GpuServingLibrary().write_gateway_config_for_gpu(GpuServer("http://127.0.0.1:1", "random-1b"))
    assert path.parent == log.parent
    check = subprocess.run(
        [sys.executable, "-m", "gateway", "config", "check", str(path)], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    assert "gpu" in check.stdout
