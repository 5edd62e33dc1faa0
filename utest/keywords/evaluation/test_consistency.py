import pytest
from assertionengine import AssertionOperator

from keywords.evaluation.consistency import ConsistencyLibrary
from keywords.evaluation.sets import EvaluationLibrary


@pytest.fixture
def greedy(knows):
    knows(14)
    return EvaluationLibrary().run_evaluation("short-facts", concurrency=1)


def drawn(model, reply):
    model.says(reply)
    return EvaluationLibrary().run_evaluation("short-facts", draws=3, seed=1, temperature=1.0, concurrency=1)


CELLS = ("consistent and right", "consistent and wrong", "varying and right", "varying and wrong")


@pytest.mark.parametrize(
    ("by", "counts"),
    # Paris supports one greedy answer, of the capital of France; but it never varies.
    [("majority", [1, 0, 13, 6]), ("agreement", [1, 0, 13, 6]), ("entropy", [14, 6, 0, 0])],
)
def test_a_model_that_always_says_the_same_supports_one_answer_and_never_varies(model, greedy, by, counts):
    table = ConsistencyLibrary().tabulate_consistency(greedy, drawn(model, lambda *_: "Paris"), by)
    assert [ConsistencyLibrary().get_table_cell(table, cell) for cell in CELLS] == counts


def test_a_model_that_says_something_else_each_time_varies(model, greedy):
    table = ConsistencyLibrary().tabulate_consistency(greedy, drawn(model, lambda _, body: f"thing {body['seed']}"))
    assert (table.varying_right, table.varying_wrong) == (14, 6)
    with pytest.raises(AssertionError, match=r"varying and wrong should be less than or equal 5, got 6; .*CONSISTENT"):
        ConsistencyLibrary().get_table_cell(table, "varying and wrong", AssertionOperator["<="], 5)


def test_one_draw_is_no_consistency(greedy):
    with pytest.raises(ValueError, match="two draws"):
        ConsistencyLibrary().tabulate_consistency(greedy, greedy)
