"""Series of real load runs against a scripted backend."""

from pathlib import Path

import pytest

from keywords.engine.load.comparison.reading import describe_machine, read_series
from keywords.engine.load.comparison.series import SeriesError
from keywords.engine.load.imported.files import read_file
from keywords.engine.load.imported.storing import store_imports
from keywords.engine.load.plan import Target
from keywords.engine.load.planning import LoadOptions, make_plan
from keywords.engine.load.session import measure_load
from keywords.engine.load.storage.tables import LOAD_ROOM, STAGES
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload
from keywords.engine.scripted.backend import Script, words
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run, read_run, read_runs

IMPORTS = Path(__file__).parents[5] / "resources" / "imports"
ENTRY = Entry(name="chat", prompts=Prompts(texts=("Hello.",)), max_tokens=4, fields={})
WORKLOAD = load_workload(Workload(name="test", mix=(ENTRY,)))


def measured(backend, path, options, workload=WORKLOAD, **more):
    plan = make_plan(Target(backend.url, "scripted"), workload, options)
    measure_load(plan, store=path, series="s", workload_hash=workload.sha256, options=more)
    with Store(path, LOAD_ROOM) as store:
        runs = read_runs(store)
    return read_series(path, "s", runs).runs[-1]


def test_a_run_has_one_figure_of_each_metric(backend, tmp_path):
    backend.play(Script(chunks=words(4), first_delay=0.02, chunk_delay=0.005))
    run = measured(backend, tmp_path / "m.db", LoadOptions(users=(4,), requests=60), round="x-1")
    assert set(run.figures) == {"ttft_p50", "tpot_p50", "e2e_p50", "e2e_p95", "rps", "error_rate"}
    assert 0.02 < run.figures["ttft_p50"] < run.figures["e2e_p50"] <= run.figures["e2e_p95"]
    assert run.figures["error_rate"] == 0
    assert (run.load, run.round, run.workload_hash) == ("4 users", "x-1", WORKLOAD.sha256)
    assert "CPUs" in run.machine


def test_a_run_of_several_stages_has_the_mean_of_them(backend, tmp_path):
    backend.play(*[Script(first_delay=0.01)] * 10, *[Script(first_delay=0.09)] * 10)
    run = measured(backend, tmp_path / "m.db", LoadOptions(users=(1, 1), requests=10))
    assert run.load == "1 user, 1 user"
    assert 0.025 < run.figures["ttft_p50"] < 0.08, "the geometric mean of some 10 and 90 ms is 30 ms"


def test_requests_without_an_answer_are_infinite(backend, tmp_path):
    backend.play(Script(status=500))
    run = measured(backend, tmp_path / "m.db", LoadOptions(rates=(200.0,), duration_s=0.1))
    assert run.figures["e2e_p50"] == float("inf")
    assert (run.figures["error_rate"], run.figures["rps"]) == (1, 0)
    assert run.load.startswith("200/s, arrivals ")


def test_answers_that_are_no_streams_have_no_time_to_first_text_where_others_failed(backend, tmp_path):
    backend.play(*[Script(status=500)] * 6, *[Script()] * 24)
    workload = load_workload(Workload(name="test", mix=(ENTRY,), stream=False))
    run = measured(backend, tmp_path / "m.db", LoadOptions(users=(1,), requests=30), workload)
    assert 0 < run.figures["error_rate"] < 0.5
    assert "e2e_p50" in run.figures
    assert "ttft_p50" not in run.figures


def test_a_run_that_was_killed_or_never_judged_proves_nothing(tmp_path):
    path = tmp_path / "m.db"
    with Store(path, LOAD_ROOM) as store:
        begin_run(store, "load", "s")
        begin_run(store, "gpu", "s")
        killed, other = read_runs(store)
    (run,) = read_series(path, "s", [killed]).runs
    assert run.problem == "has no end: it was killed, or still runs"
    assert (run.figures, run.load, run.machine) == ({}, "", "")
    with pytest.raises(SeriesError, match="run 2 is of the kind gpu"):
        read_series(path, "s", [killed, other])
    with pytest.raises(SeriesError, match="has no load run"):
        read_series(path, "s", [])


def test_an_imported_run_without_requests_has_the_figures_of_its_tool(tmp_path):
    path = tmp_path / "m.db"
    (number,) = store_imports(path, [read_file(IMPORTS / "locust" / "stream_stats.csv")], "s")
    with Store(path, LOAD_ROOM) as store:
        (run,) = read_series(path, "s", [read_run(store, number)]).runs
    assert set(run.figures) == {"e2e_p50", "e2e_p95", "rps", "error_rate"}
    assert run.figures["e2e_p50"] == pytest.approx(0.016)
    assert (run.problem, run.workload_hash, run.load) == ("was never judged VALID", None, "4 users")


def test_a_machine_is_told_by_what_changes_its_speed():
    start = {"cpu": "P", "usable_cpus": [0, 1], "memory_bytes": 8 * 2**30, "system": "Linux-6.1", "load": 3.0}
    assert describe_machine({"start": start}) == "P, 2 CPUs, 8 GiB, Linux"
    limited = start | {"cpu_limit": 1.5, "memory_limit_bytes": 2**30}
    assert describe_machine({"start": limited}) == "P, 1.5 CPUs, 1 GiB, Linux"
    assert describe_machine({}) == ""


@pytest.mark.parametrize(
    ("typed", "load"),
    [
        ({"lasts": "30s"}, "4 users, lasts 30s"),
        ({"lasts": "0.5min", "warmup": "1000 ms"}, "4 users, lasts 30s, warmup 1s"),
        ({"lasts": "1h", "requests": "0060"}, "4 users, lasts 3600s, requests 60"),
        ({"lasts": 30, "requests": 60}, "4 users, lasts 30, requests 60"),
    ],
    ids=["seconds", "minutes", "requests", "as another tool stores it"],
)
def test_a_load_is_the_same_however_it_was_typed(typed, load, tmp_path):
    with Store(tmp_path / "m.db", LOAD_ROOM) as store:
        run = begin_run(store, "load", "s", options=typed)
        store.replace(STAGES, [(run, 0, 1.0, 2.0, 4, None)])
        runs = read_runs(store)
    assert read_series(tmp_path / "m.db", "s", runs).runs[0].load == load
