"""Unusual requests against servers that answer rightly, wrongly, late or never."""

import socket
import threading
from contextlib import suppress

import pytest

from keywords.engine.http.raw_request import RawRequest, send_raw_lines, send_raw_requests

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def serve():
    """Start a server on a free port whose every connection is given to a function."""
    listeners, threads, ended = [], [], threading.Event()

    def start(handle):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept():
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.settimeout(5)
                        handle(connection, ended)

        threads.append(threading.Thread(target=accept, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    ended.set()
    for listener in listeners:
        # Closing alone does not wake a thread that accepts.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(5)


def head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    return data


def answers(data):
    def handle(connection, _):
        head(connection)
        connection.sendall(data)

    return handle


def one(url, *request, limit_s=0.3, **fields):
    return send_raw_requests(url, [RawRequest(*request, **fields)], limit_s=limit_s)[0]


def test_an_answer_is_recorded(serve):
    exchange = one(serve(answers(OK)), "GET", "/x", [("Authorization", "Bearer s"), ("Accept", "*/*")])
    assert (exchange.status, exchange.body, exchange.failure) == (200, b"ok", None)
    assert exchange.request_headers == {"authorization": "<secret>", "accept": "*/*"}
    assert exchange.response_headers == {"content-length": "2"}
    assert exchange.total_s > 0


def test_an_address_with_a_password_is_recorded_without_it(serve):
    url = serve(answers(OK))
    headers = [("Authorization", "Basic dTpw"), ("X-A", "1"), ("x-a", "2")]
    exchange = one(url.replace("://", "://u:p@"), "GET", "/x", headers)
    assert exchange.url == f"{url}/x"
    assert exchange.request_headers == {"authorization": "Basic <secret>", "x-a": "1, 2"}


def test_what_is_under_way_is_observed_before_it_is_sent(serve):
    seen = []
    url = serve(lambda connection, _: (head(connection), seen.append(observed[0].under_way), connection.sendall(OK)))
    observed = []
    send_raw_requests(url, [RawRequest("GET", "/x")], limit_s=1, observe=observed.append)
    assert seen == [True]
    assert not observed[0].under_way


def test_a_head_that_hangs_has_no_answer_in_time(serve):
    exchange = one(serve(lambda connection, ended: (head(connection), ended.wait(5))), "HEAD", "/")
    assert exchange.status is None
    assert "not complete within" in exchange.failure


def test_a_body_after_a_head_shows(serve):
    assert one(serve(answers(OK)), "HEAD", "/").body == b"ok"


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed the connection after b'HTTP/1.1 200 OK"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "of 5 bytes of body"),
        (b"ok\r\n\r\n", "no status line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", "content-length is '2, 2'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "a chunk of the answer has the size"),
    ],
)
def test_a_broken_answer_is_a_failure(serve, data, failure):
    exchange = one(serve(answers(data)), "GET", "/")
    assert failure in exchange.failure


def test_an_answer_in_chunks_is_put_together(serve):
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1;a=b\r\n!\r\n0\r\nT: x\r\n\r\n"
    assert one(serve(answers(data)), "GET", "/").body == b"ok!"


def test_a_body_in_chunks_is_written_in_chunks(serve):
    got = []

    def handle(connection, _):
        data = head(connection)
        while not data.endswith(b"0\r\n\r\n"):
            data += connection.recv(65536)
        got.append(data)
        connection.sendall(OK)

    assert one(serve(handle), "POST", "/", body=b"0123456789", form="chunked").status == 200
    assert got[0].endswith(b"\r\n\r\n7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in got[0]
    assert b"Content-Length" not in got[0]


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b""])
def test_who_is_never_told_to_go_on_gets_no_answer(serve, interim):
    def handle(connection, ended):
        assert b"Expect: 100-continue" in head(connection)
        connection.sendall(interim)
        if interim:
            assert connection.recv(65536) == b"body"
            connection.sendall(OK)
        ended.wait(0.5)

    exchange = one(serve(handle), "POST", "/", body=b"body", form="expect")
    assert exchange.status == (200 if interim else None)


def test_a_refusal_without_the_body_is_the_answer(serve):
    exchange = one(serve(answers(OK.replace(b"200 OK", b"417 No"))), "POST", "/", body=b"body", form="expect")
    assert (exchange.status, exchange.body) == (417, b"ok")


def test_a_connection_that_closes_after_the_first_answer_leaves_the_second_without(serve):
    url = serve(answers(OK))
    first, second, third = send_raw_requests(url, [RawRequest("GET", "/", keep=True)] * 3, limit_s=0.5)
    assert (first.status, second.status, third.status) == (200, None, None)
    assert "the connection" in second.failure
    assert third.failure.startswith("not sent: before it, ")


def test_requests_are_written_together(serve):
    def handle(connection, _):
        data = head(connection)
        while data.count(b"\r\n\r\n") < 2:
            data += connection.recv(65536)
        connection.sendall(OK + OK.replace(b"200 OK", b"404 No"))

    requests = [RawRequest("GET", "/a", keep=True), RawRequest("GET", "/b", keep=True)]
    exchanges = send_raw_requests(serve(handle), requests, limit_s=1, together=True)
    assert [exchange.status for exchange in exchanges] == [200, 404]


def test_an_answer_before_the_end_of_a_large_body_is_read(serve):
    exchange = one(serve(answers(OK.replace(b"200 OK", b"413 No"))), "POST", "/", body=b"x" * 2**20, limit_s=2)
    assert exchange.status == 413 or "the connection broke" in exchange.failure


def test_a_server_that_is_away_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "cannot be reached" in one(f"http://127.0.0.1:{port}", "GET", "/").failure


def keeps(seen, answer=OK):
    """Note what comes in one read at a time, and answer when the last line has come."""

    def handle(connection, _):
        while not b"".join(seen).endswith(b"end\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return
            seen.append(piece)
        connection.sendall(answer)

    return handle


def test_lines_are_written_as_they_are(serve):
    seen, observed = [], []
    lines = ["POST /x HTTP/1.1", "Host: a", "Host: b", "", "\xe4 end"]
    exchange = send_raw_lines(serve(keeps(seen)), lines, cut_in="", limit_s=2, observe=observed.append)
    assert b"".join(seen) == b"POST /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n\xe4 end\r\n"
    assert (exchange.method, exchange.url[-2:], exchange.status, exchange.body) == ("POST", "/x", 200, b"ok")
    assert observed == [exchange]
    assert exchange.request_body == b"".join(seen)


def test_a_text_among_them_is_cut(serve):
    seen = []
    send_raw_lines(serve(keeps(seen)), ["GET /x HTTP/1.1", "Upgrade: h2c", "end"], cut_in="Upgrade", limit_s=2)
    assert seen == [b"GET /x HTTP/1.1\r\nUpg", b"rade: h2c\r\nend\r\n"]


def test_a_connection_that_breaks_while_it_is_written_to_is_a_failure(serve):
    def handle(connection, _):
        connection.recv(10)
        connection.sendall(OK)

    exchange = send_raw_lines(serve(handle), ["POST /x HTTP/1.1", "x" * 20_000_000], cut_in="", limit_s=2)
    assert exchange.status is None
    assert "while it was written to" in exchange.failure
    assert len(exchange.request_body) <= 65536
