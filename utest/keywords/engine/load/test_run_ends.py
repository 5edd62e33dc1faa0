import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from keywords.engine import clock
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import LoadRunError, run_load
from keywords.engine.load.validity import judge
from utest.keywords.engine.load.loads import FAST, Kept, arrivals, load
from utest.keywords.engine.load.sources import Broken, Numbered, Slow


def test_a_client_that_is_too_slow_says_so(backend):
    backend.play(FAST)
    at_s = [0.001 * number for number in range(80)]
    facts, samples = load(backend, Stage(0.1, rate=1000.0), source=Slow(), arrivals=arrivals(*at_s))
    assert [sample.item for sample in samples] == list(range(80)), "a late arrival is sent late, not left out"
    assert "send_lag" in {check.name for check in judge(facts).checks if not check.passed}
    assert facts.begun_items < 80
    assert max(sample.t_sent - sample.t_intended for sample in samples) > 0.1


def test_no_server_gives_samples_not_exceptions(backend):
    backend.play(FAST)
    with_dead = type("Dead", (), {"url": "http://127.0.0.1:9"})
    _, samples = load(with_dead, Stage(0.3, users=2))
    assert {sample.error for sample in samples} == {"no_connection"}
    assert len(samples) <= 8, "a user who got no connection pauses"


def test_an_item_that_cannot_be_made_ends_the_run_and_says_why(backend):
    backend.play(FAST)
    with pytest.raises(LoadRunError, match="LookupError: there is no item 5"):
        load(backend, Stage(None, users=1, items=8), source=Broken())


def test_a_sink_that_fails_ends_the_run(backend):
    backend.play(FAST)

    def fail():
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        load(backend, Stage(60.0, users=2), sink=Kept(1, fail))
    assert not [p for p in psutil.Process().children() if "keywords.engine.load.child" in p.cmdline()]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"stages": ()}, "stages: give at least one"),
        ({"stages": (Stage(1.0),)}, "users or a rate"),
        ({"stages": (Stage(1.0, users=1, rate=1.0),)}, "users or a rate"),
        ({"stages": (Stage(1.0, rate=1.0),)}, "a rate needs arrivals"),
        ({"stages": (Stage(1.0, users=1),), "arrivals": arrivals(0)}, "users have none"),
        ({"stages": (Stage(1.0, users=0),)}, "give 1 or more"),
        ({"stages": (Stage(None, users=1),)}, "a duration or a number of items"),
        ({"stages": (Stage(1.0, users=1),), "most_in_flight": 0}, "most_in_flight"),
    ],
)
def test_a_plan_that_contradicts_itself(plan, message):
    with pytest.raises(ValueError, match=message):
        run_load(LoadPlan(Target("http://127.0.0.1:9", "m"), Numbered(), **plan), [])


def test_a_stop_keeps_what_was_measured(backend):
    backend.play(FAST)
    stop = threading.Event()
    facts, samples = load(backend, Stage(60.0, users=2), sink=Kept(10, stop.set), run={"stop": stop})
    assert facts.interrupted
    assert len(samples) >= 10
    assert facts.ended == facts.stage_bounds[0][1] < facts.started + 30
    assert sum(sample.cancelled for sample in samples) <= 2
    assert Counter(sample.item for sample in samples).most_common(1)[0][1] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_early_and_is_given_back(backend, number):
    backend.play(FAST)
    before = signal.getsignal(number)
    facts, samples = load(backend, Stage(60.0, users=2), sink=Kept(5, lambda: signal.raise_signal(number)))
    assert facts.interrupted
    assert len(samples) >= 5
    assert signal.getsignal(number) is before


def test_the_start_is_told_before_the_load(backend):
    backend.play(FAST)
    told = []
    facts, samples = load(
        backend, Stage(None, users=1, items=2), run={"on_start": lambda at: told.append((at, clock.now()))}
    )
    assert told[0][0] == facts.started > told[0][1]
    assert samples[0].t_sent >= facts.started


def test_a_client_that_is_killed_loses_only_its_own_rest(backend):
    backend.play(FAST)

    def kill_one():
        clients = [p for p in psutil.Process().children() if "keywords.engine.load.child" in p.cmdline()]
        assert len(clients) == 2
        clients[0].kill()

    facts, samples = load(backend, Stage(1.0, users=2), sink=Kept(20, kill_one), processes=2)
    assert len(facts.clients) == 1
    assert len(facts.lost_clients) == 1
    assert "ended by signal 9" in facts.lost_clients[0]
    assert not facts.interrupted
    assert len(samples) > 20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no process by a signal")
def test_a_client_that_was_stopped_is_ended_and_makes_the_run_invalid(backend, monkeypatch):
    backend.play(FAST)
    monkeypatch.setattr("keywords.engine.load.watchdog.SILENT_S", 4.0)

    def stop_one():
        (client,) = [p for p in psutil.Process().children() if "keywords.engine.load.child" in p.cmdline()]
        client.suspend()

    facts, samples = load(backend, Stage(None, users=2, items=1_000_000), sink=Kept(20, stop_one), processes=1)
    assert facts.clients == ()
    assert facts.lost_clients == ("client process 0 said nothing for 4 s, stopped or hung, and was ended",)
    assert len(samples) >= 20
    assert "clients" in {check.name for check in judge(facts).checks if not check.passed}


def test_clients_end_with_a_main_process_that_is_killed(backend, tmp_path):
    backend.play(FAST)
    program = tmp_path / "main.py"
    program.write_text(f"""
from pathlib import Path
from utest.keywords.engine.load.sources import Numbered
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import run_load
class Sink:
    def add(self, samples):
        with Path({str(tmp_path / "kept")!r}).open("a") as file:
            file.writelines(f"{{sample.item}}\\n" for sample in samples)
run_load(LoadPlan(Target({backend.url!r}, "scripted"), Numbered(), (Stage(60.0, users=2),), processes=2), [Sink()])
""")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    with subprocess.Popen([sys.executable, str(program)], env=environment) as process:
        await_lines(tmp_path / "kept", process)
        clients = psutil.Process(process.pid).children()
        process.kill()
    assert len(clients) == 2
    assert psutil.wait_procs(clients, timeout=20)[1] == []
    assert len((tmp_path / "kept").read_text().splitlines()) >= 10


def await_lines(path, process):
    while process.poll() is None:
        if path.exists() and len(path.read_text().splitlines()) >= 10:
            return
        time.sleep(0.02)
    raise AssertionError("the load run ended")
