"""Prompts are compared by their tokens, and read as a backend got them."""

from dataclasses import replace

import pytest
from assertionengine import AssertionOperator

from keywords.chat import ChatLibrary
from keywords.prompts import PromptsLibrary

EQUAL = AssertionOperator["=="]


@pytest.mark.usefixtures("gateway")
def test_the_share_of_tokens_is_judged():
    answer = ChatLibrary().ask("Hello")
    twice = replace(answer, usage=replace(answer.usage, prompt_tokens=2 * answer.usage.prompt_tokens))
    library = PromptsLibrary()
    assert library.get_prompt_token_share(answer, twice, EQUAL, 0.5) == 0.5
    with pytest.raises(AssertionError, match=r"prompt tokens '2\.0'"):
        library.get_prompt_token_share(twice, answer, EQUAL, 1.0)
    with pytest.raises(AssertionError, match="without a count"):
        library.get_prompt_token_share(replace(answer, usage=None), answer)


def test_what_a_backend_was_asked_is_told(scripted, wire):
    library = PromptsLibrary()
    with pytest.raises(AssertionError, match="No request reached the backend"):
        library.get_asked_messages(scripted)
    wire.body(seed=7)
    role, _, _ = library.get_asked_messages(scripted).partition(": ")
    assert role == "user"
    assert "seed" in library.get_asked_fields(scripted).split()
    with pytest.raises(AssertionError, match="The fields"):
        library.get_asked_fields(scripted, EQUAL, "")
