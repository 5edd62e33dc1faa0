"""Bare connections to a gateway, for what no HTTP client sends."""

import json
import socket
import time

import pytest


class Bare(socket.socket):
    """A connection whose bytes a test writes itself."""

    received = b""

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one answer with a length to its end: the status, the headers in lower case, the body."""
        while b"\r\n\r\n" not in self.received:
            self._read()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers["content-length"])
        while len(self.received) < length:
            self._read()
        body, self.received = self.received[:length], self.received[length:]
        return int(first.split()[1]), headers, body

    def status(self) -> int:
        return self.answer()[0]

    def refusal(self) -> tuple[int, str | None]:
        """Read one error that announces the end of the connection, and that end: the status, the error's code."""
        status, headers, body = self.answer()
        assert headers["connection"] == "close"
        assert headers["x-request-id"]
        assert self.rest() == b""
        error = json.loads(body)["error"]
        assert sorted(error) == ["code", "message", "param", "type"]
        return status, error["code"]

    def rest(self) -> bytes:
        """Read until the gateway closes."""
        while piece := self.recv(65_536):
            self.received += piece
        rest, self.received = self.received, b""
        return rest

    def _read(self) -> None:
        piece = self.recv(65_536)
        assert piece, f"closed after {self.received!r}"
        self.received += piece


@pytest.fixture
def connect_to():
    """A function that opens a bare connection to the gateway of a client."""
    opened = []

    def connect(client, source="127.0.0.1"):
        connection = Bare(socket.AF_INET, socket.SOCK_STREAM)
        connection.settimeout(5)
        connection.bind((source, 0))
        connection.connect((client.http.base_url.host, client.http.base_url.port))
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def protocol_of():
    """A function that finds the gateway's side of a bare connection."""

    def find(client, connection):
        port = connection.getsockname()[1]
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for protocol in client.connections:
                if protocol.client[1] == port:
                    return protocol
            time.sleep(0.01)
        pytest.fail("no such connection")

    return find


@pytest.fixture
def connect(connect_to, client):
    return lambda: connect_to(client)


@pytest.fixture
def keyed(start_gateway, backend, monkeypatch):
    """A client without a key, of a gateway that requires one."""
    monkeypatch.setenv("GATEWAY_API_KEYS", "right-key")
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}}, models={"m": {"route": [{"backend": "up"}]}}
    ) as client:
        yield client
