"""Heads that are ambiguous or too large are refused, whatever parts they come in."""

import json
import time

import pytest

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
LENGTH = f"content-length: {len(BODY)}"
JSON = "content-type: application/json"


def request(*headers, first="POST /v1/chat/completions HTTP/1.1", body=BODY):
    return "\r\n".join([first, *headers]).encode("latin-1") + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["a", "b"],
        ["a", "a"],
        ["a b"],
        ["a/"],
        ["a b/"],
        ["user@a"],
        ["a:b"],
        ["a:8:8"],
        ["[::1"],
        ["::1"],
        ["a\tb"],
        ["a?b"],
        ["a#b"],
        ["a\\b"],
        ["<a>"],
        ["a, b"],
        ["ä"],
        ["%zz"],
        ['"a"'],
    ],
)
def test_a_host_that_is_missing_twice_or_no_host_is_400(connect, backend, hosts):
    connection = connect()
    connection.sendall(request(*(f"Host: {host}" for host in hosts), JSON, LENGTH))
    assert connection.refusal() == (400, "invalid_header")
    assert backend.bodies == []


@pytest.mark.parametrize(
    "host", ["a", "A.b-c_d", "a:8080", "a:", "127.0.0.1:80", "[::1]", "[::1]:80", "[fe80::1%25eth0]", "a%20b", "", "a."]
)
def test_a_host_is_taken(connect, host):
    connection = connect()
    connection.sendall(request(f"Host: {host}", JSON, LENGTH))
    assert connection.status() == 200


@pytest.mark.parametrize(("hosts", "status"), [([], 200), (["a"], 200), (["a", "b"], 400), (["a b"], 400)])
def test_http_1_0_needs_no_host_but_takes_no_bad_one(connect, hosts, status):
    connection = connect()
    headers = [f"host: {host}" for host in hosts]
    connection.sendall(request(*headers, first="GET /health HTTP/1.0", body=b""))
    assert connection.status() == status


@pytest.mark.parametrize(
    "first", ["GET /health HTTP/2.0", "POST /v1/chat/completions HTTP/2.0", "GET /v1/models HTTP/2.0"]
)
def test_another_version_of_http_is_505(connect, first):
    connection = connect()
    connection.sendall(request("host: x", first=first, body=b""))
    assert connection.refusal() == (505, "http_version_not_supported")


@pytest.mark.parametrize("first", ["GET /health", "POST /v1/chat/completions"])
def test_a_first_line_without_a_version_is_400(connect, first):
    connection = connect()
    connection.sendall(request("host: x", first=first, body=b""))
    assert connection.refusal()[0] == 400


@pytest.mark.parametrize(
    "pair",
    [
        ["authorization: Bearer right-key", "authorization: Bearer wrong-key"],
        ["authorization: Bearer wrong-key", "authorization: Bearer right-key"],
        ["authorization: Bearer right-key", "Authorization: Bearer right-key"],
        ["x-api-key: right-key", "X-Api-Key: wrong-key", "authorization: Bearer right-key"],
        ["content-type: application/json", "content-type: text/plain"],
        ["content-encoding: gzip", "content-encoding: identity"],
        ["x-gateway-strict: true", "x-gateway-strict: false"],
        ["anthropic-version: 2023-06-01", "anthropic-version: 2026-10-21"],
        ["expect: 100-continue", "expect: 200-ok"],
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_header_that_may_stand_once_is_refused_twice(connect_to, keyed, backend, path, pair):
    connection = connect_to(keyed)
    connection.sendall(request("host: x", LENGTH, *pair, first=f"POST {path} HTTP/1.1"))
    status, headers, body = connection.answer()
    assert (status, headers["connection"]) == (400, "close")
    assert json.loads(body)["error"].get("code", "invalid_header") == "invalid_header"
    assert b"right-key" not in body
    assert backend.bodies == []


def test_headers_that_are_lists_may_stand_twice(connect):
    connection = connect()
    lists = ["accept: text/html", "accept: */*", "cookie: a", "cookie: b", "x-forwarded-for: a", "x-forwarded-for: b"]
    connection.sendall(request("host: x", JSON, LENGTH, *lists))
    assert connection.status() == 200


@pytest.mark.parametrize(
    "codings",
    [
        ["gzip, chunked"],
        ["gzip", "chunked"],
        ["chunked, chunked"],
        ["identity, chunked"],
        ["deflate,chunked"],
        ["x, gzip, chunked"],
        [", chunked"],
        ['"chunked"'],
        ["chunked;q=1"],
    ],
)
def test_a_transfer_coding_that_is_not_understood_is_501_or_400(connect, backend, codings):
    connection = connect()
    connection.sendall(request("host: x", JSON, *(f"transfer-encoding: {coding}" for coding in codings), body=b""))
    connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
    assert connection.refusal() in {(501, "unsupported_transfer_encoding"), (400, None), (400, "invalid_header")}
    assert backend.bodies == []


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED"])
def test_chunks_are_understood(connect, backend, coding):
    connection = connect()
    connection.sendall(request("host: x", JSON, f"Transfer-Encoding: {coding}", body=b""))
    connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
    assert connection.status() == 200
    assert backend.bodies == [BODY]


OFFER = ["Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"]


@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE", "upGrade"])
@pytest.mark.parametrize("protocol", ["h2c", "websocket", "foo/2"])
@pytest.mark.parametrize("step", [0, 1, 7])
def test_an_offer_to_upgrade_is_passed_over_wherever_the_head_is_cut(connect, backend, name, protocol, step):
    connection = connect()
    sent = request("host: x", JSON, LENGTH, *OFFER, f"{name}: {protocol}")
    for start in range(0, len(sent), step or len(sent)):
        connection.sendall(sent[start : start + (step or len(sent))])
        if step:
            time.sleep(0.0005)
    assert connection.status() == 200
    connection.sendall(sent)
    assert connection.status() == 200
    assert backend.bodies == [BODY, BODY]


@pytest.mark.parametrize("before", [1, 2])
def test_an_offer_to_upgrade_is_passed_over_behind_another_request(connect, backend, before):
    connection = connect()
    plain = request("host: x", JSON, LENGTH)
    offer = request("host: x", JSON, LENGTH, *OFFER, "Upgrade: h2c")
    connection.sendall(plain * before + offer + plain)
    assert [connection.status() for _ in range(before + 2)] == [200] * (before + 2)
    assert backend.bodies == [BODY] * (before + 2)


def test_an_offer_to_upgrade_is_passed_over_before_chunks(connect, backend):
    connection = connect()
    connection.sendall(request("host: x", JSON, *OFFER, "upgrade: h2c", "transfer-encoding: chunked", body=b""))
    connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
    assert connection.status() == 200
    assert backend.bodies == [BODY]


def test_connect_is_answered_and_closed(connect):
    connection = connect()
    connection.sendall(b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n")
    assert connection.status() in {400, 404, 405, 501}
    assert b"200 OK" not in connection.rest()


@pytest.mark.parametrize(
    "head",
    [
        "x: " + "a" * 70_000,
        "a" * 70_000 + ": x",
        "\r\n".join(f"x-{number}: {'a' * 690}" for number in range(100)),
        "\r\n".join(["x: y"] * 300),
    ],
    ids=["value", "name", "all", "number"],
)
@pytest.mark.parametrize("before", [0, 1])
def test_a_head_that_is_too_large_is_431_in_one_write_too(connect, head, before):
    connection = connect()
    connection.sendall(request("host: x", first="GET /health HTTP/1.1", body=b"") * before)
    time.sleep(0.05)
    connection.sendall(request("host: x", head, first="GET /health HTTP/1.1", body=b""))
    assert [connection.status() for _ in range(before)] == [200] * before
    assert connection.refusal() == (431, "headers_too_large")


@pytest.mark.parametrize("before", [0, 1, 10])
def test_a_head_that_is_just_small_enough_is_taken(connect, before):
    connection = connect()
    small = request("host: x", first="GET /health HTTP/1.1", body=b"")
    connection.sendall(
        small * before + request("host: x", "x: " + "a" * 65_000, first="GET /health HTTP/1.1", body=b"")
    )
    assert [connection.status() for _ in range(before + 1)] == [200] * (before + 1)


def test_a_large_body_in_the_same_write_is_no_head(connect, backend):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 15_000}]}).encode()
    connection = connect()
    connection.sendall(request("host: x", JSON, f"content-length: {len(body)}", "x: " + "a" * 60_000, body=body))
    assert connection.status() == 200
    assert backend.bodies == [body]
