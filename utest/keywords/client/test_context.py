import pytest
from assertionengine import AssertionOperator

from keywords.client.context import ContextLibrary
from keywords.client.http import HttpLibrary

TOO_LONG = "The context has 2048 tokens, the prompt 3037."


def test_a_prompt_of_words():
    assert ContextLibrary().prompt_of_words(3) == "hello hello hello"


@pytest.mark.parametrize(("said", "tokens"), [(TOO_LONG, 3037), ("3037 is more than 2048", 3037), ("Too long.", None)])
def test_the_size_of_a_refused_prompt_is_the_largest_number_that_its_refusal_names(gateway, said, tokens):
    gateway.answers(400, json={"error": {"message": said}})
    assert ContextLibrary().get_refused_prompt_tokens(HttpLibrary().send_chat("Hi")) == tokens


def test_a_refusal_that_names_the_limit_alone_is_judged_by_it(gateway):
    gateway.answers(400, json={"error": {"message": "The context has 2048 tokens."}})
    refusal = HttpLibrary().send_chat("Hi")
    with pytest.raises(AssertionError, match="The context has 2048 tokens"):
        ContextLibrary().get_refused_prompt_tokens(refusal, AssertionOperator[">="], 3000)


def test_a_refusal_without_a_number_cannot_be_judged(gateway):
    gateway.answers(400, json={"error": {"message": "Too long."}})
    refusal = HttpLibrary().send_chat("Hi")
    with pytest.raises(AssertionError, match="there is none"):
        ContextLibrary().get_refused_prompt_tokens(refusal, AssertionOperator[">="], 3000)
