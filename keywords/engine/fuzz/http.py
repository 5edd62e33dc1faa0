"""HTTP requests as bytes: valid ones around a broken body, and broken ones, for `malformed.py`."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

CHAT, COMPLETIONS, EMBEDDINGS = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
MESSAGES = "/v1/messages"
KEY = b"<secret>"
"""Placeholder of the key in generated requests, so that they can be shown and stored."""
_NO_JSON = b'{"model":'
_FIXED_HEADERS = (b"Host: gateway", b"Authorization: Bearer " + KEY)
_VISIBLE_BYTES = (*range(0x21, 0x7F), *range(0x80, 0x100))
_HUGE = 80_000
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_TLS_HELLO = bytes.fromhex("160301002f0100002b0303") + bytes(32) + bytes.fromhex("000004c02bc02f0100")


def http_request(
    method: str,
    path: str,
    *,
    body: bytes,
    content_type: bytes = b"application/json",
    headers: Sequence[bytes] = _FIXED_HEADERS,
) -> bytes:
    """An HTTP/1.1 request that leaves the connection open."""
    lines = (
        f"{method} {path} HTTP/1.1".encode(),
        *headers,
        b"Content-Type: " + content_type,
        b"Content-Length: %d" % len(body),
        b"",
        body,
    )
    return b"\r\n".join(lines)


def odd_headers(path: str) -> SearchStrategy[bytes]:
    """Requests whose headers have valid but senseless values, with a body that is no JSON."""
    value = st.one_of(
        st.text(string.printable.strip() + " ", max_size=60).map(lambda text: text.strip().encode()),
        st.lists(st.sampled_from(_VISIBLE_BYTES), max_size=40).map(bytes),
        st.integers(200, 4000).map(lambda size: b"x" * size),
    )
    name = st.sampled_from(
        (b"X-Request-Id", b"Accept", b"Cookie", b"User-Agent", b"Content-Encoding", b"X-Forwarded-For")
    )
    more = st.builds(lambda name, value: (*_FIXED_HEADERS, name + b": " + value), name, value)
    other_key = value.map(lambda value: (_FIXED_HEADERS[0], b"Authorization: " + value))
    return st.one_of(more, other_key).map(lambda headers: http_request("POST", path, body=_NO_JSON, headers=headers))


def not_http(path: str, good_body: bytes) -> SearchStrategy[bytes]:
    """Bytes that are no HTTP request, or only its first part; a whole request has a body that is no JSON."""
    whole = http_request("POST", path, body=good_body)
    to = path.encode()
    post = b"POST %s HTTP/1.1" % to
    lines = st.sampled_from(
        (
            b"POST %s HTTP/9.9" % to,
            b"POST %s http/1.1" % to,
            b"POST  %s  HTTP/1.1" % to,
            b"POST %s" % to,
            b"P\x00ST %s HTTP/1.1" % to,
            b"POST \xff\xfe HTTP/1.1",
            b"POST %s%s HTTP/1.1" % (to, b"/x" * (_HUGE // 2)),
        )
    )
    headers = st.sampled_from(
        (
            b"no colon",
            b"na me: x",
            b"X-Nul: a\x00b",
            b": no name",
            b"X-Huge: " + b"x" * _HUGE,
            b"Content-Length: -1",
            b"Content-Length: 1e3",
            b"Content-Length: 99999999999999999999",
            b"Content-Length: 5\r\nContent-Length: 6",
            b"Content-Length: 100000",
            b"Transfer-Encoding: chunked\r\nContent-Length: 3",
            b"Transfer-Encoding: gibberish",
        )
    )
    chunks = st.sampled_from(
        (b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n", b"ffffffffffffffff\r\n{", b"2\r\n{}no end", b"5\r\n")
    )
    return st.one_of(
        st.binary(min_size=1, max_size=200).map(lambda data: data + b"\r\n\r\n"),
        st.integers(1, len(whole) - 1).map(lambda at: whole[:at]),
        lines.map(_request),
        headers.map(lambda header: _request(post, header)),
        chunks.map(lambda body: _request(post, b"Transfer-Encoding: chunked") + body),
        st.just(_HTTP2_PREFACE),
        st.just(_TLS_HELLO),
    )


def _request(line: bytes, *headers: bytes) -> bytes:
    body = b"" if any(header.startswith((b"Content-Length", b"Transfer-Encoding")) for header in headers) else _NO_JSON
    length = (b"Content-Length: %d" % len(body),) if body else ()
    return b"\r\n".join((line, *_FIXED_HEADERS, b"Content-Type: application/json", *headers, *length, b"", body))
