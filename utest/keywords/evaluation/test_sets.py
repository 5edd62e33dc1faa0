from dataclasses import replace

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.storage import OF_TARGET
from keywords.engine.machine import Machine
from keywords.evaluation import sets
from keywords.evaluation.sets import EvaluationLibrary

AT_LEAST = AssertionOperator[">="]
EQUAL = AssertionOperator["=="]
library = EvaluationLibrary()


def test_a_set_is_scored_stored_and_shown(model, knows):
    knows(14)
    score = library.run_evaluation("short-facts", concurrency=1)
    assert library.get_score(score) == 0.7
    assert library.get_score(score, "lower bound") == pytest.approx(0.4922, abs=1e-4)
    assert library.get_score(score, "upper bound") == pytest.approx(0.8604, abs=1e-4)
    assert library.get_score(score, "mean value") == 0.7
    assert score.run.environment["server"] == "llm-gateway 1"
    assert score.run.environment[OF_TARGET] is True
    assert "What is the capital of France?" in (model.folder / "evaluation-1.html").read_text(encoding="utf-8")


def test_a_bound_below_its_limit_fails_with_what_was_counted(knows):
    knows(9)
    score = library.run_evaluation("short-facts", concurrency=1)
    library.get_score(score, "rate", AT_LEAST, 0.4)
    with pytest.raises(AssertionError, match=r"Score of short-facts, lower bound .* 0\.25.*; 9/20 correct"):
        library.get_score(score, "lower bound", AT_LEAST, 0.4)


def test_outcomes_are_counted_and_transport_errors_named(model):
    model.gateway.answers(500, json={"error": {"message": "no"}})
    score = library.run_evaluation("short-facts", limit=5)
    assert library.get_outcome_count(score, "transport error", EQUAL, 5) == 5
    assert library.get_outcome_count(score, "wrong") == 0
    with pytest.raises(AssertionError, match="5 with error status"):
        library.get_outcome_count(score, "transport error", EQUAL, 0)
    with pytest.raises(DatasetError, match="no request got a reply"):
        library.get_score(score, "lower bound")


@pytest.mark.parametrize(
    ("load", "took_s", "status", "ends"),
    [
        (40, 16, 504, SkipExecution),
        (2, 16, 504, AssertionError),
        (40, 1, 401, AssertionError),  # no timeout
        (40, 16, 200, AssertionError),  # slowness turns no answer into an error body
    ],
)
def test_items_without_an_answer_fail_unless_the_machine_explains_them(model, monkeypatch, load, took_s, status, ends):  # noqa: PLR0913, PLR0917
    monkeypatch.setattr(sets, "measure_machine", lambda: Machine(load=load, cores=2, wait_ratio=1))
    model.gateway.answers(status, json={"error": {"message": "no"}})
    score = library.run_evaluation("short-facts", limit=5)
    slow = {place: replace(one, asked=replace(one.asked, total_s=took_s)) for place, one in score.answers.items()}
    with pytest.raises(ends, match="5 transport errors"):
        library.every_item_should_be_answered(replace(score, answers=slow))


def test_a_run_with_all_answers_passes(knows):
    knows(0)
    library.every_item_should_be_answered(library.run_evaluation("short-facts", limit=2))


def test_every_option_reaches_the_request(model, knows):
    knows(1)
    options = {"temperature": 0.7, "draws": 2, "seed": 3, "extra": {"cache_prompt": False}}
    score = library.run_evaluation("short-facts", limit=1, concurrency=1, **options)
    assert [(body["temperature"], body["cache_prompt"]) for body in model.gateway.bodies] == [(0.7, False)] * 2
    assert len({body["seed"] for body in model.gateway.bodies}) == 2
    assert score.draws == 2


def test_a_file_takes_the_place_of_a_set(model, knows):
    knows(0)
    file = model.folder / "facts.jsonl"
    file.write_text('{"question": "Q?", "answer": {"value": "V"}}\n' * 2, encoding="utf-8")
    score = library.run_evaluation("short-facts", file=str(file), concurrency=1)
    assert not score.run.options["own_items"]
    assert [body["messages"][-1]["content"] for body in model.gateway.bodies] == ["Q?", "Q?"]


def test_a_gateway_of_a_row_is_not_the_target(model, knows):
    knows(1)
    model.found.url = "http://other.test"
    score = library.run_evaluation("short-facts", limit=1)
    assert score.run.environment == {OF_TARGET: False, "server": "a gateway of this row"}


def test_draws_that_change_are_told_from_those_that_do_not(model):
    model.says(lambda _, body: "same" if "France" in body["messages"][-1]["content"] else str(body["seed"]))
    score = library.run_evaluation("short-facts", limit=6, draws=3, seed=1, temperature=1.0)
    assert library.get_unchanging_items(score, EQUAL, 1) == 1


def test_lost_gained_and_identical_items_are_counted(knows):
    knows(14)
    before = library.run_evaluation("short-facts", concurrency=1)
    knows(10)
    found = library.compare_evaluations(before, library.run_evaluation("short-facts", concurrency=1))
    assert library.get_changed_items(found, "lost", EQUAL, 4) == 4
    assert library.get_changed_items(found, "gained") == 0
    assert library.get_changed_items(found, "identical") == 16
    with pytest.raises(AssertionError, match="Items that are lost should be 0, got 4"):
        library.get_changed_items(found, "lost", EQUAL, 0)


@pytest.mark.parametrize(
    ("after", "max_drop", "ends"),
    [
        (2, 0.1, AssertionError),  # 12 lost
        (10, 0.1, SkipExecution),  # 4 lost, beyond the limit, p=.125
        (12, 0.2, SkipExecution),  # within the limit, but 20 items do not exclude a larger one
        (6, 0.4, SkipExecution),  # 8 of 14 lost
        (12, 0.4, None),
        (14, 0.0, None),  # the same answers, character by character
    ],
)
def test_a_drop_fails_passes_or_is_left_open(knows, after, max_drop, ends):
    knows(14)
    before = library.run_evaluation("short-facts", concurrency=1)
    knows(after)
    found = library.compare_evaluations(before, library.run_evaluation("short-facts", concurrency=1))
    if ends is None:
        library.score_should_not_drop(found, max_drop)
        return
    with pytest.raises(ends) as raised:
        library.score_should_not_drop(found, max_drop)
    assert str(raised.value).startswith("INCONCLUSIVE:") is (ends is SkipExecution)


def test_another_server_is_asked_without_a_key(scripted, model):
    model.gateway.answers(500)
    score = library.run_evaluation("short-facts", limit=1, at=scripted.url)
    assert score.run.target == scripted.url
    assert OF_TARGET not in score.run.environment
    assert "authorization" not in scripted.requests[-1].headers
