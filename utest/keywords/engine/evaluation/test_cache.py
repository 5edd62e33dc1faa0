"""Which answers of earlier runs a run takes."""

import pytest

from keywords.engine.evaluation import runs
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.sentences import sentence
from keywords.run.places import DATASETS


def test_the_cache_of_another_model_is_not_taken(laboratory):
    laboratory.answers(lambda _: True)
    laboratory.run(limit=5)
    laboratory.gateway.client.model = "model-b"
    score = laboratory.score(laboratory.run(limit=5, use_cache=True))
    assert (score.cached, len(laboratory.gateway.asked)) == (0, 10)


def test_an_equal_request_is_asked_again_unless_the_cache_is_on(laboratory):
    laboratory.answers(lambda _: True)
    laboratory.run(limit=5)
    laboratory.run(limit=5)
    assert len(laboratory.gateway.asked) == 10
    score = laboratory.score(laboratory.run(limit=6, use_cache=True))
    assert len(laboratory.gateway.asked) == 11
    assert (score.cached, score.hits) == (5, 6)
    assert "5 answers were taken from earlier runs" in sentence(score)


def test_the_sentence_counts_one_answer_as_one(laboratory):
    laboratory.answers(lambda _: True)
    laboratory.run(limit=1)
    assert "1 answer was taken from earlier runs" in sentence(laboratory.score(laboratory.run(limit=6, use_cache=True)))


@pytest.mark.parametrize("changed", [{"temperature": 0.5}, {"seed": 7}, {"max_tokens": 3}, {"extra": {"top_p": 0.5}}])
def test_the_cache_knows_every_parameter(laboratory, changed):
    laboratory.answers(lambda _: True)
    laboratory.run(limit=5)
    laboratory.run(limit=5, use_cache=True, **changed)
    assert len(laboratory.gateway.asked) == 10


def test_the_cache_knows_the_draw_and_the_server(laboratory):
    laboratory.answers(lambda _: True)
    laboratory.run(limit=5, draws=2)
    assert laboratory.score(laboratory.run(limit=5, draws=3, use_cache=True)).cached == 10
    laboratory.gateway.client.base_url = "http://other.test"
    asked = len(laboratory.gateway.asked)
    laboratory.run(limit=5, use_cache=True)
    assert len(laboratory.gateway.asked) == asked + 5


def test_the_cache_of_another_server_behind_the_same_address_is_not_taken(laboratory):
    laboratory.answers(lambda _: True)
    laboratory.run(limit=5)
    plan = runs.Plan(Catalogue(DATASETS).load("short-facts", limit=5), Sampling(), concurrency=1, use_cache=True)
    runs.run_evaluation(laboratory.path, laboratory.gateway.client, plan, server="memory 2")
    assert len(laboratory.gateway.asked) == 10


def test_a_transport_error_is_never_taken_from_the_cache(laboratory):
    laboratory.gateway.answers(500, json={"error": {"message": "down"}})
    laboratory.run(limit=5)
    laboratory.answers(lambda _: True)
    assert laboratory.score(laboratory.run(limit=5, use_cache=True)).hits == 5
