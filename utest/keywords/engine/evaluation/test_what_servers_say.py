"""What a run's sentence tells of its server: other models, other addresses, questions that stand there twice."""

import json
import sqlite3
from contextlib import closing

import httpx2
import pytest

from keywords.engine.evaluation import storage
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.runs import Plan, run_evaluation
from keywords.engine.evaluation.scores import read_score
from keywords.engine.evaluation.sentences import sentence
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.openai.client import ChatClient
from keywords.engine.store.database import Store
from keywords.run.places import DATASETS


def answers_as(laboratory, make, *models):
    """Answer in turn in the names of these models; the last one goes on."""
    names = iter(models)
    last = models[-1]
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion("Paris", model=next(names, last)))


def test_a_model_that_changes_in_the_middle_is_told(laboratory, make):
    answers_as(laboratory, make, "model-a", "model-a", "model-b")
    score = laboratory.score(laboratory.run(limit=5))
    assert "Answers name other models than model-a: model-b (3)." in sentence(score)


def test_an_answer_that_names_no_model_or_the_one_that_was_asked_is_not_told(laboratory, make):
    answers_as(laboratory, make, "model-a", None, 7, "", "model-a")
    assert "name other models" not in sentence(laboratory.score(laboratory.run(limit=5)))


def test_so_many_names_are_counted_and_not_all_shown(laboratory, make):
    answers_as(laboratory, make, *[f"model-{number}" for number in range(20)])
    assert "model-0 (1), model-1 (1), model-2 (1) and 17 more" in sentence(laboratory.score(laboratory.run()))


def test_a_run_that_goes_on_at_another_address_says_so(laboratory, make):
    plan = Plan(Catalogue(DATASETS).load("short-facts", limit=6), Sampling(), concurrency=1)
    answered = 0

    def answer(_):
        nonlocal answered
        answered += 1
        if answered == 3:
            raise KeyboardInterrupt
        return httpx2.Response(200, json=make.completion("Paris"))

    def run(url, resume=None):
        client = ChatClient(url, api_key=None, model="model-a", transport=httpx2.MockTransport(answer))
        return run_evaluation(laboratory.path, client, plan, server="memory 1", resume=resume)

    with pytest.raises(KeyboardInterrupt):
        run("http://one.test")
    run("http://user:password@two.test/v1", resume=1)
    said = sentence(laboratory.score(1))
    assert "The run was interrupted and resumed once, at http://two.test." in said


def test_a_question_that_stands_there_twice_is_told(laboratory, make, tmp_path):
    lines = [json.dumps({"question": "same?" if n < 3 else f"{n}?", "answer": f"#### {n}"}) for n in range(6)]
    (tmp_path / "test.jsonl").write_text("\n".join(lines), encoding="utf-8")
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion("#### 1"))
    dataset = Catalogue(DATASETS).load("word-problems", tmp_path / "test.jsonl")
    run = run_evaluation(laboratory.path, laboratory.gateway.client, Plan(dataset, Sampling(), concurrency=1))
    said = sentence(laboratory.score(run))
    assert "2 items ask what another one asks, so the interval is too narrow." in said


def test_a_store_of_the_version_before_is_read_and_goes_on(laboratory, make):
    answers_as(laboratory, make, "model-b")
    laboratory.run(limit=5)
    with closing(sqlite3.connect(laboratory.path)) as file, file:
        file.execute("UPDATE schema_version SET version = 1 WHERE room = 'evaluation'")
        file.execute("ALTER TABLE evaluation_answers DROP COLUMN refused")
        file.execute("ALTER TABLE evaluation_answers DROP COLUMN answered_by")
    with Store(laboratory.path, ROOM) as store:
        assert {one.asked.model for one in storage.read_answers(store, 1)} == {None}
        assert read_score(store, 1).hits == 1
    laboratory.run(limit=5)
    assert "model-b (5)" in sentence(laboratory.score(2))
