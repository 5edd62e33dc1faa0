"""Refusals that come before the request has been read: the client can read them, and cannot stay for ever."""

import asyncio
import json
import socket
import time
from contextlib import suppress

import pytest

from gateway.server import lingering, unread_answer
from gateway.server.ending import Ending

HEAD = "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
MB = 1_000_000


def post(length, path="/v1/chat/completions"):
    return HEAD.format(path, length).encode()


def upload(connection, size):
    """Write as a client does that looks at the answer only when it has written all."""
    for _ in range(size // 100_000):
        connection.sendall(bytes(100_000))


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        (post(20 * MB), (413, "body_too_large")),
        (post(20 * MB).replace(b"application/json", b"text/plain"), (400, "unsupported_content_type")),
        (post(20 * MB, "/v1/nothing"), (404, "unknown_url")),
        (post(20 * MB, "/health"), (405, "method_not_allowed")),
        (post(20 * MB).replace(b"host: x\r\n", b""), (400, "invalid_header")),
        (post(20 * MB).replace(b"HTTP/1.1", b"HTTP/2.0"), (505, "http_version_not_supported")),
        (post(20 * MB).replace(b"content-length: 20000000", b"transfer-encoding: gzip, chunked"), (501, None)),
        (post(20 * MB).replace(b"content-length", b"content length"), (400, None)),
        (post(20 * MB).replace(b"host", b"x: " + b"y" * 70_000 + b"\r\nhost"), (431, "headers_too_large")),
        (b"\x16\x03\x01", (400, None)),
    ],
)
def test_a_client_that_writes_all_before_it_reads_gets_the_reason(connect, sent, refused):
    connection = connect()
    connection.sendall(sent)
    upload(connection, 20 * MB)
    status, headers, body = connection.answer()
    assert status == refused[0]
    assert headers["connection"] == "close"
    assert json.loads(body)["error"]["code"] == (refused[1] or json.loads(body)["error"]["code"])


def test_without_a_key_too(connect_to, keyed):
    connection = connect_to(keyed)
    connection.sendall(post(20 * MB))
    upload(connection, 20 * MB)
    assert connection.status() == 401


def test_an_ordinary_client_reads_the_reason(client):
    response = client.post(b" " * 20 * MB)
    assert (response.status_code, client.error(response)["code"]) == (413, "body_too_large")


def test_a_small_body_that_comes_after_the_answer_keeps_the_connection(connect_to, keyed):
    connection = connect_to(keyed)
    for _ in range(3):
        connection.sendall(post(1000))
        assert connection.status() == 401
        connection.sendall(bytes(500))
        time.sleep(0.02)
        connection.sendall(bytes(500))


@pytest.mark.parametrize("sent", [post(10 * MB), post(10_000), post(10_000, "/health"), post(10 * MB, "/v1/nothing")])
@pytest.mark.parametrize("piece", [b"", b"x"])
def test_a_body_that_is_no_longer_wanted_has_its_time(connect_to, keyed, monkeypatch, sent, piece):
    monkeypatch.setattr(lingering, "LINGER_S", 0.6)
    monkeypatch.setattr(lingering, "IDLE_S", 0.3)
    connection = connect_to(keyed)
    connection.sendall(sent)
    assert connection.status() in {401, 405}
    began = time.monotonic()
    with pytest.raises((ConnectionError, AssertionError)):  # noqa: PT012  # the write or the read that finds it gone
        while time.monotonic() - began < 4:
            connection.sendall(piece)
            connection.setblocking(False)  # noqa: FBT003  # the library's own
            with suppress(BlockingIOError):
                assert connection.recv(1) != b""
            time.sleep(0.05)
        pytest.fail("kept")


def test_a_body_that_is_no_longer_wanted_has_its_size(connect, monkeypatch):
    monkeypatch.setattr(lingering, "LINGER_BYTES", 5 * MB)
    connection = connect()
    connection.sendall(post(100 * MB, "/health"))
    assert connection.status() == 405
    with pytest.raises(ConnectionError):
        upload(connection, 100 * MB)


READ = 256 * 1024


def reads(budget, size, now=0.0):
    """The pauses after the reads of so many bytes at one moment."""
    return [budget.pause_s(READ, now) for _ in range(size // READ)]


def test_the_rest_of_one_request_is_read_without_a_pause():
    assert set(reads(lingering.ReadBudget(), lingering.LINGER_BYTES)) == {0.0}


def test_what_all_connections_send_beyond_the_budget_is_read_at_its_rate():
    budget, seconds = lingering.ReadBudget(), 3
    reads(budget, lingering.LINGER_BYTES)
    *_, last = reads(budget, seconds * lingering.BYTES_PER_S)
    assert last == pytest.approx(seconds, abs=0.01)
    assert budget.pause_s(READ, seconds + 1.0) == 0.0


def test_a_quiet_hour_saves_up_no_more_than_the_rest_of_one_request():
    budget = lingering.ReadBudget()
    assert set(reads(budget, lingering.LINGER_BYTES, 3600.0)) == {0.0}
    assert reads(budget, 2 * MB, 3600.0)[-1] > 0.0


def test_two_connections_share_the_budget(connect, client, monkeypatch):
    monkeypatch.setattr(lingering, "LINGER_BYTES", 5 * MB)
    monkeypatch.setattr(lingering, "BYTES_PER_S", 10 * MB)
    connections = [connect(), connect()]
    for connection in connections:
        connection.sendall(post(5 * MB, "/health"))
        assert connection.status() == 405
    began = time.monotonic()
    for connection in connections:
        upload(connection, 4 * MB)
        connection.close()
    # The gateway sees the end behind the last byte.
    while client.connections:
        assert time.monotonic() - began < 5
        time.sleep(0.01)
    assert time.monotonic() - began > 0.25


class Transport:
    """Notes what is done to a connection."""

    def __init__(self):
        self.calls = []
        self.aborted = asyncio.Event()
        self.pause_reading = lambda: self.calls.append("pause")
        self.resume_reading = lambda: self.calls.append("resume")

    def abort(self):
        self.calls.append("abort")
        self.aborted.set()


@pytest.mark.parametrize(
    ("linger_s", "calls"), [(30, ["pause", "resume", "abort"]), (0.1, ["pause", "abort"])], ids=["silence", "deadline"]
)
def test_a_pause_of_the_gateways_own_is_no_silence(monkeypatch, linger_s, calls):
    monkeypatch.setattr(lingering, "IDLE_S", 0.05)
    monkeypatch.setattr(lingering, "LINGER_S", linger_s)
    monkeypatch.setattr(lingering.ReadBudget, "pause_s", lambda *_: 0.3)

    async def main():
        transport = Transport()
        ending = Ending(asyncio.get_running_loop(), transport, lingering.ReadBudget())
        ending.linger()
        assert ending.note(1)
        await asyncio.wait_for(transport.aborted.wait(), 5)
        return transport.calls

    assert asyncio.run(main()) == calls


def test_trailers_after_the_answer_have_their_time(connect, monkeypatch):
    monkeypatch.setattr(lingering, "LINGER_S", 0.3)
    connection = connect()
    connection.sendall(b"POST /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    assert connection.status() == 405
    connection.sendall(b"0\r\n")
    with pytest.raises(ConnectionError):  # noqa: PT012  # whichever write it is that finds the connection gone
        for _ in range(100):
            connection.sendall(b"x: y\r\n")
            time.sleep(0.02)


def test_a_connection_does_not_idle_longer_after_such_a_body(connect, client, protocol_of, monkeypatch):
    connection = connect()
    connection.sendall(post(10, "/health"))
    protocol = protocol_of(client, connection)
    monkeypatch.setattr(protocol, "timeout_keep_alive", 0.2)
    assert connection.status() == 405
    connection.sendall(b"0123456789")
    assert connection.rest() == b""


def test_a_client_that_waits_for_100_is_told_that_its_body_is_not_wanted(connect_to, keyed):
    connection = connect_to(keyed)
    connection.sendall(post(1000).replace(b"\r\n\r\n", b"\r\nexpect: 100-continue\r\n\r\n"))
    status, headers, _ = connection.answer()
    assert (status, headers["connection"]) == (401, "close")


def test_a_connection_without_a_request_keeps_nothing_of_the_last_one(connect_to, keyed):
    connection = connect_to(keyed)
    connection.sendall(post(9000) + bytes(9000))
    assert connection.status() == 401
    (protocol,) = keyed.connections
    time.sleep(0.05)
    assert not protocol.headers
    assert protocol.scope is None
    assert not protocol.cycle.body


def test_a_rest_that_nobody_reads_holds_no_closed_connection(connect, client, protocol_of, monkeypatch):
    monkeypatch.setattr(unread_answer, "STUCK_S", 0.2)
    connection = connect()
    protocol = protocol_of(client, connection)
    protocol.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.sendall(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    end = time.monotonic() + 5
    while protocol in client.connections:
        assert time.monotonic() < end
        time.sleep(0.02)
