"""Prompts are compared by their tokens."""

from dataclasses import replace

import pytest
from assertionengine import AssertionOperator

from keywords.client.chat import ChatLibrary
from keywords.client.prompts import PromptsLibrary

EQUAL = AssertionOperator["=="]


@pytest.mark.usefixtures("gateway")
def test_the_share_of_tokens_is_judged():
    answer = ChatLibrary().ask("Hello")
    twice = replace(answer, usage=replace(answer.usage, prompt_tokens=2 * answer.usage.prompt_tokens))
    library = PromptsLibrary()
    assert library.get_prompt_token_share(answer, twice, EQUAL, 0.5) == 0.5
    with pytest.raises(AssertionError, match=r"prompt's tokens should be 1\.0, got 2\.0; 6 of 3 tokens"):
        library.get_prompt_token_share(twice, answer, EQUAL, 1.0)
    with pytest.raises(AssertionError, match="without a count"):
        library.get_prompt_token_share(replace(answer, usage=None), answer)


@pytest.mark.parametrize(("separator", "text"), [("", "aaa"), (", ", "a, a, a")])
def test_a_text_is_repeated(separator, text):
    assert PromptsLibrary().repeated_text("a", 3, separator=separator) == text
