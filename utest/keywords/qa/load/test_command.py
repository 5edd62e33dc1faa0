import csv
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keywords.engine.load import session
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.validity import Check, Validity
from keywords.engine.machine import Deadline
from keywords.engine.scripted.backend import Fault, Script
from keywords.engine.store.errors import UnwritableStoreError
from keywords.engine.waiting import poll_until
from keywords.qa.cli import app


def test_every_request_is_stored_and_the_report_has_them(load, tmp_path, stored):
    done = load("--users", "1,2", "--requests", "10", "--name", "first", "--csv", "samples.csv")
    assert done.exit_code == 0, done.output
    (run,) = stored()
    assert (run.series, run.kind, run.interrupted) == ("first", "load", False)
    assert len(read_samples(tmp_path / "m.db", run.id).item) == 20
    assert "ttft_first_content" in done.output
    with (tmp_path / "samples.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 20


def test_a_level_that_does_not_hold_fails_the_run(load, backend):
    backend.play(Script(first_delay=0.02))
    assert load("--users", "4", "--requests", "40", "--slo", "ttft_p50 < 1 ms").exit_code == 1
    assert load("--users", "4", "--requests", "40", "--slo", "ttft_p50 < 5 s").exit_code == 0


def test_too_few_requests_for_a_level_are_inconclusive(load):
    done = load("--users", "1", "--requests", "3", "--slo", "ttft_p99 < 5 s")
    assert done.exit_code == 3
    assert "n too small" in done.output


def test_failures_are_shown_by_class(load, backend):
    # The checks before the load get good answers.
    backend.play(*[Script()] * 10, Script(status=429), Script(status=503), Script(fault=Fault("cut", after=1)))
    done = load("--users", "1", "--requests", "30", "--slo", "error_rate < 1 %")
    assert done.exit_code == 1, done.output
    assert all(name in done.output for name in ("rate_limited", "overloaded", "cut"))


def test_a_server_that_answers_nothing_fails_without_any_level(load, backend):
    # The checks before the load get good answers.
    backend.play(*[Script()] * 3, *[Script(status=500)] * 50)
    done = load("--users", "1", "--requests", "10", "--prompt", "Hello.")
    assert done.exit_code == 1, done.output


@pytest.mark.parametrize(
    "broken", ["keywords.engine.store.batches.BatchWriter._write", "keywords.engine.load.storage.recording.end_run"]
)
def test_a_store_that_takes_no_more_costs_no_report(load, monkeypatch, broken):
    def full(*_, **__):
        raise UnwritableStoreError("the disk is full")

    monkeypatch.setattr(broken, full)
    done = load("--users", "1", "--requests", "12", "--slo", "e2e_p50 < 60 s")
    assert done.exit_code == 2, done.output
    told = "12 of 12 rows of samples were not stored: the disk is full" if "batches" in broken else "the disk is full"
    assert f"INVALID: {told}" in done.output
    assert "Requests" in done.output
    assert "Environment" in done.output


def test_an_invalid_run_passes_no_level(load, monkeypatch):
    late = Check("send_lag", "requests were sent late", passed=False)
    monkeypatch.setattr(session, "judge", lambda _: Validity((late,)))
    done = load("--users", "1", "--requests", "10", "--slo", "e2e_p50 < 60 s")
    assert done.exit_code == 2
    assert "INVALID: requests were sent late" in done.output


def test_each_point_of_a_sweep_is_a_run(load, stored):
    done = load("--users", "1", "--requests", "5", "--sweep", "max_tokens=4,8", "--sweep", "temperature=0,1")
    assert done.exit_code == 0, done.output
    runs = stored()
    assert [run.series for run in runs] == [
        f"options max_tokens={tokens} temperature={temperature}" for tokens in (4, 8) for temperature in (0, 1)
    ]
    assert len({run.workload_hash for run in runs}) == 4


def test_stored_arrivals_are_replayed(load, tmp_path, stored):
    assert load("--rate", "50", "--for", "200ms", "--save-arrivals", "a.csv").exit_code == 0
    assert load("--replay", "a.csv").exit_code == 0
    first, second = (read_samples(tmp_path / "m.db", run.id) for run in stored())
    starts = [sorted(samples.t_intended - samples.windows[0][0]) for samples in (first, second)]
    assert starts[0] == pytest.approx(starts[1])
    assert len(starts[0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--users", "none"], "--users"),
        (["--model", "scrpted"], "scripted"),
        (["--slo", "speed < 3"], "speed"),
        (["--workload", "missing.yaml"], "missing.yaml"),
        (["--replay", "missing.csv"], "missing.csv"),
        (["--prices", "missing.yaml"], "missing.yaml"),
        (["--users", "1", "--save-arrivals", "a.csv"], "--save-arrivals"),
        (["--rate", "1", "--sweep", "speed=1"], "speed=1"),
        (["--rate", "1", "--arrivals", "gamma:-1"], "burstiness"),
        (["--temperature", "nan"], "--temperature"),
        (["--prompt", " "], "--prompt"),
        (["--prompt", "\udcff"], "--prompt"),
        (["--model", "\udcff"], "--model is '\\udcff'"),
        (["--name", "a\nb"], "--name is 'a\\nb'"),
        (["--max-tokens", "99999999"], "--max-tokens"),
        (["--prompt-tokens", "9" * 5000], "--prompt-tokens"),
        (["--rate", "1", "--arrivals", "gamma:1,2"], "--arrivals gamma"),
        (["--rate", "1", "--arrivals", "gamma:1e-300"], "--arrivals gamma"),
        (["--csv", "none/a.csv"], "--csv is 'none/a.csv'"),
        (["--parquet", ""], "--parquet is '.'"),
        (["--slo", f"ttft_p{'9' * 5000} < 1 s"], "there is no such percentile"),
        (["--slo", "error_rate < 5 %", "--find-max", "--most", "inf"], "--most is inf"),
        (["--find-max"], "--slo"),
        (["--rate", "1", "--save-arrivals", "a.csv", "--sweep", "rate=1,2"], "--save-arrivals"),
        (["--most", "8"], "--find-max"),
        (["--find-max", "--users", "1,2", "--slo", "e2e_p50 < 1 s"], "one number of users"),
        (["--users", "1", "--arrivals", "constant"], "--rate"),
        (["--find-max", "--slo", "e2e_p50 < 1 s", "--sweep", "users=1"], "contradict"),
        (["--store", "/dev/null/m.db"], "/dev/null cannot be made"),
        (["--direct", "http://127.0.0.1:1"], "No server answers at http://127.0.0.1:1"),
        (["--direct", ""], "The address '' is none"),
        (["--direct", "http://127.0.0.1:1", "--sweep", "users=1"], "--sweep and --direct contradict each other"),
        (["--direct-model", "m"], "give --direct too"),
        (["--direct", "http://127.0.0.1:1", "--rate", "1", "--save-arrivals", "a.csv"], "leave out --direct"),
    ],
)
def test_bad_input_is_one_clear_sentence_before_any_load(load, backend, options, words):
    backend.forget_requests()
    done = load(*options)
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert "Traceback" not in done.output
    assert len(backend.chat_requests()) <= 4, "the checks alone"


def test_the_largest_load_is_found(load, backend):
    backend.play(Script(first_delay=0.01))
    done = load("--find-max", "--most", "2", "--for", "300ms", "--slo", "e2e_p50 < 5 s")
    assert done.exit_code == 3, done.output
    assert "at least 2; the search went no further" in done.output
    done = load("--find-max", "--most", "2", "--for", "300ms", "--slo", "e2e_p50 < 1 ms")
    assert done.exit_code == 1, done.output
    assert "not even 1 holds" in done.output


def test_an_empty_address_is_refused(load):
    assert "the address is empty" in load(address="").output


def test_a_server_that_does_not_answer_is_named(load):
    done = load(address="http://127.0.0.1:1")
    assert done.exit_code == 2
    assert "127.0.0.1:1" in done.output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_keeps_what_was_measured(backend, tmp_path, stored):
    backend.forget_requests()
    command = [sys.executable, "-m", "keywords.qa.cli", "load", backend.url, "--users", "2", "--for", "60s"]
    process = subprocess.Popen(
        [*command, "--store", "m.db"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "GATEWAY_URL": ""},
    )  # fmt: skip
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        assert poll_until(lambda: len(backend.chat_requests()), lambda count: count > 20, Deadline(30)) > 20
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    finally:
        killer.cancel()
        process.kill()
    assert process.returncode == 130, output
    (run,) = stored()
    assert run.interrupted
    assert len(read_samples(tmp_path / "m.db", run.id).item) > 10
    assert "interrupted" in output


@pytest.mark.usefixtures("load")
@pytest.mark.parametrize(
    ("error", "code", "why"),
    [(KeyboardInterrupt(), 130, "it was interrupted"), (RuntimeError("no file was left"), 0, "no file was left")],
)
def test_a_calibration_that_ends_early_costs_no_report(backend, monkeypatch, error, code, why):
    def measure_floor(*_):
        raise error

    monkeypatch.setattr("keywords.engine.load.outcome.measure_floor", measure_floor)
    options = ["--quiet", "--store", "m.db", "--users", "1", "--requests", "4"]
    found = CliRunner().invoke(app, ["load", backend.url, *options])
    assert f"There is no calibration: {why}." in found.stdout
    assert found.exit_code == code


def test_a_terminal_of_another_encoding_and_no_width_costs_no_report(backend, tmp_path):
    options = ["--quiet", "--no-calibration", "--store", str(tmp_path / "m.db"), "--users", "1", "--requests", "4"]
    command = [sys.executable, "-m", "keywords.qa.cli", "load", backend.url, *options]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "0"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert b"ttft_first_content" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes the streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_no_run(backend, tmp_path, closed, stored):
    options = ["--no-calibration", "--store", str(tmp_path / "m.db"), "--users", "1", "--requests", "4"]
    command = [sys.executable, "-m", "keywords.qa.cli", "load", backend.url, *options]
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *command], capture_output=True, check=False)
    assert done.returncode in {0, 2}, done.stderr  # 2 where the machine is too busy for a valid run
    lines = done.stderr.splitlines()
    assert all(line.startswith(b"left ") for line in lines), "plain lines of the live view, if it takes long"
    assert b"TTFT" not in done.stdout, "the live view"
    ((run,),) = [stored()]
    assert run.ended is not None


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_disk_for_the_report_is_told(backend, tmp_path):
    options = ["--quiet", "--no-calibration", "--store", str(tmp_path / "m.db"), "--users", "1", "--requests", "4"]
    command = [sys.executable, "-m", "keywords.qa.cli", "load", backend.url, *options]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().strip() == "not all could be written: [Errno 28] No space left on device"


@pytest.mark.parametrize("options", [["--slo", "ttft_p95 < 5 s"], []])
def test_a_stage_without_a_request_holds_no_level(load, options):
    done = load("--rate", "0.000001", "--for", "0.1s", *options)
    assert done.exit_code == 3, done.output
