"""Scores of evaluations as an exit criterion: met, not met, and what is missing to tell."""

import datetime as dt
import json

import httpx2
import pytest
import yaml

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.runs import Plan, run_evaluation
from keywords.engine.evaluation.storage import OF_TARGET
from keywords.engine.evaluation.tables import MARKS, ROOM
from keywords.engine.store.database import Store
from keywords.engine.store.runs import RUNS
from keywords.run.places import DATASETS, ROOT, SUITES
from keywords.traceability.decision.measurements import LIMIT, Measurements
from keywords.traceability.register.criteria import Scores, load_criteria

CATALOGUE = Catalogue(DATASETS)
CRITERIA = ROOT / "resources" / "register" / "criteria.yaml"
SETS = ("short-facts", "copying")
LIMITS = {LIMIT + "FACTS_MIN": "0.3", LIMIT + "COPYING_MIN": "0.3"}
MEASURE = Scores(
    of="scores",
    at_most_days=7,
    baselines=[{"set": "short-facts", "limit": "FACTS_MIN"}, {"set": "copying", "limit": "COPYING_MIN"}],
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "measurements.db"


@pytest.fixture
def keep(gateway, make, file):
    """Keep an evaluation of a model that knows the first so many items of a set."""

    def run(name, right, *, model="model-a", of_target=True, limit=None, **plan):
        items = CATALOGUE.load(name).items
        known = {item.question: item.references[0] for item in items[:right]}

        def answer(request):
            question = json.loads(request.content)["messages"][-1]["content"]
            return httpx2.Response(200, json=make.completion(known.get(question, "no such thing")))

        gateway.answer = answer
        gateway.client.model = model
        asked = Plan(CATALOGUE.load(name, limit=limit), **{"sampling": Sampling(), "concurrency": 1, **plan})
        return run_evaluation(file, gateway.client, asked, environment={OF_TARGET: of_target})

    return run


def today():
    return dt.datetime.now().astimezone().date()


def judge(file, *, model="model-a", limits=LIMITS, day=None):
    return Measurements([file], {**limits, "Model": model}).scores(MEASURE, day or today())


def test_it_is_met_if_each_lower_bound_reaches_its_baseline(keep, file):
    for name in SETS:
        keep(name, 14)
    met, figure = judge(file)
    assert met is True
    assert "short-facts 0.49, baseline 0.3 (14 of 20 items, run 1)" in figure


def test_one_score_below_its_baseline_decides(keep, file):
    keep("short-facts", 14)
    keep("copying", 5)
    met, figure = judge(file)
    assert met is False
    assert "copying 0.10, baseline 0.3, BELOW (5 of 20 items, run 2)" in figure


def test_a_share_above_the_baseline_is_not_enough(keep, file):
    keep("short-facts", 9)
    assert judge(file)[0] is False


def test_what_was_asked_is_judged_and_what_is_missing_is_named(keep, file):
    keep("short-facts", 14)
    met, figure = judge(file)
    assert met is None
    assert "short-facts 0.49" in figure
    assert "copying; `qa run suites` or `qa eval copying` does it" in figure
    keep("short-facts", 2)
    assert judge(file)[0] is False


def test_the_latest_evaluation_counts(keep, file):
    keep("copying", 14)
    keep("short-facts", 2)
    keep("short-facts", 14)
    assert judge(file)[0] is True


@pytest.mark.parametrize(
    "other",
    [
        {"sampling": Sampling(temperature=1.0)},
        {"sampling": Sampling(draws=3)},
        {"sampling": Sampling(extra={"cache_prompt": False})},
        {"model": "model-b"},
        {"of_target": False},
        {"scorers": ("exact-match-squad",)},
        {"limit": 5},
        {"use_cache": True},
    ],
)
def test_no_evaluation_of_another_kind_counts(keep, file, other):
    keep("copying", 14)
    keep("short-facts", 14, **other)
    assert judge(file)[0] is None


def test_an_unfinished_evaluation_does_not_count(keep, file):
    keep("copying", 14)
    run = keep("short-facts", 14)
    with Store(file, ROOM) as store:
        store.update(RUNS, {"ended": None}, {"id": run})
    assert judge(file)[0] is None


def test_an_old_evaluation_does_not_count(keep, file):
    for name in SETS:
        keep(name, 14)
    assert judge(file, day=today() + dt.timedelta(days=7))[0] is True
    assert judge(file, day=today() + dt.timedelta(days=8))[0] is None


def test_items_without_an_answer_leave_it_open(keep, gateway, file):
    keep("copying", 14)
    gateway.answers(500, json={"error": {"message": "no"}})
    run_evaluation(file, gateway.client, Plan(CATALOGUE.load("short-facts"), Sampling()), environment={OF_TARGET: True})
    met, figure = judge(file)
    assert met is None
    assert "run 2 has no answer to 20 of 20 items" in figure


def test_marks_of_a_changed_scorer_leave_it_open(keep, file):
    keep("copying", 14)
    run = keep("short-facts", 14)
    with Store(file, ROOM) as store:
        store.update(MARKS, {"scorer_digest": "0"}, {"run": run})
    met, figure = judge(file)
    assert met is None
    assert "`qa score 2`" in figure


def test_without_a_store_a_model_or_a_limit_nothing_is_judged(file):
    met, figure = judge(file)
    assert (met, file.exists()) == (None, False)
    assert "`qa eval short-facts copying`" in figure
    assert judge(file, model="")[1] == "the run of the rows names no model: no row asked one"
    assert judge(file, limits={})[1].startswith("the run of the rows recorded no limit FACTS_MIN, COPYING_MIN")
    assert judge(file, limits={**LIMITS, LIMIT + "FACTS_MIN": "much"})[0] is None


def test_the_projects_baselines_are_those_of_its_sets_and_rows():
    (measure,) = (one.measure for one in load_criteria(CRITERIA) if isinstance(one.measure, Scores))
    variables = yaml.safe_load((ROOT / "variables" / "defaults.yaml").read_text(encoding="utf-8"))
    rows = (SUITES / "evaluation" / "sets.robot").read_text(encoding="utf-8").split("\n\n")
    for baseline in measure.baselines:
        (row,) = (one for one in rows if f"Run Evaluation    {baseline.set}" in one)
        assert f"lower bound    >=    ${{{baseline.limit}}}" in row
        assert 0 < variables[baseline.limit] < 1
        assert baseline.set in CATALOGUE.sets
