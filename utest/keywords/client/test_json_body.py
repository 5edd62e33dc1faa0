"""Fields in the JSON body of an answer: compared, and named when the server leaves them out."""

import pytest
from assertionengine import AssertionOperator
from requests import Response

from keywords.client.http import HttpLibrary
from keywords.client.json_body import JsonBodyLibrary

EQUAL = AssertionOperator["=="]
LIBRARY = JsonBodyLibrary()


@pytest.fixture
def answer(gateway):
    gateway.answers(200, json={"usage": {"completion_tokens": 7}, "choices": [{"text": "OK"}], "id": "17"})
    return HttpLibrary().send_chat()


@pytest.fixture
def response():
    it = Response()
    it._content = b'{"models": {"a.b": {}}}'
    return it


def test_a_field_of_the_body_is_compared(answer, response):
    LIBRARY.get_body_field(answer, "usage.completion_tokens", EQUAL, "7")
    LIBRARY.get_body_field(answer, "choices[0].text", EQUAL, "OK")
    LIBRARY.get_body_field(answer, "id", EQUAL, "17")
    LIBRARY.get_body_field(response, "models[a.b]", EQUAL, "{}")
    with pytest.raises(AssertionError, match=r"^usage\.completion_tokens in the body should be 8, got 7$"):
        LIBRARY.get_body_field(answer, "usage.completion_tokens", EQUAL, "8")


def test_a_field_that_the_body_lacks_is_a_verdict(answer):
    with pytest.raises(AssertionError, match=r"The body has no usage\.total_tokens: usage has only completion_tokens"):
        LIBRARY.get_body_field(answer, "usage.total_tokens", EQUAL, "8")
    with pytest.raises(AssertionError, match=r"The body has no choices\[1\]\.text: choices has 1 item"):
        LIBRARY.get_body_field(answer, "choices[1].text")


def test_a_body_that_is_no_json_is_a_verdict(gateway):
    gateway.answers(200, text="<html>")
    with pytest.raises(AssertionError, match="The body is not JSON: <html>"):
        LIBRARY.get_body_field(HttpLibrary().send_chat(), "usage")


def test_keys_are_found_within_objects(answer, response):
    LIBRARY.json_body_should_have_key(answer, "usage")
    LIBRARY.json_body_should_have_key(response, "models", "a.b")
    with pytest.raises(AssertionError, match="The body has no key 'error': it has 'usage', 'choices', 'id'"):
        LIBRARY.json_body_should_have_key(answer, "error")
    with pytest.raises(AssertionError, match=r"models has no key 'x': it has 'a\.b'"):
        LIBRARY.json_body_should_have_key(response, "models", "x")
    with pytest.raises(AssertionError, match="id has no key 'x': it is no object"):
        LIBRARY.json_body_should_have_key(answer, "id", "x")
