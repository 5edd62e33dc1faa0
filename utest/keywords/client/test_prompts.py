"""Prompts are compared by their tokens, and read as a backend got them."""

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
    with pytest.raises(AssertionError, match=r"prompt tokens '2\.0'"):
        library.get_prompt_token_share(twice, answer, EQUAL, 1.0)
    with pytest.raises(AssertionError, match="without a count"):
        library.get_prompt_token_share(replace(answer, usage=None), answer)


@pytest.mark.parametrize(("separator", "text"), [("", "aaa"), (", ", "a, a, a")])
def test_a_text_is_repeated(separator, text):
    assert PromptsLibrary().repeated_text("a", 3, separator=separator) == text


def test_fields_that_a_backend_was_asked_for_are_judged(scripted, wire):
    library = PromptsLibrary()
    wire.body(seed=7, options={"stop": ["END"]})
    assert library.get_asked_field(scripted, "seed", EQUAL, "7") == 7
    assert library.get_asked_field(scripted, "options.stop", EQUAL, '["END"]') == ["END"]
    assert library.get_asked_field(scripted, "model", EQUAL, "one") == "one"
    asked = library.get_asked_body(scripted)
    assert asked["options"] == {"stop": ["END"]}
    assert library.get_asked_body(scripted, EQUAL, asked) == asked
    with pytest.raises(AssertionError, match=r"The field seed '7' \(int\) should be '8' \(int\)"):
        library.get_asked_field(scripted, "seed", EQUAL, "8")
    with pytest.raises(AssertionError, match=r"The request has no field options\.seed: {"):
        library.get_asked_field(scripted, "options.seed")
    with pytest.raises(AssertionError, match="The body of the request"):
        library.get_asked_body(scripted, EQUAL, {})


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
