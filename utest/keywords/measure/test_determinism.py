import httpx2
import pytest
from assertionengine import AssertionOperator

from keywords.measure.determinism import DeterminismLibrary

EQUAL = AssertionOperator["=="]


@pytest.fixture
def says(gateway, make):
    """Let the gateway say these texts, one after the other and round again."""

    def say(*texts):
        def answer(_):
            return httpx2.Response(200, json=make.completion(texts[(len(gateway.asked) - 1) % len(texts)]))

        gateway.answer = answer

    return say


def test_the_same_answers(gateway, says):
    says("red, green")
    result = DeterminismLibrary().ask_repeatedly("Name two colours.", 3, seed=7, max_tokens=9)
    assert (result.distinct, result.identical_share, result.first_divergence) == (1, 1.0, None)
    assert result.statement == "all 3 answers are the same"
    assert DeterminismLibrary().get_distinct_answers(result, EQUAL, 1) == 1
    assert [(body["temperature"], body["seed"], body["max_tokens"]) for body in gateway.bodies] == [(0, 7, 9)] * 3


def test_different_answers(says):
    says("red, green", "red, grey", "red, green", "red")
    result = DeterminismLibrary().ask_repeatedly("Name two colours.", 4)
    assert (result.distinct, result.identical_share, result.first_divergence) == (3, 0.5, 3)
    with pytest.raises(
        AssertionError,
        match=r"distinct answers should be 1, got 3; 3 different answers among 4, 50% say.* from character 3",
    ):
        DeterminismLibrary().get_distinct_answers(result, EQUAL, 1)
    assert DeterminismLibrary().get_share_of_identical_answers(result, AssertionOperator[">="], 0.5) == 0.5


def test_answers_that_came_together(gateway, says):
    says("red")
    assert DeterminismLibrary().ask_repeatedly("Name a colour.", 5, together=True).distinct == 1
    assert len(gateway.asked) == 5


def test_one_answer_cannot_be_compared(gateway):
    with pytest.raises(ValueError, match="times must be at least 2"):
        DeterminismLibrary().ask_repeatedly("Name a colour.", 1)
    assert gateway.asked == []


def test_each_seed_is_sent(gateway, says):
    says("a", "b", "c")
    assert DeterminismLibrary().ask_with_seeds("Tell.", 1, 2, 3, temperature=1.0).distinct == 3
    assert [body["seed"] for body in gateway.bodies] == [1, 2, 3]


def test_several_prompts_get_an_upper_bound(says):
    says("same")
    result = DeterminismLibrary().ask_each_repeatedly(*(f"Prompt {number}" for number in range(10)))
    assert result.statement == (
        "0 of 10 prompts got different answers; with 95% confidence at most 25.9% of such prompts do"
    )
    assert DeterminismLibrary().get_differing_prompts(result, EQUAL, 0) == 0
    assert DeterminismLibrary().get_upper_bound_of_differing_prompts(result) == pytest.approx(0.2589, abs=1e-4)


def test_prompts_that_differ_are_counted(says):
    says("a", "b", "c", "c")
    result = DeterminismLibrary().ask_each_repeatedly("One", "Two")
    assert result.differing == 1
    with pytest.raises(AssertionError, match="1 of 2 prompts got different answers"):
        DeterminismLibrary().get_differing_prompts(result, EQUAL, 0)
