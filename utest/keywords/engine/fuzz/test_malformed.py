"""Generated requests are malformed, all different, reproducible and free of keys."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings

from keywords.engine.fuzz import fields
from keywords.engine.fuzz.http import CHAT, COMPLETIONS, EMBEDDINGS, KEY, MESSAGES
from keywords.engine.fuzz.malformed import generate

COUNT = 600
FAMILIES = {
    "JSON cut off or corrupted",
    "broken message",
    "field missing, null or empty",
    "field of the wrong type or out of bounds",
    "invalid UTF-8",
    "lone surrogate",
    "nested too deep",
    "no HTTP",
    "no JSON value",
    "no object",
    "number beyond all bounds",
    "odd header value",
    "same key twice",
    "unknown path",
    "wrong content type",
    "wrong method",
}
NO_JSON = {"JSON cut off or corrupted", "no JSON value", "invalid UTF-8"}


@pytest.fixture(scope="module")
def requests():
    return generate(COUNT, seed=11, model="m", messages=True)


def body(request):
    return request.data.split(b"\r\n\r\n", 1)[1]


def is_json(data):
    def refuse(constant):
        raise ValueError(constant)

    try:
        json.loads(data.decode(), parse_constant=refuse)
    except ValueError:
        return False
    return True


def test_no_two_are_alike_and_every_family_is_there(requests):
    assert len({request.data for request in requests}) == COUNT
    families = Counter(request.family for request in requests)
    assert set(families) == FAMILIES
    assert max(families.values()) < COUNT / 4


def test_every_endpoint_gets_its_share_of_each_kind(requests):
    endpoints = Counter(request.endpoint for request in requests)
    assert set(endpoints) == {CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES}
    assert min(endpoints.values()) > COUNT / 6
    for endpoint in endpoints:
        of_fields = {"field of the wrong type or out of bounds", "field missing, null or empty"}
        assert of_fields <= {request.family for request in requests if request.endpoint == endpoint}


def test_another_server_is_not_asked_for_messages():
    assert MESSAGES not in {request.endpoint for request in generate(200, seed=11, model="m", messages=False)}


def test_http_requests_are_whole_and_say_how_long_they_are(requests):
    for request in requests:
        if request.is_http:
            head = request.data.split(b"\r\n\r\n", 1)[0]
            assert head.count(b"Content-Length: %d" % len(body(request))) == 1


def test_what_claims_to_be_no_json_is_none_and_the_rest_is(requests):
    for request in requests:
        if request.family in NO_JSON:
            assert not is_json(body(request)), request
        elif request.family in {"broken message", "field of the wrong type or out of bounds", "lone surrogate"}:
            assert is_json(body(request)), request


@given(fields.outside(-2, 2))
@settings(database=None, deadline=None)
def test_a_number_outside_its_bounds_is_outside_or_no_number(value):
    assert type(value) not in {int, float} or not -2 <= value <= 2
    assert value is not None


@given(fields.no_integer(1, 128))
@settings(database=None, deadline=None)
def test_no_integer_within_bounds_is_drawn_where_one_is_due(value):
    assert type(value) not in {int, float} or value != int(value) or not 1 <= value <= 128
    assert value is not None


def test_every_request_that_a_server_could_accept_asks_for_one_token(requests):
    for request in requests:
        if request.family in {"wrong content type", "broken message"} and request.endpoint != EMBEDDINGS:
            assert json.loads(body(request))["max_tokens"] == 1


def test_only_the_placeholder_stands_where_the_key_goes(requests):
    without = [request for request in requests if KEY not in request.data]
    assert {request.family for request in without} <= {"odd header value", "no HTTP"}
    assert all(request.data.count(KEY) <= 1 for request in requests)


def test_the_same_seed_draws_the_same_whatever_else_is_loaded():
    code = """
import hashlib, {imports}
from keywords.engine.fuzz.malformed import generate
print(hashlib.sha256(repr(generate(60, seed={seed}, model="m", messages=True)).encode()).hexdigest())
"""

    def draw(seed, imports):
        command = [sys.executable, "-c", code.format(seed=seed, imports=imports)]
        return subprocess.run(command, capture_output=True, check=True).stdout

    assert draw(5, "json") == draw(5, "keywords.security.fuzzing") != draw(6, "json")
