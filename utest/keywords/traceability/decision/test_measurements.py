from dataclasses import replace

import pytest

from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import RunFacts
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.recording import Recording
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run
from keywords.traceability.decision.measurements import Measurements
from keywords.traceability.register.criteria import Latency

PLAN = LoadPlan(Target("http://host", "m"), source=None, stages=(Stage(10.0, users=2),))
FACTS = RunFacts(1e9, 100.0, 110.0, ((100.0, 110.0),), (None,), interrupted=False, clients=())
E2E = Latency(of="latency", series="release", metric="e2e", percentile=95, limit="E2E_P95_S")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "measurements.db"


def keep(file, seconds, *, count=100, series="release", **end):
    end = {"validity": "VALID", "interrupted": False, **end}
    sample = Sample(item=1, t_intended=101.0, t_sent=101.0, t_done=101.0 + seconds, status=200)
    recording = Recording(file, series, PLAN)
    recording.add([replace(sample, item=number) for number in range(count)])
    recording.finish(replace(FACTS, interrupted=end["interrupted"]), validity=end["validity"])


def judge(file, limit="2"):
    return Measurements(file, {"Limit E2E_P95_S": limit} if limit else {}).latency(E2E)


@pytest.mark.parametrize(("seconds", "met"), [(1.0, True), (3.0, False)])
def test_the_latest_load_run_of_the_series_is_judged(file, seconds, met):
    keep(file, 9.0)
    keep(file, seconds)
    keep(file, 9.0, series="another")
    found = judge(file)
    assert found[0] is met
    assert found[1].startswith(f"{seconds:.3g} s (95 % interval ")
    assert "limit 2 s; load run 2 of 2" in found[1]


def test_too_few_values_are_no_figure(file):
    keep(file, 1.0, count=5)
    assert judge(file)[0] is None


@pytest.mark.parametrize("poor", [{"validity": "INVALID"}, {"interrupted": True}, {"series": "another"}])
def test_no_other_load_run_counts(file, poor):
    keep(file, 1.0, **poor)
    assert judge(file) == (
        None,
        "no valid load run of series 'release': `qa load --name release …` makes one",
    )


def test_without_a_store_or_a_limit_nothing_is_judged(file):
    assert judge(file)[0] is None
    assert not file.exists()
    assert judge(file, limit="") == (None, "the run of the rows recorded no limit E2E_P95_S: set it in variables/")


def test_a_store_that_cannot_be_read_is_told(file):
    file.write_bytes(b"no store " * 1000)
    assert judge(file)[0] is None
    assert str(file) in judge(file)[1]


def test_evaluations_are_not_passed_over_in_silence(file):
    assert Measurements(file, {}).scores() == (None, "no evaluation has been kept")
    with Store(file) as store:
        begin_run(store, "evaluation", "mmlu")
    assert Measurements(file, {}).scores() == (None, "1 evaluations are kept, and none is judged here")
