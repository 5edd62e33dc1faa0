"""Which seeds of a calibration count, and what is asked again."""

import json
from dataclasses import replace

import httpx2
import pytest

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.runs import Plan, run_evaluation
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.openai.client import ChatClient
from keywords.engine.store.database import Store
from keywords.engine.store.runs import RUNS, read_runs
from keywords.run.places import DATASETS
from ops.bench.calibration.design import AGAIN, BASE, DRAWS, MODELS, MUCH_NOISE, missing
from ops.bench.calibration.results import read_results

SETS = ("short-facts", "copying")
CATALOGUE = Catalogue(DATASETS)
KNOWN = {BASE: 14, AGAIN: 14, MUCH_NOISE: 2}


@pytest.fixture
def store(tmp_path):
    return tmp_path / "measurements.db"


@pytest.fixture
def measure(store):
    """A model that knows the first so many items of each set answers it with a seed."""

    def run(model, name, seed=1, status=200, **sampling):
        known = {item.question: item.references[0] for item in CATALOGUE.load(name).items[: KNOWN.get(model, 8)]}

        def answer(request):
            question = json.loads(request.content)["messages"][-1]["content"]
            message = {"role": "assistant", "content": known.get(question, "no such thing")}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
            return httpx2.Response(status, json=body if status == 200 else {"error": {"message": "no"}})

        client = ChatClient("http://host", api_key=None, model="m", transport=httpx2.MockTransport(answer))
        asked = replace(model.sampling(seed), **sampling)
        plan = Plan(CATALOGUE.load(name), asked, series=model.series(seed), concurrency=1)
        return run_evaluation(store, client, plan)

    return run


def left(store, model, seed=1):
    with Store(store, ROOM) as opened:
        return missing(read_runs(opened, series=model.series(seed)), model, seed, SETS)


def test_a_seed_counts_once_every_model_has_answered_every_set(measure, store):
    for model in MODELS:
        for name in SETS:
            assert read_results(store, SETS, 1) == []
            measure(model, name)
    (found,) = read_results(store, SETS, 2)
    assert found.answers == 40 * DRAWS
    assert found.hits[BASE.name] == 28 * DRAWS
    assert found.pairs[MUCH_NOISE.name].lost == 24
    assert not found.pairs[AGAIN.name].is_significant


def test_only_what_is_missing_is_asked(measure, store):
    assert left(store, BASE) == ["short-facts", "copying"]
    measure(BASE, "short-facts")
    assert left(store, BASE) == ["copying"]
    assert left(store, BASE, seed=2) == ["short-facts", "copying"]


def test_a_run_that_was_broken_off_or_asked_otherwise_is_asked_again(measure, store):
    run = measure(BASE, "short-facts")
    measure(BASE, "copying", draws=1)
    with Store(store, ROOM) as opened:
        opened.update(RUNS, {"ended": None}, {"id": run})
    assert left(store, BASE) == ["short-facts", "copying"]


def test_a_seed_with_a_transport_error_does_not_count(measure, store):
    for model in MODELS:
        for name in SETS:
            measure(model, name, status=500 if model is AGAIN and name == "copying" else 200)
    assert read_results(store, SETS, 1) == []


def test_no_two_models_or_seeds_share_random_numbers():
    seeds = [model.sampling(seed).seed for model in MODELS for seed in range(1, 21)]
    assert len(set(seeds)) == len(seeds)
    assert BASE.sampling(3) == BASE.sampling(3)
    assert DRAWS % 2 == 1
