import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.items import Item
from keywords.engine.evaluation.self_ask import known_claims
from keywords.evaluation.consistency import ConsistencyLibrary
from keywords.evaluation.self_ask import SelfAskLibrary
from keywords.evaluation.sets import EvaluationLibrary
from keywords.run.places import DATASETS

FACTS = {item.question: item.references for item in Catalogue(DATASETS).load("short-facts").items}


@pytest.fixture
def score(knows):
    knows(14)
    return EvaluationLibrary().run_evaluation("short-facts", concurrency=1)


def opinion(believes):
    """Replies of a model that believes some claims: `believes(question, claim)`."""

    def reply(text, _):
        question, claim, asked = (line.partition(": ")[2] or line for line in text.split("\n"))
        stands = believes(claim in FACTS[question])
        return "Yes." if stands == ("right" in asked) else "No."

    return reply


def test_a_model_that_knows_right_from_wrong_claims_is_told_apart(model, score):
    model.says(opinion(lambda is_right: is_right))
    library = SelfAskLibrary()
    known = library.ask_about_known_claims(score)
    assert library.get_claims_told_apart(known, AssertionOperator["=="], 20) == 20
    library.claims_should_be_told_apart(known)
    table = library.tabulate_self_ask(score)
    assert (table.consistent_right, table.consistent_wrong, table.varying_wrong) == (14, 0, 6)


@pytest.mark.parametrize("says", ["Yes.", "No.", "Perhaps."])
def test_a_model_that_always_says_the_same_has_no_opinion(model, score, says):
    model.says(lambda *_: says)
    library = SelfAskLibrary()
    known = library.ask_about_known_claims(score)
    with pytest.raises(SkipExecution, match=r"INCONCLUSIVE: .* says nothing: of 20 items, .* neither of 20"):
        library.claims_should_be_told_apart(known)


def test_a_model_that_believes_the_wrong_claims_has_none_either(model, score):
    model.says(opinion(lambda is_right: not is_right))
    library = SelfAskLibrary()
    with pytest.raises(SkipExecution):
        library.claims_should_be_told_apart(library.ask_about_known_claims(score))


def test_a_model_that_stands_by_everything_is_consistent_and_wrong(model, score):
    model.says(opinion(lambda _: True))
    table = SelfAskLibrary().tabulate_self_ask(score)
    assert (table.consistent_right, table.consistent_wrong) == (14, 6)
    with pytest.raises(AssertionError, match="Items that are consistent and wrong"):
        ConsistencyLibrary().get_table_cell(table, "consistent and wrong", AssertionOperator["<="], 5)


def test_claims_that_get_no_answer_are_left_out(model, score):
    model.gateway.answers(500, json={"error": {"message": "no"}})
    with pytest.raises(ValueError, match="no item"):
        SelfAskLibrary().ask_about_known_claims(score)
    with pytest.raises(ValueError, match="no item has an answer"):
        SelfAskLibrary().tabulate_self_ask(score)


def test_a_wrong_claim_is_none_of_the_accepted_answers():
    items = [Item("1", "a", ("The Nile",)), Item("2", "b", ("nile",)), Item("3", "c", ()), Item("4", "d", ("Po",))]
    assert [(item.id, right, wrong) for item, right, wrong in known_claims(items)] == [
        ("1", "The Nile", "Po"),
        ("2", "nile", "Po"),
        ("4", "Po", "The Nile"),
    ]
    assert known_claims(items[:2]) == []
