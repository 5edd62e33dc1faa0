import itertools
import json
import math
import re
from typing import get_args

import httpx2
import pytest

from keywords.engine.evaluation.consistency import (
    Proxy,
    agreement,
    cross_table,
    item_consistency,
    majority,
    semantic_entropy,
    short_answer,
)
from keywords.engine.evaluation.self_ask import stands_by_it


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["a", "a", "b"], "a"),
        (["a", None, None, None], "a"),
        ([None, None], None),
        ([], None),
        (["a", "b"], None),
        (["a", "b", "b", "a", "b"], "b"),
    ],
)
def test_the_majority_wins_and_what_is_invalid_or_tied_does_not(answers, expected):
    assert majority(answers) == expected


def test_entropy_is_0_for_one_meaning_and_ln_k_for_k():
    assert semantic_entropy(["a", "a", "a"]) == 0
    assert semantic_entropy(["a", "b", "c"]) == pytest.approx(math.log(3))
    assert semantic_entropy(["a", "a", "b", "b"]) == pytest.approx(math.log(2))
    assert semantic_entropy([None, None]) == pytest.approx(math.log(2))


def test_agreement_is_the_mean_share_of_words():
    assert agreement("red boat", ["red boat", "red car", "ship"]) == pytest.approx((1 + 0.5 + 0) / 3)


@pytest.mark.parametrize(("text", "expected"), [("The Nile.", "nile"), ("I don't know", None), ("", None)])
def test_an_answer_is_compared_without_its_form(text, expected):
    assert short_answer(text) == expected


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [("Yes.", "No", True), ("No", "Yes", False), ("Yes", "Yes", False), ("No", "No", False), ("Maybe", "No", None)],
)
def test_a_model_that_says_yes_to_both_does_not_stand_by_it(right, wrong, expected):
    assert stands_by_it(right, wrong) is expected


def test_items_are_tabulated_by_consistency_and_correctness(laboratory):
    laboratory.answers(lambda question: question.startswith("What"))
    greedy = laboratory.score(laboratory.run())
    drawn = laboratory.score(laboratory.run(draws=3, seed=1, temperature=1.0))
    found = item_consistency(greedy, drawn)
    table = cross_table([(one.is_consistent(), one.correct) for one in found])
    # This model always says the same, so all that is wrong is consistently so.
    assert (table.consistent_right, table.consistent_wrong, table.varying_right, table.varying_wrong) == (12, 8, 0, 0)
    assert table.sentence.startswith("8 CONSISTENT AND WRONG")
    assert {(one.entropy, one.agreement, one.draws) for one in found} == {(0.0, 1.0, 3)}


def test_draws_agree_by_the_number_that_they_end_with_however_they_get_there(laboratory, make):
    texts = itertools.cycle(["6*12 is 72.\n#### 22", "First 72, then\n#### $22.00", "#### 23", "no number"])
    laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion(next(texts)))
    drawn = laboratory.score(laboratory.run("word-problems", limit=1, draws=4, temperature=1.0))
    (found,) = item_consistency(laboratory.score(laboratory.run("word-problems", limit=1)), drawn)
    assert (found.majority, found.majority_share) == ("22", 0.5)
    assert found.entropy == pytest.approx(-0.5 * math.log(0.5) - 0.5 * math.log(0.25))


def test_draws_agree_by_the_choice_and_not_by_its_letter(laboratory, make):
    def answer(request):
        asked = json.loads(request.content)["messages"][-1]["content"]
        letter = re.search(r"(?m)^([A-D])\. carbon dioxide$", asked)[1]
        return httpx2.Response(200, json=make.completion(f"Answer: {letter}"))

    laboratory.gateway.answer = answer
    score = laboratory.score(laboratory.run("science", limit=1))
    (found,) = item_consistency(score, score)
    assert (found.majority, found.majority_share, found.entropy, found.correct) == ("carbon dioxide", 1.0, 0.0, True)


@pytest.mark.parametrize(
    ("greedy", "draws", "consistent"),
    [
        ("Rome", ["Rome", "Rome", "Rome."], {"majority", "entropy", "agreement"}),
        ("Rome", ["Paris", "Paris", "Paris"], {"entropy"}),  # they agree, but not with the greedy answer
        ("Rome", ["Rome", "Rome", "Oslo", "Bonn", "Rome"], {"majority", "agreement"}),  # entropy 0.95
        ("Rome", ["Rome", "Paris", "Rome", "Paris"], set()),  # entropy ln 2, agreement 0.5
        ("the red boat", ["red boat sails", "a red boat", "one red boat"], {"agreement"}),
    ],
)
def test_draws_support_the_greedy_answer_by_each_proxy(laboratory, make, greedy, draws, consistent):
    def says(*texts):
        told = itertools.cycle(texts)
        laboratory.gateway.answer = lambda _: httpx2.Response(200, json=make.completion(next(told)))

    says(greedy)
    first = laboratory.score(laboratory.run(limit=1))
    says(*draws)
    (found,) = item_consistency(first, laboratory.score(laboratory.run(limit=1, draws=len(draws), temperature=1.0)))
    assert {proxy for proxy in get_args(Proxy) if found.is_consistent(proxy)} == consistent


def test_one_draw_is_no_consistency(laboratory):
    laboratory.answers(lambda _: True)
    score = laboratory.score(laboratory.run(limit=5))
    with pytest.raises(ValueError, match="ask for draws=5"):
        item_consistency(score, score)
