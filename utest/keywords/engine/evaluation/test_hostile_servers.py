"""Servers that answer with what no server should: the run goes on, and nothing of it is held against the model."""

import json
import threading
from types import SimpleNamespace

import httpx2
import pytest

from keywords.engine.evaluation import together
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.marks import Outcome
from keywords.engine.evaluation.prompting import TOP_LOGPROBS, Question
from keywords.engine.evaluation.together import ask_together
from keywords.engine.http.patience import Patience


class Endless(httpx2.SyncByteStream):
    def __iter__(self):
        while True:
            yield b" " * 2**20


def choice(**fields):
    return {"index": 0, "message": {"role": "assistant", "content": "Paris"}, "finish_reason": "stop", **fields}


def logprobs(*candidates):
    listed = [{"token": token, "logprob": value} for token, value in candidates]
    return {"content": [{"token": "A", "logprob": -1.0, "top_logprobs": listed}]}


def only(score):
    """The answer of a run to one item."""
    (one,) = score.answers.values()
    return one.asked


def answered(laboratory, make, **changes):
    """What became of an answer whose body has other fields."""
    body = json.dumps(make.completion("Paris", **changes)).encode()
    laboratory.gateway.answer = lambda _: httpx2.Response(200, content=body)
    return only(laboratory.score(laboratory.run(limit=1)))


def test_an_answer_without_end_is_broken_off_and_the_run_goes_on(laboratory):
    laboratory.gateway.answer = lambda _: httpx2.Response(200, stream=Endless())
    score = laboratory.score(laboratory.run(limit=2))
    assert score.failures == {"answer broke off": 2}
    assert "the answer goes on after 16777216 bytes" in next(iter(score.answers.values())).asked.detail


@pytest.mark.parametrize("reason", [["stop"], {"a": 1}, 7, True, 1.5])
def test_a_reason_that_is_no_text_is_none(laboratory, make, reason):
    asked = answered(laboratory, make, choices=[choice(finish_reason=reason)])
    assert (asked.reply.text, asked.finish_reason) == ("Paris", None)


@pytest.mark.parametrize("count", [10**30, -5, True, 1.5, "7", None])
def test_a_count_of_tokens_that_is_none_is_left_out(laboratory, make, count):
    asked = answered(laboratory, make, usage={"completion_tokens": count})
    assert (asked.reply.text, asked.completion_tokens) == ("Paris", None)


@pytest.mark.parametrize("value", ["-1e999", "-" + "9" * 400, "99", "true", '"-1"', "null"])
def test_a_candidate_without_a_log_probability_is_none(laboratory, make, value):
    body = json.dumps(make.completion(choices=[choice(logprobs=logprobs(("A", 77777), ("B", -1.5)))]))
    content = body.replace("77777", value).encode()
    laboratory.gateway.answer = lambda _: httpx2.Response(200, content=content)
    assert only(laboratory.score(laboratory.run(limit=1))).reply.first_token == {"B": -1.5}


def test_of_more_candidates_than_were_asked_for_the_likeliest_are_kept(laboratory, make):
    many = [(f"t{number}", -float(number)) for number in range(1000, 0, -1)]
    asked = answered(laboratory, make, choices=[choice(logprobs=logprobs(*many))])
    assert asked.reply.first_token == {f"t{number}": -float(number) for number in range(1, TOP_LOGPROBS + 1)}


@pytest.mark.parametrize(
    "broken",
    [
        {"message": None},
        {"message": "Paris"},
        {"message": {"content": 7}},
        {"message": {"content": ["Paris"]}},
        {"message": {"content": [{"type": "text", "text": "Paris"}]}},
        {"message": {"content": {"text": "Paris"}}},
        {"message": {"content": False}},
    ],
)
def test_a_message_that_is_none_is_the_servers_fault_and_no_wrong_answer(laboratory, make, broken):
    asked = answered(laboratory, make, choices=[choice(**broken)])
    assert (asked.reply, asked.failure) == (None, "body is no chat completion")
    assert "choices[0].message" in asked.detail


@pytest.mark.parametrize("message", [{"role": "assistant", "content": None}, {"role": "assistant"}])
def test_a_message_without_a_text_is_an_empty_answer(laboratory, make, message):
    assert answered(laboratory, make, choices=[choice(message=message)]).reply.text == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"error": {"message": "half"}},
        {"error": "half"},
        {"choices": [choice(error={"message": "half"}, finish_reason="error")]},
    ],
)
def test_an_error_beside_an_answer_is_an_error(laboratory, make, changes):
    asked = answered(laboratory, make, **changes)
    assert (asked.reply, asked.failure) == (None, "error body with a good status")


def test_an_error_in_the_words_of_ollama_is_an_error(laboratory):
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json={"error": "model is loading"})
    assert only(laboratory.score(laboratory.run(limit=1))).failure == "error body with a good status"


def test_a_refusal_in_its_own_field_is_a_refusal_whatever_its_words(laboratory, make):
    message = {"role": "assistant", "content": None, "refusal": "Das beantworte ich nicht."}
    body = make.completion(choices=[choice(message=message)])
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=body)
    score = laboratory.score(laboratory.run(limit=1))
    assert score.outcomes[Outcome.REFUSED] == 1
    assert only(score).reply.text == "Das beantworte ich nicht."
    again = laboratory.score(1)
    assert again.outcomes[Outcome.REFUSED] == 1


class Silent:
    """A client of a server that answers nothing to some questions until the test is over, whatever its own limit."""

    base_url = "http://gateway.test"
    patience = Patience(longest_s=0.1)

    def __init__(self, silent):
        self.silent, self.over = silent, threading.Event()

    def ask(self, _client, body, _at_once=1):
        if body in self.silent:
            self.over.wait(30)
        return body


def test_a_server_that_never_ends_its_headers_costs_its_own_questions_only(monkeypatch):
    silent = Silent({b"2", b"3"})
    monkeypatch.setattr(together, "ask", silent.ask)
    monkeypatch.setattr(together, "GRACE_S", 0.05)
    wanted = [Question(str(number), 0, 0, str(number).encode()) for number in range(8)]
    try:
        found = dict(ask_together(silent, iter(wanted), 2))
    finally:
        silent.over.set()
    late = {question.item: asked.detail for question, asked in found.items() if not isinstance(asked, bytes)}
    assert late.keys() == {"2", "3"}
    assert late["2"].startswith("no end of the answer within 0.1 s")
    assert len(found) == 8


def test_no_more_threads_are_started_than_there_are_questions(monkeypatch):
    monkeypatch.setattr(together, "ask", lambda *_: threading.active_count())
    before = threading.active_count()
    asked = dict(ask_together(Silent(set()), iter([Question("1", 0, 0, b"1")]), 1_000_000))
    assert max(asked.values()) <= before + 1


def test_a_machine_without_room_for_threads_is_told_with_the_remedy(monkeypatch):
    class Refused(threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(together, "threading", SimpleNamespace(Thread=Refused))
    with pytest.raises(DatasetError, match=r"0 threads.*lower --concurrency"):
        list(ask_together(Silent(set()), iter([Question("1", 0, 0, b"1")]), 4))
