"""The body of a request is read as a scripted backend received it."""

import pytest
from assertionengine import AssertionOperator

from keywords.backend.request_bodies import RequestBodiesLibrary

EQUAL = AssertionOperator["=="]


def test_fields_of_a_request_are_verified(scripted, wire):
    library = RequestBodiesLibrary()
    wire.body(seed=7, options={"stop": ["END"]})
    assert library.get_request_field(scripted, "seed", EQUAL, "7") == 7
    assert library.get_request_field(scripted, "options.stop", EQUAL, '["END"]') == ["END"]
    assert library.get_request_field(scripted, "model", EQUAL, "one") == "one"
    body = library.get_request_body(scripted)
    assert body["options"] == {"stop": ["END"]}
    assert library.get_request_body(scripted, EQUAL, body) == body
    with pytest.raises(AssertionError, match="The field seed of the request should be 8, got 7"):
        library.get_request_field(scripted, "seed", EQUAL, "8")
    with pytest.raises(AssertionError, match=r"The request has no options\.seed: options has only stop"):
        library.get_request_field(scripted, "options.seed")
    with pytest.raises(AssertionError, match="The body of the request"):
        library.get_request_body(scripted, EQUAL, {})


def test_messages_and_names_of_fields_are_shown(scripted, wire):
    library = RequestBodiesLibrary()
    with pytest.raises(AssertionError, match="No request reached the backend"):
        library.get_request_messages(scripted)
    wire.body(seed=7)
    role, _, _ = library.get_request_messages(scripted).partition(": ")
    assert role == "user"
    assert "seed" in library.get_request_fields(scripted).split()
    with pytest.raises(AssertionError, match="The fields"):
        library.get_request_fields(scripted, EQUAL, "")
