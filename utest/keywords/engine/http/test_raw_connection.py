"""A connection knows whether its server has ended it."""

import socket
import struct
from contextlib import closing

import pytest

from keywords.client.raw_http import RawHttpLibrary
from keywords.engine.http.raw_connection import RawConnection


def reset(served):
    served.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    served.close()


@pytest.fixture
def pair():
    """A connection, and its server's end."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        closing(RawConnection(f"http://127.0.0.1:{listener.getsockname()[1]}", 5)) as connection,
        listener.accept()[0] as served,
    ):
        yield connection, served


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(lambda _: None, True, id="kept"),
        pytest.param(lambda served: served.sendall(b"HTTP/1.1 100 Continue\r\n\r\n"), True, id="written-to"),
        pytest.param(socket.socket.close, False, id="closed"),
        pytest.param(lambda served: (served.sendall(b"bye"), served.close()), False, id="closed-after-bytes"),
        pytest.param(reset, False, id="reset"),
    ],
)
def test_whether_a_connection_is_open(pair, act, expected):
    connection, served = pair
    act(served)
    assert connection.is_open() is expected


def test_what_came_meanwhile_can_still_be_read(pair):
    connection, served = pair
    served.sendall(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
    assert connection.is_open()
    assert connection.read_answer().status == 408


def test_the_open_ones_are_counted(pair):
    connection, served = pair
    raw = RawHttpLibrary()
    assert raw.get_number_of_open_connections([connection, connection]) == 2
    served.close()
    assert raw.get_number_of_open_connections([connection, connection]) == 0
