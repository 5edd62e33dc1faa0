"""HEAD, wherever GET is served: the same status and headers, and no body."""

import socket
import sqlite3
from contextlib import closing

import pytest

PAGES = ["/health", "/health/live", "/health/ready", "/v1/models", "/v1/models/m", "/metrics", "/openapi.json"]
# The time differs from one answer to the next, and so does the length of the metrics.
CHANGING = {"date", "x-request-id", "x-gateway-time-ms"}


def constant(response, path):
    dropped = CHANGING | ({"content-length"} if path == "/metrics" else set())
    return {name: value for name, value in response.headers.items() if name not in dropped}


@pytest.mark.parametrize("path", [*PAGES, "/v1/models/nope", "/no-such"])
def test_head_has_the_head_of_get(client, path):
    got, head = client.http.get(path), client.http.head(path)
    assert (head.status_code, constant(head, path)) == (got.status_code, constant(got, path))
    assert int(head.headers["content-length"]) > 0
    assert head.content == b""


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages"])
def test_head_is_not_served_where_get_is_not(client, path):
    response = client.http.head(path)
    assert (response.status_code, response.headers["allow"], response.content) == (405, "POST", b"")


def test_the_connection_carries_on_after_head(client):
    host, port = client.http.base_url.host, client.http.base_url.port
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(b"HEAD /health HTTP/1.1\r\nhost: x\r\n\r\nGET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        received = b""
        while not received.endswith(b"}"):
            received += connection.recv(4096)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b"{") == 1


def test_the_ledger_says_head(start_gateway, backend, tmp_path):
    path = tmp_path / "ledger.sqlite3"
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
        ledger={"path": str(path)},
    ) as client:
        client.http.head("/v1/models")
    with closing(sqlite3.connect(path)) as ledger:
        assert ledger.execute("SELECT method, path, status FROM requests").fetchall() == [("HEAD", "/v1/models", 200)]
