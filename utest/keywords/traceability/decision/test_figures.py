from dataclasses import replace

import pytest

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.runs import Plan, begin
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import RunFacts
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.recording import Recording
from keywords.engine.store.database import Store
from keywords.engine.store.runs import RUNS, begin_run
from keywords.run.places import DATASETS
from keywords.traceability.decision.figures import MOST, read_figures

PLAN = LoadPlan(Target("http://host", "m"), source=None, stages=(Stage(10.0, users=2),))
FACTS = RunFacts(1e9, 100.0, 110.0, ((100.0, 110.0),), None, interrupted=False, clients=())

ASKED = Plan(Catalogue(DATASETS).load("short-facts"), Sampling())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "measurements.db"


def keep(file, seconds, *, count=100, series="release", validity="VALID"):
    sample = Sample(item=1, t_intended=101.0, t_sent=101.0, t_done=101.0 + seconds, status=200)
    recording = Recording(file, series, PLAN)
    recording.add([replace(sample, item=number) for number in range(count)])
    recording.finish(FACTS, validity=validity, reasons=("the event loop was late",))
    return recording.run


def begin_at(file, run, started_at):
    with Store(file) as store:
        store.update(RUNS, {"started_at": started_at}, {"id": run})


def test_the_latest_load_run_of_each_series_is_shown_with_its_worth(file):
    keep(file, 9.0)
    keep(file, 1.0, validity="INVALID")
    keep(file, 2.0, series="another")
    shown = {one["series"]: one for one in read_figures([file]).loads}
    assert shown.keys() == {"release", "another"}
    release = shown["release"]
    assert (release["run"], release["state"], release["why"]) == (2, "invalid", "the event loop was late")
    assert release["e2e"] == "1 s (1 to 1)"
    assert (release["answered"], release["failed"]) == (100, 0)


def test_too_few_answers_have_no_percentile(file):
    keep(file, 1.0, count=5)
    assert read_figures([file]).loads[0]["e2e"] == "too few values"


def test_where_too_many_fail_there_is_no_percentile(file):
    recording = Recording(file, "release", PLAN)
    failed = Sample(item=1, t_intended=101.0, t_sent=101.0, t_done=101.5, status=500, error="http_5xx")
    recording.add([replace(failed, item=number) for number in range(100)])
    recording.finish(FACTS, validity="VALID")
    assert read_figures([file]).loads[0]["e2e"] == "none: more than 5 % failed"


def test_the_later_of_two_folders_is_shown(file, tmp_path):
    begin_at(file, keep(file, 1.0), 1e9)
    other = tmp_path / "other" / "measurements.db"
    begin_at(other, keep(other, 5.0), 2e9)
    for files in ([file, other], [other, file]):
        (one,) = read_figures(files).loads
        assert one["e2e"] == "5 s (5 to 5)"


def test_only_the_latest_series_are_shown(file):
    for number in range(MOST + 2):
        begin_at(file, keep(file, 1.0, count=1, series=f"s{number}"), 1e9 + 3600 * number)
    shown = [one["series"] for one in read_figures([file]).loads]
    assert shown == [f"s{number}" for number in range(MOST + 1, 1, -1)]
    # What a release rests on is never crowded out.
    assert "s0" in [one["series"] for one in read_figures([file], series=["s0"]).loads]


def test_scores_of_the_tested_model_are_never_crowded_out(file):
    with Store(file, ROOM) as store:
        for number in range(MOST + 2):
            begin(store, "http://gateway.test", f"m{number}", ASKED, {})
    assert "m0" not in [one["model"] for one in read_figures([file]).scores]
    assert "m0" in [one["model"] for one in read_figures([file], model="m0").scores]


def test_an_evaluation_without_answers_has_no_score(file):
    with Store(file, ROOM) as store:
        begin(store, "http://gateway.test", "m", ASKED, {})
    (one,) = read_figures([file]).scores
    assert (one["set"], one["bound"]) == ("short-facts", "")
    assert "no score: run 1: no request got a reply" in one["right"]


def test_a_run_that_no_program_of_ours_wrote_hides_no_other(file):
    with Store(file, ROOM) as store:
        begin_run(store, "evaluation", "x", model="m0", options={"set": "x"})
        begin(store, "http://gateway.test", "m1", ASKED, {})
    found = {one["model"]: one["right"] for one in read_figures([file]).scores}
    assert "has run 1 that this program did not write" in found["m0"]
    assert "no request got a reply" in found["m1"]


def test_a_file_that_cannot_be_read_is_told(file):
    file.write_bytes(b"no store " * 1000)
    assert str(file) in read_figures([file]).problems[0]


def test_no_file_is_made_to_be_read(file):
    assert not read_figures([file]).loads
    assert not file.exists()
