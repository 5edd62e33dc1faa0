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
from keywords.engine.store.runs import RUNS
from keywords.run.places import DATASETS
from ops.bench.calibration import __main__ as command
from ops.bench.calibration.design import AGAIN, BASE, DRAWS, MODELS, MUCH_NOISE
from ops.bench.calibration.results import missing_sets, read_results

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
    return missing_sets(store, SETS, model, seed)


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


def test_a_set_with_a_transport_error_does_not_count_and_is_asked_again(measure, store):
    for model in MODELS:
        for name in SETS:
            measure(model, name, status=500 if model is AGAIN and name == "copying" else 200)
    assert read_results(store, SETS, 1) == []
    assert left(store, AGAIN) == ["copying"]
    measure(AGAIN, "copying")
    assert left(store, AGAIN) == []
    assert len(read_results(store, SETS, 1)) == 1


def test_no_two_models_or_seeds_share_random_numbers():
    seeds = [model.sampling(seed).seed for model in MODELS for seed in range(1, 21)]
    assert len(set(seeds)) == len(seeds)
    assert BASE.sampling(3) == BASE.sampling(3)
    assert DRAWS % 2 == 1


@pytest.fixture
def call(store, monkeypatch):
    """The command, in the folder of the store; what is measured starts no gateway."""

    def run(*arguments):
        base = store.with_name("base.gguf")
        base.touch()
        monkeypatch.setattr("sys.argv", ["calibration", "--base", str(base), "--to", str(store.parent), *arguments])
        monkeypatch.setattr(command, "break_off_on_signals", lambda: None)
        return command.main()

    return run


def test_what_is_measured_is_not_measured_again_and_few_seeds_are_no_verdict(measure, call, store, capsys):
    for model in MODELS:
        for name in SETS:
            measure(model, name)
    assert call("--seeds", "1") == 3
    text = store.with_name("calibration.md").read_text(encoding="utf-8")
    assert text.startswith("# Calibration\n\n1 seeds, sets short-facts, copying, temperature 1, ")
    assert "| base | 70% of 120 (84 to 84) | | |" in text
    assert text in capsys.readouterr().out


def test_a_calibration_that_is_broken_off_says_how_to_go_on(call, monkeypatch, capsys):
    def broken_off(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "start_gateway", broken_off)
    assert call("--seeds", "1") == 130
    assert "the same command goes on from here" in capsys.readouterr().err


def test_without_a_base_model_nothing_is_measured(call, store, capsys):
    with pytest.raises(SystemExit, match="2"):
        call("--base", str(store.with_name("none.gguf")))
    assert "`gateway models pull` first" in capsys.readouterr().err
