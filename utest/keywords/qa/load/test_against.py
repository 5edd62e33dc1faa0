"""`qa load --against`, `qa compare` of load runs and `qa baseline` before scripted backends."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from typer.testing import CliRunner

from keywords.engine.load import session
from keywords.engine.load.storage.tables import LOAD_ROOM
from keywords.engine.load.validity import Check, Validity
from keywords.engine.machine import Deadline
from keywords.engine.scripted.backend import Script, ScriptedBackend, words
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run, read_runs
from keywords.engine.waiting import poll_until
from keywords.qa.cli import app

LOAD = ["--users", "4", "--requests", "24"]


@pytest.fixture(scope="module")
def servers():
    started = [ScriptedBackend(), ScriptedBackend()]
    for backend in started:
        backend.start()
    yield started
    for backend in started:
        backend.stop()


@pytest.fixture
def qa(servers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_URL", raising=False)
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)
    # Whether this machine is quiet enough is not the subject: a run on a busy one is INVALID.
    monkeypatch.setattr(session, "judge", lambda _: Validity(()))
    for backend in servers:
        backend.play(Script(chunks=words(2), first_delay=0.02))
        backend.forget_requests()

    def run(command, *arguments):
        quiet = ["--quiet"] if command == "load" else []
        return CliRunner().invoke(app, [command, *arguments, *quiet, "--store", "m.db"], catch_exceptions=False)

    return run


@pytest.fixture
def against(qa, servers):
    def run(*options):
        return qa("load", servers[1].url, "--against", servers[0].url, *options)

    return run


@pytest.fixture
def slower(qa, servers):  # noqa: ARG001  # it resets the scripts
    # So much slower that no busy machine can hide it.
    servers[1].play(Script(chunks=words(2), first_delay=0.15))


def stored(tmp_path):
    with Store(tmp_path / "m.db", LOAD_ROOM) as store:
        return read_runs(store)


@pytest.mark.usefixtures("slower")
def test_a_server_that_is_slower_fails_and_the_stored_series_say_the_same(against, qa, tmp_path, servers):
    found = against(*LOAD, "--rounds", "5", "--name", "pr")
    assert found.exit_code == 1, found.output
    old, new = (backend.url for backend in servers)
    assert f"SLOWER: {new} is slower than {old}: ttft_p50 +" in found.output
    assert "beyond the practical 5 %" in found.output
    assert "in 5 rounds in turns" in found.output
    runs = stored(tmp_path)
    names = ["pr against", "pr", "pr", "pr against", "pr against", "pr", "pr", "pr against", "pr against", "pr"]
    assert [run.series for run in runs] == names, "A B B A"
    again = qa("compare", "pr against", "pr")
    assert (again.exit_code, "SLOWER: pr is slower than pr against" in again.output) == (1, True), again.output
    assert "in 5 rounds in turns" in again.output
    few = qa("compare", "1,4", "2,3")
    assert (few.exit_code, "2 of the 5 runs a side that a verdict takes" in few.output) == (3, True), few.output
    itself = qa("compare", "pr", "2,3,1")
    assert (itself.exit_code, "run 2 is on both sides" in itself.output) == (2, True), itself.output
    assert qa("baseline", "keep", "main", "pr against").exit_code == 0
    based = qa("compare", "baseline:main", "pr")
    assert (based.exit_code, "SLOWER: pr is slower than baseline:main" in based.output) == (1, True), based.output
    assert qa("compare", "pr", "baseline:main").exit_code == 0
    across = qa("compare", "baseline:main", "pr", "--across-machines")
    assert across.exit_code == 2
    qa("load", servers[1].url, "--users", "4", "--requests", "10", "--max-tokens", "5", "--name", "other")
    unlike = qa("compare", "pr", "other")
    assert (unlike.exit_code, "they sent different things" in unlike.output) == (2, True), unlike.output


def test_too_few_rounds_show_the_shift_and_are_inconclusive(against):
    found = against("--users", "2", "--requests", "10", "--rounds", "1")
    assert found.exit_code == 3, found.output
    assert "1 of the 5 runs a side that a verdict takes" in found.output


def test_both_servers_get_the_same_arrivals(against, servers):
    found = against("--rate", "50", "--for", "300ms", "--rounds", "1", "--prompt", "One.", "--prompt", "Two.")
    assert found.exit_code == 3, found.output
    first, second = ([body for body in backend.chat_bodies() if b'"stream":true' in body] for backend in servers)
    assert sorted(first) == sorted(second)
    assert len(first) > 5


def test_an_invalid_run_takes_the_verdict(against, monkeypatch):
    late = Check("send_lag", "requests were sent late", passed=False)
    monkeypatch.setattr(session, "judge", lambda _: Validity((late,)))
    found = against("--users", "1", "--requests", "5", "--rounds", "1")
    assert found.exit_code == 2, found.output
    assert "is INVALID: requests were sent late" in found.output


def test_several_rounds_of_one_server_are_a_series(qa, servers, tmp_path):
    done = qa("load", servers[0].url, "--users", "1", "--requests", "5", "--rounds", "3", "--no-calibration")
    assert done.exit_code == 0, done.output
    assert "Load run 2 of 3" in done.output
    assert len({run.series for run in stored(tmp_path)}) == 1
    assert len(stored(tmp_path)) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_keeps_the_finished_rounds_and_gives_no_verdict(qa, servers, tmp_path):  # noqa: ARG001  # scripts
    command = [sys.executable, "-m", "keywords.qa.cli", "load", servers[1].url, "--against", servers[0].url]
    process = subprocess.Popen(
        [*command, "--users", "2", "--for", "300ms", "--rounds", "500", "--quiet", "--store", "m.db"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "GATEWAY_URL": ""},
    )  # fmt: skip
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        poll_until(lambda: len(servers[1].chat_requests()), lambda count: count > 60, Deadline(40))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    finally:
        killer.cancel()
        process.kill()
    assert process.returncode == 130, output
    assert "NO VERDICT" in output
    assert "it was interrupted after" in output
    assert "Traceback" not in output
    assert len(stored(tmp_path)) >= 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--against", ""], "--against is empty"),
        (["--against", "http://127.0.0.1:9"], "127.0.0.1:9"),
        (["--against", "localhost"], "'localhost' is none"),
        (["--against", "http://127.0.0.1:9", "--slo", "e2e_p50 < 1 s"], "--slo is about one"),
        (["--against", "http://127.0.0.1:9", "--sweep", "users=1,2"], "--sweep is about one"),
        (["--against", "http://127.0.0.1:9", "--csv", "a.csv"], "--csv is about one"),
        (["--find-max", "--slo", "e2e_p50 < 1 s", "--rounds", "2"], "leave out --rounds"),
    ],
)
def test_bad_input_is_one_clear_sentence_before_any_load(qa, servers, options, words):
    done = qa("load", servers[1].url, *options)
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert "Traceback" not in done.output
    assert len(servers[1].chat_requests()) <= 3, "the checks alone"


def test_what_cannot_be_compared_is_one_clear_sentence(qa, servers, tmp_path):
    assert "there is no store m.db" in qa("compare", "1", "2").output
    assert not (tmp_path / "m.db").exists()
    qa("load", servers[0].url, "--users", "1", "--requests", "5", "--no-calibration", "--name", "one")
    with Store(tmp_path / "m.db", LOAD_ROOM) as store:
        begin_run(store, "load", "killed", workload_hash="a" * 64)
        begin_run(store, "gpu", "telemetry")
    (tmp_path / "results" / "baselines" / "load").mkdir(parents=True)
    newer = tmp_path / "results" / "baselines" / "load" / "newer.json"
    newer.write_text('{"load_baseline": 2}', encoding="utf-8")
    newer.with_name("broken.json").write_text("{", encoding="utf-8")
    newer.with_name("foreign.json").write_text("[]", encoding="utf-8")
    newer.with_name("partly.json").write_text('{"load_baseline": 1, "name": "a"}', encoding="utf-8")
    for pair, said in [
        (("1", "99"), "has no run 99"),
        (("1", "9" * 30), "has no run"),
        (("1", "none"), "has no series none; it has telemetry, killed, one"),
        (("1", "3"), "of the kinds gpu, load"),
        (("baseline:missing", "1"), "there is no baseline missing, only broken, foreign, newer, partly"),
        (("baseline:newer", "1"), "is of version 2, and this program reads 1"),
        (("baseline:broken", "1"), "is no JSON"),
        (("baseline:foreign", "1"), "is no baseline of load runs"),
        (("baseline:partly", "1"), "series: Field required"),
        (("baseline:../x", "1"), "a baseline cannot be named '../x'"),
        (("1", "killed"), "run 2 of killed has no end"),
    ]:
        refused = qa("compare", *pair)
        assert (refused.exit_code, said in refused.output) == (2, True), refused.output
    for series, said in [
        ("one", "has 1 load runs, and a baseline needs 5"),
        ("killed", "killed is no baseline: "),
        ("telemetry", "run 3 is of the kind gpu, and no load run"),
    ]:
        refused = qa("baseline", "keep", "kept", series)
        assert (refused.exit_code, said in refused.output) == (2, True), refused.output
    (tmp_path / "m.db").write_text("no store", encoding="utf-8")
    assert "m.db" in qa("compare", "1", "2").output
    assert qa("compare", "1", "2").exit_code == 2
