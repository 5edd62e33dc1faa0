"""A key that stands twice is refused wherever it hides; the same key in two objects is none of them."""

import json
import time

import pytest

from gateway.api.body import parse
from gateway.errors.base import InvalidRequest

OPEN = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], '

# the body, the path of the key
TWICE = {
    "at the top": (b'{"a": 1, "a": 1}', "a"),
    "the last one wins": (OPEN + b'"messages": null}', "messages"),
    "in a message": (b'{"messages": [{"role": "user", "content": "hi", "role": "system"}]}', "messages[0].role"),
    "deep": (b'{"a": [[{"b": {"c": 1, "d": 2, "c": 3}}]]}', "a[0][0].b.c"),
    "written as escapes": (b'{"model": 1, "\\u006dodel": 2}', "model"),
    "blanks before the colon": (b'{"a": 1, "b"\n : 2, "a" : 3}', "a"),
    "hidden by an escaped colon": (b'{"a": "\\u003a", "b": 1, "b": 2}', "b"),
    "hidden by an escaped capital colon": (b'{"a": "\\u003A", "b": 1, "b": 2}', "b"),
    "in the value that is dropped": (b'{"a": {"x": ":"}, "a": 1}', "a"),
    "the empty key": (b'{"": 1, "": 2}', ""),
    "beside a long number": (b'{"a": 1, "a": 0.%s}' % (b"9" * 5000), "a"),
}


@pytest.mark.parametrize(("body", "param"), TWICE.values(), ids=TWICE)
def test_a_key_that_stands_twice_is_named(body, param):
    with pytest.raises(InvalidRequest) as refused:
        parse(body, 20)
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "duplicate_key", param)
    assert f"'{param}' stands twice" in refused.value.message
    assert "Send each key once" in refused.value.message


ONCE = {
    "the same key in two objects": b'{"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}',
    "colons in strings": b'{"a:": "b: c", "d": "\\": e"}',
    "escaped colons": b'{"a\\u003a": "\\u003A", "b": "\\\\u003a"}',
    "other escapes": b'{"a": "\\u003c\\u003e\\n"}',
    "other case": b'{"a": 1, "A": 2}',
    "blanks": b'{"a" : 1,\n"b"\t: {} }',
    "long numbers": b'{"a": "\\u003a", "b": 0.%s}' % (b"9" * 5000),
    "nothing": b"{}",
}


@pytest.mark.parametrize("body", ONCE.values(), ids=ONCE)
def test_a_key_that_stands_once_passes(body):
    assert parse(body, 20) == json.loads(body)


@pytest.mark.parametrize("item", [b'{"a": "\\u003a"}', b'{"a": "\\\\u003a"}'])
def test_escaped_colons_do_not_make_a_large_body_slow(item):
    body = b'{"a": [%s]}' % b",".join([item] * 100_000)
    began = time.thread_time()
    assert len(parse(body, 20)["a"]) == 100_000
    assert time.thread_time() - began < 0.3


def test_in_a_large_body_the_key_is_refused_without_a_search():
    body = b'{"x": [%s], "a": 1, "a": 2}' % b",".join([b'{"b": 1}'] * 100_000)
    began = time.thread_time()
    with pytest.raises(InvalidRequest, match="stands twice") as refused:
        parse(body, 20)
    assert refused.value.code == "duplicate_key"
    assert time.thread_time() - began < 0.3


def test_the_deepest_body_that_may_be_allowed_is_checked():
    body = b'{"a":' * 200 + b"1" + b"}" * 200
    assert parse(body, 200)["a"]
    with pytest.raises(InvalidRequest, match="stands twice"):
        parse(b'{"a": 0,' + body[1:], 200)


def test_the_client_gets_400_and_the_backend_nothing(client, backend):
    response = client.post(OPEN + b'"messages": []}')
    error = client.error(response)
    assert (response.status_code, error["code"], error["param"]) == (400, "duplicate_key", "messages")
    assert backend.bodies == []
