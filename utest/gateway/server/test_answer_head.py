import asyncio
import logging

import pytest

from gateway.server.answer import Answer


class Transport:
    def __init__(self):
        self.sent = b""
        self.closed = False

    def write(self, data):
        self.sent += data

    def close(self):
        self.closed = True


class Flow:
    write_paused = False


def answer(*messages, method="POST", version="1.1", keep_alive=True):
    """What goes out for the messages, in a connection that nothing is wrong with."""

    async def go():
        transport = Transport()
        cycle = Answer(
            scope={"type": "http", "method": method, "http_version": version},
            transport=transport,
            flow=Flow(),
            logger=logging.getLogger(),
            access_logger=logging.getLogger(),
            access_log=False,
            default_headers=[(b"date", b"now")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=keep_alive,
            on_response=lambda: None,
        )
        cycle.more_body = False
        for message in messages:
            await cycle.send(message)
        # The protocol closes it.
        assert not transport.closed
        transport.closed = cycle.closes
        return transport

    return asyncio.run(go())


def head(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data, *, more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


def test_an_answer_with_its_length():
    transport = answer(head((b"content-length", b"2"), (b"x-a", b"b")), body(b"{}"))
    assert transport.sent == b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 2\r\nx-a: b\r\n\r\n{}"
    assert not transport.closed


def test_a_stream_goes_out_in_chunks():
    transport = answer(head(), body(b"data: 1\n\n", more=True), body(b"", more=True), body(b"data: [DONE]\n\n"))
    assert transport.sent == (
        b"HTTP/1.1 200 OK\r\ndate: now\r\ntransfer-encoding: chunked\r\n\r\n"
        b"9\r\ndata: 1\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
    )


def test_a_stream_to_http_1_0_goes_on_until_the_connection_ends():
    parts = body(b"data: 1\n\n", more=True), body(b"data: 2\n\n", more=True), body(b"data: [DONE]\n\n")
    transport = answer(head(), *parts, version="1.0", keep_alive=False)
    assert transport.sent == (
        b"HTTP/1.1 200 OK\r\ndate: now\r\nconnection: close\r\n\r\ndata: 1\n\ndata: 2\n\ndata: [DONE]\n\n"
    )
    assert transport.closed


@pytest.mark.parametrize("headers", [[(b"connection", b"close")], []])
def test_a_connection_that_ends_says_so(headers):
    transport = answer(head((b"content-length", b"0"), *headers), body(b""), keep_alive=bool(headers))
    assert transport.sent.count(b"connection: close\r\n") == 1
    assert transport.closed


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_an_answer_that_may_have_no_body_has_none(method):
    status = 200 if method == "HEAD" else 204
    transport = answer(head(status=status), body(b""), method=method)
    assert b"chunked" not in transport.sent
    assert transport.sent.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b"])
def test_no_header_can_begin_another(value):
    with pytest.raises(RuntimeError, match="header"):
        answer(head((b"x-a", value)), body(b""))


def test_a_body_is_as_long_as_its_head_says():
    with pytest.raises(RuntimeError, match="longer"):
        answer(head((b"content-length", b"1")), body(b"{}"))
