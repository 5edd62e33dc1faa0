"""What comes after the head of a request: trailers and the framing of chunks."""

import json
import time

import pytest

from gateway.server import lingering

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)


def post(*headers, path="/v1/chat/completions"):
    lines = [f"POST {path} HTTP/1.1", "host: x", "transfer-encoding: chunked", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


JSON = "content-type: application/json"
RIGHT = "authorization: Bearer right-key"
WRONG = "authorization: Bearer wrong-key"


@pytest.mark.parametrize(
    ("head", "trailer", "status"),
    [
        ([JSON], RIGHT, 401),
        ([JSON, RIGHT], WRONG, 200),
        ([JSON, RIGHT], "content-type: text/plain", 200),
        ([RIGHT], JSON, 400),
        ([JSON, RIGHT], "x-gateway-strict: maybe", 200),
        ([JSON, RIGHT], "content-encoding: gzip", 200),
        ([JSON, RIGHT], "host: y", 200),
        ([JSON, RIGHT], "content-length: 7", 200),
        ([JSON, RIGHT], "transfer-encoding: gzip", 200),
        ([JSON, RIGHT], "expect: 100-continue", 200),
    ],
)
def test_a_trailer_is_no_header(connect_to, keyed, head, trailer, status):
    connection = connect_to(keyed)
    connection.sendall(post(*head))
    time.sleep(0.02)
    connection.sendall(CHUNK + b"0\r\n" + trailer.encode() + b"\r\n\r\n")
    # Framing within trailers may be refused; it may not count.
    assert connection.status() in ({status, 400} if trailer.startswith(("content-length", "transfer-")) else {status})


def test_an_id_in_a_trailer_is_not_the_requests(connect):
    connection = connect()
    connection.sendall(post(JSON, "x-request-id: in-the-head") + CHUNK + b"0\r\nx-request-id: in-the-trailer\r\n\r\n")
    status, headers, _ = connection.answer()
    assert (status, headers["x-request-id"]) == (200, "in-the-head")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/health"])
@pytest.mark.parametrize(
    "piece",
    [b"x: y\r\n" * 5000, b"x" * 30_000, b": " + b"y" * 30_000, b"x: " + b" " * 30_000],
    ids=["fields", "name", "value", "spaces"],
)
def test_endless_trailers_end_the_connection(connect, monkeypatch, path, piece):
    monkeypatch.setattr(lingering, "LINGER_BYTES", 1_000_000)
    connection = connect()
    connection.sendall(post(JSON, path=path) + CHUNK + b"0\r\nx-a")
    with pytest.raises(ConnectionError):  # noqa: PT012  # whichever write it is that finds the connection gone
        for _ in range(200):
            connection.sendall(piece)
            time.sleep(0.005)
        connection.rest()
        connection.sendall(piece)
        time.sleep(0.1)
        connection.sendall(piece)


@pytest.mark.parametrize("piece", [b"0" * 30_000, b"1;" + b"e" * 30_000], ids=["zeros", "extension"])
def test_an_endless_chunk_size_is_refused(connect, piece):
    connection = connect()
    connection.sendall(post(JSON) + piece)
    for _ in range(5):
        time.sleep(0.02)
        connection.sendall(piece[-30_000:].lstrip(b"1;"))
    assert connection.refusal() in {(431, "headers_too_large"), (400, None)}


def test_many_small_chunks_are_a_body(connect, backend):
    connection = connect()
    connection.sendall(post(JSON))
    for start in range(0, len(BODY), 3):
        piece = BODY[start : start + 3]
        connection.sendall(b"%x;%b\r\n%b\r\n" % (len(piece), b"e=" + b"f" * 9000, piece))
        time.sleep(0.001)
    connection.sendall(b"0\r\n\r\n")
    assert connection.status() == 200
    assert backend.bodies == [BODY]
