"""What clients do to the connection itself: slow, endless, half, or never read."""

import gc
import json
import re
import socket
import time

import pytest

from gateway.api import body
from gateway.logs.repeated import LINES
from gateway.server import http_protocol, unread_answer

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
LENGTH = b"content-length: %d\r\n" % len(BODY)
STREAM_BODY = BODY.replace(b"{", b'{"stream": true, ', 1)
STREAM = POST + b"content-length: %d\r\n\r\n" % len(STREAM_BODY) + STREAM_BODY


def received(connection):
    """Everything until the gateway closes: the status, the error's code."""
    data = b""
    while piece := connection.recv(65_536):
        data += piece
    head, _, answer = data.partition(b"\r\n\r\n")
    assert b"x-request-id: " in head
    assert b"connection: close" in head
    error = json.loads(answer)["error"]
    assert sorted(error) == ["code", "message", "param", "type"]
    return int(head.split()[1]), error["code"]


def status(connection):
    """The status of one answer, read to its end."""
    with connection.makefile("rb") as answer:
        number = int(answer.readline().split()[1])
        lines = iter(answer.readline, b"\r\n")
        length = next(int(line[16:]) for line in lines if line.startswith(b"content-length: "))
        list(lines)
        assert len(answer.read(length)) == length
    return number


def until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("sent", [b"GET /health HTTP/1.1\r\nhost: x\r\n", b"G"])
def test_a_head_that_does_not_end_is_408(connect, monkeypatch, sent):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.2)
    connection = connect()
    connection.sendall(sent)
    assert received(connection) == (408, "request_timeout")


def test_a_connection_without_a_request_is_closed_without_a_word(connect, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.2)
    assert connect().recv(100) == b""


def test_a_second_head_that_does_not_end_is_408_too(connect, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.2)
    connection = connect()
    connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
    assert status(connection) == 200
    time.sleep(0.4)  # between requests there is no time limit
    connection.sendall(b"GET /health")
    assert received(connection) == (408, "request_timeout")


def test_an_answer_under_way_is_not_cut_off_by_half_a_second_request(connect, backend, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.1)
    backend.streams(*[backend.chunk("a")] * 50, backend.chunk(None, "stop"), pause_s=0.5)
    connection = connect()
    connection.sendall(STREAM)
    data = connection.recv(100)
    connection.sendall(b"GET /hea")
    while b"[DONE]" not in data:
        piece = connection.recv(65_536)
        assert piece, "cut off"
        data += piece


@pytest.mark.parametrize("line", [b"x: " + b"a" * 30_000, b"x: a\r\n" * 5000])
def test_an_endless_head_is_431(connect, line):
    connection = connect()
    connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n")
    for _ in range(4):
        time.sleep(0.02)
        connection.sendall(line)
    assert received(connection) == (431, "headers_too_large")


MESSAGES = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (MESSAGES + b"no colon\r\n\r\n", 400),
        (MESSAGES.replace(b"messages ", b"messages?beta=true ") + b"content-length: -1\r\n\r\n", 400),
        (MESSAGES.replace(b" /v1", b" http://host/v1") + b": x\r\n\r\n", 400),
        (MESSAGES + b"transfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (MESSAGES + b"x: " + b"a" * 70_000, 431),
        (b"POST /v1/messages" + b"/x" * 40_000, 431),
        (MESSAGES, 408),
    ],
)
def test_what_is_refused_below_asgi_has_the_shape_of_its_path(connect, monkeypatch, sent, status):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.3)
    connection = connect()
    connection.sendall(sent)
    data = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, answer = data.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    error = json.loads(answer)
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert f"\r\nrequest-id: {error['request_id']}".encode() in head


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\r\n\r\n", b"POST /v1/chat/completions HTTP/1.1\r\nno colon\r\n\r\n"])
def test_no_path_is_taken_from_the_request_before(connect, sent):
    connection = connect()
    connection.sendall(b"GET /v1/messages HTTP/1.1\r\nhost: x\r\n\r\n")
    assert status(connection) == 405
    connection.sendall(sent)
    assert received(connection) == (400, None)


def test_a_body_that_does_not_come_is_408(connect, backend, monkeypatch):
    monkeypatch.setattr(body, "BODY_S", 0.2)
    connection = connect()
    connection.sendall(POST + LENGTH + b"\r\n" + BODY[:-1])
    assert received(connection) == (408, "request_timeout")
    assert backend.bodies == []


def test_a_slow_upload_is_not_the_gateways_time(connect):
    connection = connect()
    connection.sendall(POST + LENGTH + b"\r\n" + BODY[:9])
    time.sleep(0.5)
    connection.sendall(BODY[9:])
    head = connection.recv(65_536).lower()
    assert float(re.search(rb"x-gateway-time-ms: (\S+)", head)[1]) < 400


@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade", b"UPGRADE"])
def test_an_offer_to_upgrade_is_ignored(connect, backend, name):
    connection = connect()
    offer = b"Connection: Upgrade, HTTP2-Settings\r\n" + name + b": h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    for _ in range(2):
        connection.sendall(POST + LENGTH + offer + b"\r\n" + BODY)
        assert status(connection) == 200
    assert backend.bodies == [BODY, BODY]


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_does_not_read_is_let_go(client, connect, backend, monkeypatch, stream):
    monkeypatch.setattr(unread_answer, "STUCK_S", 0.2)
    if stream:
        backend.streams(*[backend.chunk("x" * 1_000_000)] * 100)
    else:
        backend.answers({"choices": [{"message": {"content": "x" * 30_000_000}}]})
    connect().sendall(STREAM if stream else POST + LENGTH + b"\r\n" + BODY)
    until(lambda: any(connection.flow.write_paused for connection in client.connections))
    until(lambda: not any(connection.flow.write_paused for connection in client.connections))
    if stream:
        assert backend.closed.wait(5)


def test_a_stream_that_nobody_reads_ends_in_time_and_is_no_defect(hasty_client, backend, caplog):
    backend.streams(*[backend.chunk("x" * 1_000_000)] * 100)
    address = (hasty_client.http.base_url.host, hasty_client.http.base_url.port)
    with socket.create_connection(address) as connection:
        connection.sendall(STREAM)
        assert backend.closed.wait(5)
        until(lambda: any("without completing" in record.message for record in caplog.records))
    assert not any(record.exc_info for record in caplog.records)


def test_a_client_that_reads_slowly_gets_everything(connect, backend, monkeypatch):
    monkeypatch.setattr(unread_answer, "STUCK_S", 0.2)
    backend.answers({"choices": [{"message": {"content": "x" * 20_000_000}}]})
    connection = connect()
    connection.sendall(POST + LENGTH + b"\r\n" + BODY)
    got = 0
    while got < 20_000_000:
        piece = connection.recv(1_000_000)
        assert piece, "let go"
        got += len(piece)
        time.sleep(0.02)


def test_what_outlives_the_start_is_left_alone_by_the_garbage_collector(client):  # noqa: ARG001  # it started one
    assert gc.get_freeze_count() > 0


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"\x16\x03\x01", {"code": None, "reason": "Invalid method encountered"}),
        (b"GET /SECRET HTTP/1.1\r\nx SECRET: y\r\n\r\n", {"code": None, "reason": "Invalid header token"}),
        (b"GET /SECRET HTTP/2.0\r\nhost: x\r\n\r\n", {"code": "http_version_not_supported", "reason": None}),
    ],
)
def test_the_log_tells_why_a_request_is_no_http_and_whose_it_was(connect_to, keyed, caplog, sent, why):
    connection = connect_to(keyed)
    connection.sendall(sent)
    connection.status()
    (line,) = [record for record in caplog.records if record.message == "invalid_http"]
    assert line.fields == {"event": "invalid_http", "client": "127.0.0.1", **why}


def test_requests_that_are_no_http_do_not_fill_the_log(connect_to, keyed, caplog):
    for _ in range(30):
        connection = connect_to(keyed)
        connection.sendall(b"\x16\x03\x01")
        assert connection.status() == 400
        connection.close()
    lines = [record for record in caplog.records if record.name == "gateway" and record.message == "invalid_http"]
    assert len(lines) == LINES
    assert not [record for record in caplog.records if record.name != "gateway" and record.levelname == "WARNING"]
