import itertools
import json
import subprocess
import sys
import textwrap
import threading

import httpx2
import pytest

from keywords.engine.evaluation import runs, storage
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.marks import Outcome
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.sentences import sentence
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.statistics.intervals import clopper_pearson_lower, clopper_pearson_upper
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run
from keywords.run.places import DATASETS, ROOT


def test_right_and_wrong_answers_are_counted_and_stored_as_they_were_sent(laboratory):
    laboratory.answers(lambda question: question.startswith("What"))
    score = laboratory.score(laboratory.run())
    assert (score.hits, score.draws, score.passed) == (12, 20, 12)
    sent = [json.loads(answer.request) for answer in score.answers.values()]
    assert sent == laboratory.gateway.bodies
    assert sent[0]["messages"][0] == {"role": "system", "content": "Answer with the fact alone, in one or two words."}
    assert sent[0]["messages"][1:3] == [
        {"role": "user", "content": "What is the capital of Portugal?"},
        {"role": "assistant", "content": "Lisbon"},
    ]
    assert sent[0]["messages"][-1]["content"] == "What is the capital of France?"


def test_the_sentence_says_what_was_asked_and_what_it_is_worth(laboratory):
    laboratory.answers(lambda question: question.startswith("What"), otherwise="I don't know")
    score = laboratory.score(laboratory.run())
    assert sentence(score) == (
        "Model model-a at http://gateway.test (memory 1), set short-facts v1 (20 items, sha256 6b796568b98d…), T=0: "
        "12/20 correct, Wilson 95 % 39 to 78 % by exact-match-triviaqa; 0 format failures, 8 abstained, "
        "0 transport errors. Detects a drop of 37 points or more against an equal run, if nothing is gained; own "
        "items, not comparable with published TriviaQA."
    )


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (httpx2.Response(500, json={"error": {"message": "down"}}), "error status"),
        (httpx2.Response(200, json={"error": {"message": "down"}}), "error body with a good status"),
        (httpx2.Response(200, content=b""), "empty body"),
        (httpx2.Response(200, json={"choices": []}), "body is no chat completion"),
        (httpx2.Response(200, content=b"<html>"), "body is no chat completion"),
    ],
)
def test_what_is_no_reply_is_a_transport_error_and_never_wrong(laboratory, response, failure):
    laboratory.gateway.answer = lambda _: response
    score = laboratory.score(laboratory.run(limit=5))
    assert score.failures == {failure: 5}
    assert score.outcomes[Outcome.ERROR] == 5
    assert score.outcomes[Outcome.WRONG] == 0
    with pytest.raises(DatasetError, match=f"no request got a reply \\(5 {failure}\\)"):
        _ = score.lower_bound


def test_a_cut_answer_and_no_answer_are_told_apart(laboratory):
    class Cut(httpx2.SyncByteStream):
        def __iter__(self):
            yield b'{"choices": [{"message": {"content": "Par'
            raise httpx2.RemoteProtocolError("peer closed connection")

    def refuse(request):
        raise httpx2.ConnectError("refused", request=request)

    laboratory.gateway.answer = lambda _: httpx2.Response(200, stream=Cut())
    assert laboratory.score(laboratory.run(limit=5)).failures == {"answer broke off": 5}
    laboratory.gateway.answer = refuse
    assert laboratory.score(laboratory.run(limit=5)).failures == {"no answer": 5}


def test_an_empty_text_is_the_models_fault_and_no_transport_error(laboratory, make):
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion(""))
    score = laboratory.score(laboratory.run(limit=5))
    assert score.outcomes[Outcome.FORMAT] == 5
    assert not score.failures


def test_so_many_requests_as_asked_for_are_under_way_at_once(laboratory, make):
    together, arrived = threading.Barrier(3, timeout=10), []

    def answer(_):
        arrived.append(together.wait())
        return httpx2.Response(200, json=make.completion("Paris"))

    laboratory.gateway.answer = answer
    laboratory.run(limit=6, concurrency=3)
    assert len(arrived) == 6


def test_an_interrupted_run_goes_on_where_it_stopped_and_says_so(laboratory, make):
    count = 0

    def answer(_):
        nonlocal count
        count += 1
        if count == 8:
            raise KeyboardInterrupt
        return httpx2.Response(200, json=make.completion("Paris"))

    laboratory.gateway.answer = answer
    with pytest.raises(KeyboardInterrupt):
        laboratory.run()
    with Store(laboratory.path, ROOM) as store:
        assert read_run(store, 1).interrupted
        assert len(list(storage.read_answers(store, 1))) == 7
    assert "not finished: `qa eval --resume 1`" in sentence(laboratory.score(1))
    assert laboratory.run(resume=1) == 1
    assert count == 8 + 13
    score = laboratory.score(1)
    assert score.draws == 20
    assert "interrupted and resumed once" in sentence(score)


def test_a_run_is_resumed_only_with_what_it_asked(laboratory, make):
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion("Paris"))
    run = laboratory.run(limit=5)
    with pytest.raises(DatasetError, match="asked model-a something else"):
        laboratory.run(limit=5, resume=run, temperature=1.0)


def test_a_finished_run_has_nothing_to_resume(laboratory):
    laboratory.answers(lambda _: True)
    run = laboratory.run(limit=5)
    with pytest.raises(DatasetError, match="run 1 is finished, nothing is left to ask"):
        laboratory.run(limit=5, resume=run)
    assert "resumed" not in sentence(laboratory.score(run))


def test_each_request_has_a_seed_of_its_own_and_the_same_in_each_run(laboratory):
    laboratory.answers(lambda _: True)
    score = laboratory.score(laboratory.run(limit=5, draws=3, seed=7, temperature=1.0))
    seeds = [body["seed"] for body in laboratory.gateway.bodies]
    assert len(set(seeds)) == 15
    assert all(0 <= seed < 2**31 for seed in seeds)
    laboratory.run(limit=5, draws=3, seed=7, temperature=1.0)
    laboratory.run(limit=5, draws=3, seed=8, temperature=1.0)
    again = [body["seed"] for body in laboratory.gateway.bodies]
    assert again[15:30] == seeds
    assert not set(again[30:]) & set(seeds)
    assert score.rate.items == 5
    assert score.unchanging_items == 5


def test_choices_are_asked_once_for_each_place_of_the_right_one(laboratory, make):
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion("Answer: A"))
    score = laboratory.score(laboratory.run("science"))
    # A model that always says A is right once for each item and so passes none.
    assert (score.hits, score.draws, score.passed) == (20, 80, 0)
    assert score.rate.mean == 0.25


def test_half_of_an_items_answers_are_not_most_of_them(laboratory, make):
    texts = itertools.cycle(["Paris", "Lyon"])
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion(next(texts)))
    score = laboratory.score(laboratory.run(limit=1, draws=2))
    assert (score.hits, score.draws, score.passed) == (1, 2, 0)


def test_few_items_get_no_interval_and_say_so(laboratory):
    laboratory.answers(lambda _: True)
    said = sentence(laboratory.score(laboratory.run(limit=4)))
    assert "4/4 correct (n too small: 4 items give no interval, it needs 5)" in said
    assert "n too small to detect any drop: 4 items" in said
    assert "Wilson" not in said


def test_a_bound_holds_whatever_the_items_without_an_answer_would_have_been(laboratory, make):
    answers = itertools.cycle([httpx2.Response(200, json=make.completion("Paris")), httpx2.Response(500)])
    laboratory.gateway.answer = lambda _: next(answers)
    score = laboratory.score(laboratory.run())
    assert (score.passed, score.valid_items, len(score.items)) == (1, 10, 20)
    assert score.lower_bound == clopper_pearson_lower(1, 20)
    assert score.upper_bound == clopper_pearson_upper(11, 20)


def test_a_scorer_that_does_not_fit_is_refused_before_anything_is_asked(laboratory):
    with pytest.raises(DatasetError, match="choice-letter needs choices"):
        laboratory.run(scorers=("choice-letter",))
    with pytest.raises(DatasetError, match="needs logprobs"):
        laboratory.run("science", scorers=("choice-likelihood",))
    assert not laboratory.gateway.asked


def test_the_likeliest_letter_is_read_from_openais_logprobs(laboratory, make):
    body = make.completion("I think")
    top = [{"token": "I", "logprob": -0.1}, {"token": " B", "logprob": -2.0}, {"token": "A", "logprob": -3.0}]
    body["choices"][0]["logprobs"] = {"content": [{"token": "I", "logprob": -0.1, "top_logprobs": top}]}
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=body)
    run = laboratory.run("science", scorers=("choice-likelihood",), logprobs=True, rotate=False)
    score = laboratory.score(run)
    assert {mark.extracted for mark in score.marks.values()} == {"B"}
    assert score.hits == 5
    assert laboratory.gateway.bodies[0]["top_logprobs"] == 20


KILLED = """
    import sys, threading, time
    from pathlib import Path
    import httpx2
    from keywords.engine.evaluation.catalogue import Catalogue
    from keywords.engine.evaluation.prompting import Sampling
    from keywords.engine.evaluation.runs import Plan, run_evaluation
    from keywords.engine.openai.client import ChatClient
    from keywords.run.places import DATASETS

    def answer(request):
        return httpx2.Response(200, json={"choices": [{"message": {"content": "Paris"}}]})

    def told(done, all):
        print(done, flush=True)
        if done == 7:
            time.sleep(60)

    client = ChatClient("http://gateway.test", api_key=None, model="model-a", transport=httpx2.MockTransport(answer))
    plan = Plan(Catalogue(DATASETS).load("short-facts"), Sampling(), concurrency=1)
    run_evaluation(Path(sys.argv[1]), client, plan, server="memory 1", on_answer=told)
"""


def test_kill_9_loses_no_answer_that_was_told(laboratory, make):
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(laboratory.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        for line in process.stdout:
            if line.strip() == b"7":
                process.kill()
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion("Paris"))
    with Store(laboratory.path, ROOM) as store:
        assert len(list(storage.read_answers(store, 1))) == 7
        assert read_run(store, 1).ended is None
    laboratory.run(resume=1)
    assert len(laboratory.gateway.asked) == 13
    assert laboratory.score(1).draws == 20


def test_a_plan_is_read_back_from_its_run(laboratory):
    laboratory.answers(lambda _: True)
    run = laboratory.run(limit=6, draws=2, seed=3, temperature=0.5, scorers=("f1",))
    with Store(laboratory.path, ROOM) as store:
        stored = storage.read_evaluation(store, run)
    plan = runs.plan_of(stored, Catalogue(DATASETS), concurrency=9)
    assert (len(plan.dataset.items), plan.scorers, plan.concurrency) == (6, ("f1",), 9)
    assert plan.sampling == Sampling(temperature=0.5, draws=2, seed=3)
