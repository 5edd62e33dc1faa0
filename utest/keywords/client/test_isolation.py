import json

import httpx2
import pytest

from keywords.client.isolation import IsolationLibrary


def test_answers_at_once_are_told_from_those_to_other_questions(gateway, make):
    gateway.answer = lambda request: httpx2.Response(
        200, json=make.completion(json.loads(request.content)["messages"][0]["content"])
    )
    library = IsolationLibrary()
    alone = library.ask_one_by_one("Red is warm and bright.", "Two and two is 4.", temperature=0)
    # At the same moment a model may choose another word.
    together = library.ask_one_by_one("Red is warm and vivid.", "Two and two is 4.")
    library.answers_should_be_to_their_own_questions(together, alone)
    with pytest.raises(AssertionError, match=r"Answer 1 should be most like 'Red.* it is 'Two.* to question 2"):
        library.answers_should_be_to_their_own_questions(together[::-1], alone)
    with pytest.raises(AssertionError, match="1 answers cannot be compared with 2"):
        library.answers_should_be_to_their_own_questions(alone[:1], alone)
    with pytest.raises(AssertionError, match="Each question should get another answer alone"):
        library.answers_should_be_to_their_own_questions(alone, [alone[0], alone[0]])


def test_ids_that_come_back(gateway, make):
    def echo(request):
        return httpx2.Response(
            200, json=make.completion("x"), headers={"x-request-id": request.headers["x-request-id"]}
        )

    gateway.answer = echo
    library = IsolationLibrary()
    answers = library.ask_together_with_ids(4, "Hello")
    assert len(answers) == 4
    library.each_answer_should_carry_its_own_id(answers)
    swapped = dict(zip(answers, reversed(answers.values()), strict=True))
    with pytest.raises(AssertionError, match="carries the request id 'qa-"):
        library.each_answer_should_carry_its_own_id(swapped)


def test_a_canary_is_found_in_body_and_headers(gateway, make):
    library = IsolationLibrary()
    canary = library.new_canary()
    assert canary != library.new_canary()
    for said in (
        {"json": make.completion(f"It is {canary}")},
        {"json": make.completion("x"), "headers": {"x": canary}},
    ):
        gateway.answers(200, **said)
        (answer,) = library.ask_one_by_one("What was it?")
        with pytest.raises(AssertionError, match=canary):
            library.canary_should_not_appear(canary, answer)
    library.canary_should_not_appear(library.new_canary(), answer)
