import itertools
import socket
import struct
from types import SimpleNamespace

import pytest

from keywords.engine.load import answer as load_answer
from keywords.engine.load import connection as load_connection
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import run_load
from keywords.engine.scripted.backend import Script, words
from utest.keywords.engine.load.servers import (
    BODY,
    DONE,
    PLAIN,
    SSE_HEAD,
    STREAM,
    ask,
    chunked,
    event,
    raw_server,
    read_request,
    sized,
)
from utest.keywords.engine.load.sources import Numbered


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(load_connection, "HEAD_LIMIT", 20_000)
    monkeypatch.setattr(load_connection, "ANSWER_LIMIT", 200_000)
    monkeypatch.setattr(load_answer, "_EVENT_LIMIT", 50_000)
    monkeypatch.setattr(load_answer, "_BODY_LIMIT", 100_000)


def endless(data):
    def send(connection):
        for _ in itertools.repeat(None):
            connection.sendall(data)

    return send


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


CHUNKED = SSE_HEAD + b"transfer-encoding: chunked\r\n\r\n"
OF_JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
MALFORMED = {
    "garbage": [b"\x00\x01garbage\r\n\r\n"],
    "an SSH server": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "a status that is no number": [b"HTTP/1.1 20x OK\r\n\r\n"],
    "endless headers": [b"HTTP/1.1 200 OK\r\n", endless(b"x-filler: 0123456789abcdef\r\n" * 100)],
    "an endless header": [b"HTTP/1.1 200 OK\r\nx-filler: ", endless(b"a" * 5000)],
    "endless interim answers": [endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)],
    "an endless reason": [b"HTTP/1.1 200 ", endless(b"a" * 5000)],
    "an endless line": [CHUNKED, endless(b"3e8\r\n" + b"a" * 1000 + b"\r\n")],
    "an endless event": [CHUNKED, endless(b"3e9\r\ndata: " + b"a" * 994 + b"\n\r\n")],
    "an endless stream": [CHUNKED, endless(b"%x\r\n%b\r\n" % (len(event({"content": "a"})), event({"content": "a"})))],
    "endless comments": [CHUNKED, endless(b"3e8\r\n" + b":\n" * 500 + b"\r\n")],
    "endless events without text": [CHUNKED, endless(b"3e8\r\n" + b"data: {}\n\n" * 100 + b"\r\n")],
    "an endless comment": [CHUNKED, endless(b"3e9\r\n:" + b"a" * 1000 + b"\r\n")],
    "endless trailers": [CHUNKED, b"0\r\n", endless(b"x-filler: 0123456789abcdef\r\n" * 100)],
    "an endless trailer": [CHUNKED, b"0\r\nx-filler: ", endless(b"a" * 5000)],
    "an endless body": [OF_JSON + b"\r\n", endless(b" " * 5000)],
    "a chunk size that is no number": [CHUNKED + b"zz\r\n"],
    "two lengths": [SSE_HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"],
    "a length and chunks": [SSE_HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    "a negative length": [SSE_HEAD + b"content-length: -5\r\n\r\n"],
    "another protocol": [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nraw"],
    "compression": [sized(b"\x1f\x8b\x08\x00", SSE_HEAD + b"content-encoding: gzip\r\n")],
    "a redirect": [sized(b"", b"HTTP/1.1 302 Found\r\nlocation: http://elsewhere.test/\r\n")],
    "a page": [sized(b"<html>Hello</html>", b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n")],
    "a page called a stream": [sized(b"<html>Hello</html>")],
    "no body at all": [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "an empty body": [sized(b"", OF_JSON)],
    "an array": [sized(b"[]", OF_JSON)],
    "an object without choices": [sized(b'{"choices": {}}', OF_JSON)],
    "choices that are no objects": [sized(b'{"choices": [1]}', OF_JSON)],
    "deeply nested JSON": [sized(b"[" * 90_000, OF_JSON)],
    "NaN": [sized(b'{"choices": [], "x": NaN}', OF_JSON)],
    "an event that is no object": [chunked(b"data: []\n\n" + STREAM)],
    "an event with NaN": [chunked(b'data: {"x": NaN}\n\n' + STREAM)],
    "a deeply nested event": [chunked(b"data: " + b"[" * 40_000 + b"\n\n" + STREAM)],
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_answer_becomes_a_malformed_sample(case):
    with raw_server(MALFORMED[case]) as (url, _):
        (sample,) = ask(url)
    assert sample.error == "malformed", sample
    assert 0 < len(sample.error_message) < 400
    assert sample.t_done >= sample.t_sent


CUT = {
    "nothing": [],
    "a reset at once": [reset],
    "half a head": [b"HTTP/1.1 200 OK\r\ncontent-ty"],
    "an end before the body": [CHUNKED],
    "an end within a chunk": [CHUNKED + b"ff\r\ndata: {"],
    "an end after [DONE] and before HTTP's": [CHUNKED + b"%x\r\n%b\r\n" % (len(STREAM), STREAM)],
    "a length that is too long": [SSE_HEAD + b"content-length: 9999\r\n\r\n" + STREAM],
    "a length that is too short": [SSE_HEAD + b"content-length: 70\r\n\r\n" + STREAM],
    "a stream without an end": [chunked(event({"content": "a"}))],
    "a reset within the stream": [CHUNKED + b"ff\r\ndata: {", reset],
}


@pytest.mark.parametrize("case", CUT)
def test_an_answer_that_breaks_off_is_cut(case):
    with raw_server(CUT[case]) as (url, _):
        (sample,) = ask(url)
    assert sample.error == "cut", sample
    assert sample.error_message


WHOLE = {
    "chunks": [chunked(STREAM)],
    "a length": [sized(STREAM)],
    "HTTP/1.0": [b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + STREAM],
    "an end with the connection": [SSE_HEAD + b"\r\n" + STREAM],
    "interim answers": [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", chunked(STREAM)],
    "byte by byte": [bytes([byte]) for byte in chunked(STREAM)],
    "bytes after the end": [chunked(STREAM) + b"HTTP/1.1 200 OK\r\n\r\nmore"],
    "garbage after the end": [chunked(STREAM) + b"\x00\x01garbage"],
    "bytes after the end of a connection that closes": [
        sized(STREAM, SSE_HEAD + b"connection: close\r\n") + b"HTTP/1.1 200 OK\r\n"
    ],
    "no content type": [sized(STREAM, b"HTTP/1.1 200 OK\r\n")],
    "a wrong content type": [sized(STREAM, b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n")],
    "no [DONE], but a finish reason": [chunked(STREAM.removesuffix(DONE))],
    "[DONE], but no finish reason": [chunked(event({"content": "ab"}) + DONE)],
    "fields of strange types": [
        chunked(
            b'data: {"choices": [1, {"delta": 5}, {"delta": {"content": 7, "role": 1, "tool_calls": {"a": 1}}}]}\n\n'
            + STREAM
        )
    ],
    "a surrogate by itself": [chunked(b'data: {"choices": [{"delta": {"content": "\\ud800"}}]}\n\n' + STREAM)],
    "an event of another type": [chunked(b"event: ping\ndata: {}\n\n" + STREAM)],
}


@pytest.mark.parametrize("case", WHOLE)
def test_what_http_and_sse_allow_is_a_whole_answer(case):
    with raw_server(WHOLE[case]) as (url, _):
        (sample,) = ask(url)
    assert sample.error is None, sample
    assert sample.text_length in {2, 3}
    assert sample.streamed


@pytest.mark.parametrize("case", ["bytes after the end", "garbage after the end", "HTTP/1.0", "no content type"])
def test_a_connection_is_reused_only_after_an_answer_that_allows_it(case):
    def answer_again(connection):
        read_request(connection)
        connection.sendall(sized(STREAM))

    reusable = case == "no content type"
    answers = [[*WHOLE[case], answer_again]] if reusable else [WHOLE[case], [sized(STREAM)]]
    with raw_server(*answers) as (url, _):
        first, second = ask(url, BODY, BODY)
    assert (first.error, second.error, second.reused_connection) == (None, None, reusable)


def test_a_slow_trickle_ends_at_the_time_limit(backend):
    backend.play(Script(chunks=words(1000), split_bytes=1, split_pause_s=0.005))
    (sample,) = ask(backend.url, timeout_s=0.2)
    assert (sample.error, sample.status) == ("timeout", 200 if sample.t_first_byte else None)


def test_an_answer_to_a_request_that_was_not_read_whole():
    too_large = b'{"error": {"message": "too large"}}'
    answer = sized(too_large, b"HTTP/1.1 413 Too Large\r\ncontent-type: application/json\r\n")
    with raw_server([answer]) as (url, _):
        (sample,) = ask(url, b'{"a": "' + b"x" * 100_000 + b'"}')
    assert (sample.error, sample.error_message) == ("client_error", "413: too large")


def test_an_error_of_an_endless_body_keeps_little():
    head = b"HTTP/1.1 500 Oh\r\ncontent-type: text/plain\r\n\r\n"
    with raw_server([head, endless(b"oh no " * 1000)]) as (url, _):
        (sample,) = ask(url, PLAIN)
    assert (sample.error, sample.status) == ("malformed", 500)


def test_tool_calls_are_generated_text():
    call = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}
    with raw_server([chunked(event({"role": "assistant"}) + event(call) + event({}, "tool_calls") + DONE)]) as (url, _):
        (sample,) = ask(url)
    assert (sample.error, sample.text_chunks, sample.text_length) == (None, 1, 3)


def test_a_run_goes_on_whatever_the_server_sends():
    kinds = ["garbage", "endless headers", "compression", "a redirect", "an array", "another protocol"]
    kept = []
    sink = SimpleNamespace(add=kept.extend)
    with raw_server(*(MALFORMED[kind] for kind in kinds), CUT["a reset at once"], [chunked(STREAM)]) as (url, _):
        plan = LoadPlan(Target(url, "m"), Numbered(), (Stage(None, users=1, items=8),), timeout_s=5.0)
        facts = run_load(plan, [sink])
    assert [sample.error for sample in sorted(kept, key=lambda each: each.item)] == [*["malformed"] * 6, "cut", None]
    assert (facts.lost_clients, facts.begun_items) == ((), 8)
