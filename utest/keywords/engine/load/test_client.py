import asyncio
import errno
import hashlib
import json
import socket
from types import SimpleNamespace

import pytest

from keywords.engine.load.answer import LoadAnswer
from keywords.engine.load.client import LoadClient
from keywords.engine.load.connection import Connection, Inbox
from keywords.engine.load.plan import Target
from keywords.engine.load.sample import Sample
from keywords.engine.scripted.backend import Fault, Script, words
from utest.keywords.engine.load.servers import BODY, PLAIN, STREAM, ask, raw_server, run, sized


def test_times_of_a_stream_are_the_backends_times(backend):
    backend.play(Script(chunks=words(5), first_delay=0.02, chunk_delay=0.01))
    (sample,) = ask(backend.url)
    (request,) = backend.chat_requests()
    sent = [each.at_s for each in request.sent if each.chunk is not None]
    assert sample.error is None
    assert sample.streamed
    assert sample.t_intended <= sample.t_queued <= sample.t_connected <= sample.t_sent <= request.at_s
    assert request.at_s < sent[0] <= sample.t_first_content == sample.chunk_times[0]
    assert len(sample.chunk_times) == sample.text_chunks == 5
    assert all(at >= left for at, left in zip(sample.chunk_times, sent, strict=True))
    assert sample.t_last_content == sample.chunk_times[-1] <= sample.t_done
    assert (sample.prompt_tokens, sample.output_tokens, sample.tokens_source) == (1, 5, "usage")
    assert sample.text_length == 25
    assert sample.text_sha256 == hashlib.sha256("".join(words(5)).encode()).hexdigest()[:16]
    assert sample.finish_reason == "stop"
    assert (sample.status, sample.cancelled, sample.reused_connection, sample.resent) == (200, False, False, False)


@pytest.mark.parametrize(
    "script",
    [
        Script(early_role=True),
        Script(crlf=True),
        Script(comments=True),
        Script(split_bytes=7, split_pause_s=0.0),
        Script(crlf=True, comments=True, early_role=True, split_bytes=1, split_pause_s=0.0),
    ],
)
def test_the_form_of_a_stream_changes_no_count(backend, script):
    backend.play(script)
    (sample,) = ask(backend.url)
    assert (sample.error, sample.text_chunks, sample.text_length) == (None, 5, 19)
    assert sample.output_tokens == 5


def test_a_bare_role_is_no_content(backend):
    backend.play(Script(early_role=True, chunk_delay=0.02))
    (sample,) = ask(backend.url)
    (request,) = backend.chat_requests()
    assert sample.t_first_byte < sample.t_first_content == sample.chunk_times[0]
    assert sample.t_first_content >= next(each.at_s for each in request.sent if each.chunk == 0)


def test_chunks_that_come_together_are_counted_each_and_tokens_come_from_usage(backend):
    backend.play(Script(chunks=words(8), join=4, tokens_per_chunk=3, chunk_delay=0.01))
    (sample,) = ask(backend.url)
    assert (sample.text_chunks, sample.output_tokens) == (8, 24)
    assert len(set(sample.chunk_times)) == 2


def test_without_usage_the_chunks_are_the_estimate(backend):
    backend.play(Script(usage=False))
    (sample,) = ask(backend.url)
    assert (sample.output_tokens, sample.tokens_source, sample.prompt_tokens) == (5, "chunks", None)


def test_an_answer_that_is_no_stream_has_no_times_of_content(backend):
    backend.play(Script())
    (sample,) = ask(backend.url, PLAIN)
    assert (sample.error, sample.streamed) == (None, False)
    assert (sample.t_first_content, sample.t_last_content, sample.text_chunks) == (None, None, 0)
    assert list(sample.chunk_times) == []
    assert (sample.text_length, sample.output_tokens, sample.finish_reason) == (19, 5, "stop")
    assert sample.t_sent < sample.t_first_byte <= sample.t_done


def test_the_same_text_has_the_same_hash_streamed_or_not(backend):
    backend.play(Script())
    streamed, plain = ask(backend.url, BODY, PLAIN)
    assert streamed.text_sha256 == plain.text_sha256


def test_thoughts_are_content(backend):
    backend.play(Script(thoughts=2, chunk_delay=0.01))
    (sample,) = ask(backend.url)
    assert (sample.text_chunks, sample.t_first_content) == (7, sample.chunk_times[0])


def test_connections_are_reused(backend):
    backend.play(Script())
    samples = ask(backend.url, BODY, PLAIN, BODY)
    assert [sample.reused_connection for sample in samples] == [False, True, True]
    assert len({request.connection for request in backend.chat_requests()}) == 1


@pytest.mark.parametrize("keep_alive", ["announced", "silent"])
def test_a_closed_connection_is_not_reused(backend, keep_alive):
    backend.play(Script(keep_alive=keep_alive))
    samples = ask(backend.url, BODY, BODY)
    assert [(sample.error, sample.reused_connection) for sample in samples] == [(None, False)] * 2


def test_a_stale_connection_is_replaced_once_and_the_sample_says_so(backend):
    backend.play(Script(keep_alive="stale"))
    first, second = ask(backend.url, BODY, BODY)
    assert (first.error, first.resent) == (None, False)
    assert (second.error, second.resent, second.reused_connection) == (None, True, False)
    assert second.t_queued <= second.t_connected <= second.t_sent < second.t_first_byte


def test_a_new_connection_that_breaks_is_no_stale_one(backend):
    backend.play(Script(fault=Fault("cut")))
    (sample,) = ask(backend.url)
    assert (sample.error, sample.resent, sample.status) == ("cut", False, None)
    assert len(backend.chat_requests()) == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script(status=429), "rate_limited"),
        (Script(status=503), "overloaded"),
        (Script(status=404), "client_error"),
        (Script(status=408), "client_error"),
        (Script(status=500), "server_error"),
        (Script(status=302, body=b"", headers={"location": "http://elsewhere.test/"}), "malformed"),
        (Script(fault=Fault("error", after=2)), "stream_error"),
        (Script(fault=Fault("cut", after=2)), "cut"),
        (Script(fault=Fault("close", after=2)), "cut"),
        (Script(fault=Fault("end", after=2)), "cut"),
        (Script(fault=Fault("bad_json", after=2)), "malformed"),
        (Script(fault=Fault("close")), "cut"),
        (Script(chunks=()), "empty"),
        (Script(chunks=("",)), "empty"),
    ],
)
def test_a_failure_has_its_class(backend, script, error):
    backend.play(script)
    (sample,) = ask(backend.url)
    assert sample.error == error
    assert sample.error_message
    assert sample.t_done is not None
    assert not sample.cancelled


@pytest.mark.parametrize(("fault", "error"), [("error", "stream_error"), ("cut", "cut"), ("bad_json", "malformed")])
def test_a_failure_of_a_plain_answer_has_its_class(backend, fault, error):
    backend.play(Script(fault=Fault(fault, after=2)))
    (sample,) = ask(backend.url, PLAIN)
    assert sample.error == error


def test_what_came_before_a_failure_stays(backend):
    backend.play(Script(fault=Fault("cut", after=3)))
    (sample,) = ask(backend.url)
    assert (sample.text_chunks, len(sample.chunk_times), sample.text_length) == (3, 3, len("One two three"))


@pytest.mark.parametrize("fault", [Fault("silence"), Fault("silence", after=2), Fault("no_end")])
def test_the_time_limit_ends_a_request(backend, fault):
    backend.play(Script(fault=fault))
    (sample,) = ask(backend.url, timeout_s=0.1)
    assert sample.error == "timeout"
    assert sample.t_done - sample.t_sent > 0.05


def test_a_timed_out_connection_is_not_reused(backend):
    backend.play(Script(fault=Fault("silence", after=2)), Script())
    first, second = ask(backend.url, BODY, BODY, timeout_s=1.0)
    assert (first.error, second.error, second.reused_connection) == ("timeout", None, False)


def test_no_server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (sample,) = ask(f"http://127.0.0.1:{port}")
    assert (sample.error, sample.t_connected, sample.t_sent) == ("no_connection", None, None)
    assert "refused" in sample.error_message.lower()


def test_no_such_host():
    (sample,) = ask("http://no-such-host.invalid:1")
    assert sample.error == "no_connection"


def test_what_this_machine_lacks_is_counted_as_its_own(monkeypatch):
    async def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    async def send():
        client = LoadClient(Target("http://127.0.0.1:1", "m"), timeout_s=1.0)
        monkeypatch.setattr(client, "_loop", SimpleNamespace(create_connection=refuse))
        sample = Sample(0)
        await client.send(BODY, sample)
        return client.exhausted, sample

    exhausted, sample = run(send())
    assert (exhausted, sample.error) == (1, "no_connection")
    assert "Too many open files" in sample.error_message


def test_a_server_without_tls_where_https_is_asked(backend):
    (sample,) = ask(backend.url.replace("http:", "https:"), timeout_s=0.2)
    assert sample.error == "no_connection"


def test_user_and_password_in_the_address_and_a_base_path():
    with raw_server([sized(STREAM)]) as (url, heads):
        (sample,) = ask(url.replace("//", "//me:se%20cret@") + "/base/v1/")
    assert sample.error is None
    assert heads[0].startswith(b"POST /base/v1/chat/completions HTTP/1.1\r\n")
    assert b"\r\nauthorization: Basic bWU6c2UgY3JldA==" in heads[0]
    assert b"se%20cret" not in heads[0]


def test_the_key_is_sent_and_never_shown():
    body = json.dumps({"error": {"message": "Bad key sk-very-secret-key!"}}).encode()
    answer = sized(body, b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n")
    with raw_server([answer]) as (url, heads):
        (sample,) = ask(url, api_key="sk-very-secret-key")
    assert b"\r\nauthorization: Bearer sk-very-secret-key" in heads[0]
    assert (sample.error, sample.error_message) == ("client_error", "401: Bad key <secret>!")


def test_the_environments_proxy_is_ignored(backend, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    backend.play(Script())
    assert ask(backend.url)[0].error is None


def test_a_long_request_is_sent_when_its_last_byte_is(backend):
    backend.play(Script())
    text = "x" * 20_000_000
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}], "stream": True}).encode()
    (sample,) = ask(backend.url, body)
    assert sample.error is None
    assert sample.t_sent - sample.t_connected > 0.001
    assert sample.t_sent < sample.t_first_byte


def test_a_request_is_not_sent_after_its_answer_was_read():
    class Transport:
        def write(self, data):
            pass

        def set_write_buffer_limits(self, high):
            pass

        def is_closing(self):
            return False

    async def sent():
        connection, sample = Connection(Inbox(), direct=False), Sample(0)
        connection.connection_made(Transport())
        connection.request(b"POST", LoadAnswer(sample))
        at_once = sample.t_sent
        connection.data_received(b"HTTP/1.1 200 OK")
        connection.resume_writing()
        return sample.t_sent - at_once

    assert asyncio.run(sent()) == 0


def test_headers_of_the_gateway_are_kept():
    head = b"HTTP/1.1 200 OK\r\nX-Request-Id: r1\r\nX-Gateway-Backend: b1\r\ncontent-type: text/event-stream\r\n"
    with raw_server([sized(STREAM, head)]) as (url, _):
        (sample,) = ask(url)
    assert (sample.request_id, sample.backend) == ("r1", "b1")


@pytest.mark.parametrize("url", ["ftp://host", "http://", "host:1"])
def test_an_address_that_is_none(url):
    with pytest.raises(ValueError, match="url must be"):
        ask(url)


def test_a_key_that_would_break_the_head():
    with pytest.raises(ValueError, match="line end"):
        ask("http://127.0.0.1:1", api_key="a\r\nx: y")
