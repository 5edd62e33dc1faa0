"""Rows about HTTP find what their requirement forbids."""

import gzip
import json

import pytest

from keywords.client import raw_http
from keywords.client.raw_http import RawHttpLibrary
from keywords.engine.http.exchange import Chunk, Exchange

raw = RawHttpLibrary()


def exchange(body=b"", status=200, failure=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    chunks = [Chunk(0.1, body)] if body else []
    return Exchange(
        "GET", "http://x/v1/models", {}, b"", 0.0, status=status, response_headers=named, chunks=chunks, failure=failure
    )


def test_the_key_is_written_unless_the_row_gives_its_own(gateway, monkeypatch):
    sent = []
    monkeypatch.setattr(
        raw_http, "send_raw_requests", lambda _url, requests, **_: sent.extend(requests) or [exchange()]
    )
    raw.write_request("GET", "/v1/models", b"", "Accept: */*")
    raw.write_request("POST", "/v1/models", "{}", "authorization: Bearer other", form="chunked")
    assert sent[0].headers == [("Authorization", "Bearer sk-canary"), ("Accept", "*/*")]
    assert (sent[1].headers, sent[1].body, sent[1].form) == ([("authorization", "Bearer other")], b"{}", "chunked")
    assert gateway.asked == []


@pytest.mark.usefixtures("gateway")
def test_a_chat_body_asks_for_one_token():
    body = json.loads(raw.chat_body("Hi.", model="other"))
    assert (body["model"], body["max_tokens"], body["messages"][0]["content"]) == ("other", 1, "Hi.")
    assert gzip.decompress(raw.compressed(json.dumps(body))) == json.dumps(body).encode()


def test_a_header_that_must_not_come_is_found():
    raw.header_should_not_come(exchange(), "x-forged")
    with pytest.raises(AssertionError, match="should have no header X-Forged, but it is 'yes'"):
        raw.header_should_not_come(exchange(x_forged="yes"), "X-Forged")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (exchange(b"{}"), None),
        (exchange(gzip.compress(b"{}"), content_encoding="gzip"), None),
        (exchange(b"{}", content_encoding="gzip"), "decoded as its content-encoding 'gzip' says, should be JSON"),
        (exchange(gzip.compress(b"{}")), "decoded as its content-encoding 'identity' says, should be JSON"),
        (exchange(b"{}", content_encoding="br"), "is 'br', which no client offered to read"),
    ],
)
def test_a_body_that_is_not_encoded_as_declared_is_found(answer, fault):
    if fault is None:
        raw.answer_should_be_readable_as_declared(answer)
        return
    with pytest.raises(AssertionError, match=fault):
        raw.answer_should_be_readable_as_declared(answer)


def test_a_connection_may_be_kept_or_announce_its_end():
    raw.connection_should_be_kept_or_its_end_announced(exchange(), exchange(status=404))
    raw.connection_should_be_kept_or_its_end_announced(exchange(connection="Close"), exchange(status=None))


def test_a_connection_that_ends_without_notice_is_found():
    closed = exchange(status=None, failure="the server closed the connection without an answer")
    with pytest.raises(AssertionError, match=r"Request 2 of 2 on one connection, .* closed the connection without"):
        raw.connection_should_be_kept_or_its_end_announced(exchange(), closed)
