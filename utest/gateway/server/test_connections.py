"""How many connections there may be, and how much they may hold without a key."""

import gc
import time
import weakref

import pytest

from gateway.operating_system import descriptors
from gateway.server import connections, lingering
from gateway.server.connections import Connections, HeldBytes, default_limit

HEALTH = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
HALF = b"GET /health HTTP/1.1\r\nhost: x\r\nx: "
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
WHOLE = CHAT + b"content-length: %d\r\n\r\n" % len(BODY) + BODY


class One:
    """A connection that notes what it is told."""

    def __init__(self):
        self.said = []

    def evict(self):
        self.said.append("evict")

    def give_back(self, error):
        self.said.append(error.code)


@pytest.mark.parametrize(
    ("descriptors", "limit"), [(1024, 448), (256, 64), (64, 16), (1_048_576, 8192), (None, 8192), (16_512, 8192)]
)
def test_the_limit_follows_the_descriptors(monkeypatch, descriptors, limit):
    monkeypatch.setattr(connections, "descriptor_limit", lambda: descriptors)
    assert default_limit() == Connections().limit == limit


def test_the_limit_is_that_of_this_process():
    assert descriptors.descriptor_limit() is None or descriptors.descriptor_limit() > 100


def test_one_without_a_request_makes_room_the_oldest_first():
    all_, a, b, c, d = Connections(2), One(), One(), One(), One()
    assert (all_.admit(a, "x"), all_.admit(b, "x")) == (None, None)
    all_.begin(a)
    assert all_.admit(c, "x") is None
    assert (a.said, b.said, c.said) == ([], ["evict"], [])
    all_.wait(a)
    assert all_.admit(d, "x") is None
    assert (a.said, c.said) == ([], ["evict"])


def test_requests_under_way_make_no_room():
    all_, a, b, c = Connections(1), One(), One(), One()
    all_.admit(a, "x")
    all_.begin(a)
    error = all_.admit(b, "x")
    assert (error.status, error.code, error.headers["retry-after"]) == (503, "gateway_overloaded", "1")
    all_.wait(b)
    assert all_.admit(c, "x").status == 503
    assert (a.said, b.said) == ([], [])
    all_.forget(a)
    assert all_.admit(One(), "x") is None


def test_those_refused_are_few():
    all_ = Connections(1)
    first = One()
    all_.admit(first, "x")
    all_.begin(first)
    refused = [One() for _ in range(100)]
    for one in refused:
        assert all_.admit(one, "x")
    assert sum(not one.said for one in refused) == 32
    assert refused[-1].said == []


@pytest.mark.parametrize(
    ("addresses", "refused"),
    [
        (["10.0.0.1"] * 3, 1),
        (["10.0.0.1", "10.0.0.1", "10.0.0.2"], 0),
        (["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"], 1),
        (["2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"], 0),
        (["::ffff:10.0.0.1", "10.0.0.1", "::ffff:10.0.0.1"], 1),
        (["fe80::1%eth0", "fe80::2%eth1", "fe80::3"], 1),
        (["no address"] * 3, 1),
    ],
)
def test_one_address_has_its_number(addresses, refused):
    all_ = Connections(100, per_address=2)
    errors = [all_.admit(One(), address) for address in addresses]
    assert [error.status for error in errors if error] == [429] * refused


def test_an_address_gets_its_place_back():
    all_, a = Connections(100, per_address=1), One()
    all_.admit(a, "10.0.0.1")
    assert all_.admit(One(), "10.0.0.1").code == "too_many_connections"
    all_.forget(a)
    assert all_.admit(One(), "10.0.0.1") is None


def test_the_largest_gives_back_what_it_holds(monkeypatch):
    monkeypatch.setattr(connections, "HELD_BYTES", 100)
    all_, a, b, c = Connections(10), One(), One(), One()
    held = HeldBytes(all_, a)
    held.note_request(20)
    held.note_answer(30)
    all_.hold(b, 40)
    all_.hold(c, 5)
    assert (a.said, b.said, c.said) == ([], [], [])
    all_.hold(c, 11)
    assert (a.said, b.said, c.said) == (["gateway_overloaded"], [], [])
    all_.forget(b)
    all_.hold(c, 100)
    assert c.said == []


@pytest.fixture
def start(start_gateway, backend):
    def start(**server):
        return start_gateway(
            server=server,
            backends={"up": {"kind": "openai", "base_url": backend.url}},
            models={"m": {"route": [{"backend": "up"}]}},
        )

    return start


def test_a_silent_connection_makes_room_for_a_request(start, connect_to):
    with start(connections=3) as client:
        silent = [connect_to(client) for _ in range(3)]
        late = connect_to(client)
        late.sendall(HEALTH)
        assert late.status() == 200
        assert silent[0].rest() == b""
        silent[2].sendall(HEALTH)
        assert silent[2].status() == 200


@pytest.fixture
def _hasty_end(monkeypatch):
    """The gateway bears 0.2 s of silence of a client that it has refused, not 5 s."""
    monkeypatch.setattr(lingering, "IDLE_S", 0.2)


@pytest.mark.usefixtures("_hasty_end")
def test_requests_under_way_are_not_disturbed(start, connect_to, backend):
    backend.is_silent()
    with start(connections=2) as client:
        busy = [connect_to(client) for _ in range(2)]
        for connection in busy:
            connection.sendall(WHOLE)
        while len(backend.bodies) < 2:
            time.sleep(0.01)
        late = connect_to(client)
        assert late.refusal() == (503, "gateway_overloaded")
        busy[0].close()
        while len(client.connections) > 1:
            time.sleep(0.01)
        late = connect_to(client)
        late.sendall(HEALTH)
        assert late.status() == 200


@pytest.mark.usefixtures("_hasty_end")
def test_one_address_is_refused_beyond_its_number(start, connect_to):
    with start(connections_per_address=2) as client:
        kept = [connect_to(client) for _ in range(2)]
        for connection in kept:
            connection.sendall(HEALTH)
            assert connection.status() == 200
        late = connect_to(client)
        late.sendall(HEALTH)
        assert late.refusal() == (429, "too_many_connections")
        other = connect_to(client, source="127.0.0.2")
        other.sendall(HEALTH)
        assert other.status() == 200
        kept[0].close()
        while len(client.connections) > 2:
            time.sleep(0.01)
        again = connect_to(client)
        again.sendall(HEALTH)
        assert again.status() == 200


@pytest.mark.parametrize(
    "sent", [b"GET /health HTTP/1.1\r\nhost: x\r\nx: ", CHAT + b"transfer-encoding: chunked\r\n\r\n0\r\nx: "]
)
def test_what_arrives_in_pieces_is_bounded_over_all_connections(start, connect_to, monkeypatch, sent):
    monkeypatch.setattr(connections, "HELD_BYTES", 100_000)
    with start() as client:
        long, short = connect_to(client), connect_to(client)
        for connection, size in ((long, 60_000), (short, 30_000)):
            connection.sendall(sent)
            time.sleep(0.05)
            connection.sendall(b"a" * size)
            time.sleep(0.05)
        more = connect_to(client)
        more.sendall(sent)
        time.sleep(0.05)
        more.sendall(b"a" * 20_000)
        assert long.refusal() == (503, "gateway_overloaded")
        for connection in (short, more):
            connection.sendall(b"\r\n\r\n")
            assert connection.status() in {200, 400}


def test_what_was_refused_holds_nothing(start, connect_to, monkeypatch, protocol_of):
    with start() as client:
        refused = connect_to(client)
        protocol = protocol_of(client, refused)
        refused.sendall(HALF)
        for _ in range(3):
            time.sleep(0.05)
            refused.sendall(b"a" * 30_000)
        assert refused.answer()[0] == 431
        monkeypatch.setattr(connections, "HELD_BYTES", 10_000)
        other = connect_to(client)
        other.sendall(HALF)
        time.sleep(0.05)
        other.sendall(b"a" * 9_000 + b"\r\n\r\n")
        assert other.status() == 200
        assert protocol in client.connections


def test_answers_that_are_not_read_are_bounded_over_all_connections(start, connect_to, monkeypatch, protocol_of):
    monkeypatch.setattr(connections, "HELD_BYTES", 50_000)
    with start() as client:
        connection = connect_to(client)
        protocol = protocol_of(client, connection)
        protocol.transport.set_write_buffer_limits(high=1000)
        connection.settimeout(0.5)
        end = time.monotonic() + 10
        while protocol in client.connections:
            assert time.monotonic() < end
            try:
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 10)
            except (TimeoutError, ConnectionError):
                time.sleep(0.05)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HEALTH,
        HEALTH[:30],
        HEALTH[:30] + b"x" * 70_000,
        b"\0\1\2",
        HEALTH * 1500,
        HEALTH + b"junk\r\n\r\n",
        CHAT + b"content-length: 100000\r\n\r\n" + bytes(60_000),
        CHAT + b"transfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n",
        CHAT.replace(b"/v1", b"/v2") + b"content-length: 9000000\r\n\r\n",
        WHOLE * 3,
        HEALTH.replace(b"\r\n\r\n", b"\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"),
    ],
)
def test_a_connection_that_is_gone_is_freed_without_the_garbage_collector(connect_to, client, protocol_of, sent):
    connection = connect_to(client)
    protocol = weakref.ref(protocol_of(client, connection))
    gc.disable()
    try:
        connection.sendall(sent)
        time.sleep(0.1)
        connection.close()
        end = time.monotonic() + 5
        while protocol() is not None and time.monotonic() < end:
            time.sleep(0.02)
        assert protocol() is None
    finally:
        gc.enable()
