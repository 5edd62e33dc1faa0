"""What Locust's processes report stands in the store as the engine's own samples do."""

import pytest

from keywords.engine.load.locust.options import HELP, load_of
from keywords.engine.load.locust.packing import BETWEEN_STAGES, pack_health, pack_sample
from keywords.engine.load.locust.recorder import LocustRecorder
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.run import ClientHealth
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.validity import judge
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run

DEFAULTS = {option.removeprefix("--").replace("-", "_"): default for option, (default, _) in HELP.items()}


@pytest.fixture
def store(tmp_path):
    return tmp_path / "measurements.db"


@pytest.fixture
def recorder(store):
    values = {**DEFAULTS, "load_users": "1,2", "load_store": str(store), "load_series": "nightly"}
    return LocustRecorder(load_of(values, url="http://host", api_key=None))


def report(process, *moments):
    samples = [
        Sample(1000 * at + process, process=process, t_intended=at, t_queued=at, t_sent=at, t_done=at + 0.5, status=200)
        for at in moments
    ]
    health = ClientHealth(process, 0.1, {0: [0.0], 1: [0.0]}, 1.0, 1000, {0: [0.0], 1: [0.0]})
    return {"samples": [pack_sample(sample) for sample in samples], "health": pack_health(health)}


def run_two_stages(recorder):
    recorder.open_stage(10.0)
    recorder.take("one", report(0, 11, 12))
    recorder.close_stage(15.0)
    recorder.take("two", report(1, 14, 16, 21))
    recorder.open_stage(20.0)
    recorder.close_stage(25.0)


def test_samples_of_all_workers_have_the_stage_of_their_moment(recorder, store):
    run_two_stages(recorder)
    facts = recorder.finish([])
    samples = read_samples(store, recorder.run)
    assert sorted(samples.stage.tolist()) == [BETWEEN_STAGES, 0, 0, 0, 1]
    assert Summary(samples).answered(0) == 3
    assert (facts.begun, facts.planned, facts.interrupted) == ((3, 1), (None, None), False)
    assert [client.process for client in facts.clients] == [0, 1]


def test_the_run_names_tool_series_and_verdict(recorder, store):
    run_two_stages(recorder)
    validity = judge(recorder.finish([]))
    with Store(store) as opened:
        row = read_run(opened, recorder.run)
    assert (row.series, row.options["tool"], row.validity) == ("nightly", "locust", "VALID"), validity


def test_a_worker_without_its_last_report_makes_the_run_invalid(recorder):
    run_two_stages(recorder)
    validity = judge(recorder.finish(["worker two handed over no last report"]))
    assert "worker two handed over no last report" in str(validity)


def test_a_run_that_ends_before_its_stages_is_interrupted(recorder):
    recorder.open_stage(10.0)
    recorder.take("one", report(0, 11))
    assert recorder.finish([]).interrupted
