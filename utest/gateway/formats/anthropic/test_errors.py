"""The gateway's errors in Anthropic's form."""

import json

import pytest

from gateway.errors.base import BackendTimeout, GatewayError
from gateway.formats.anthropic.errors import body_of, status_of
from gateway.formats.endpoints import format_of
from utest.gateway.formats.anthropic.wire import REQUEST, error, post


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/v1/messages", True), ("/v1/messages/x", True), ("/v1/messagesx", False), ("/v1/chat/completions", False)],
)
def test_which_paths_have_anthropics_errors(path, expected):
    assert (format_of(path).name == "anthropic") is expected


@pytest.mark.parametrize(("status", "expected", "kind"), [(403, 403, "permission_error"), (402, 402, "billing_error")])
def test_further_types_of_errors(status, expected, kind):
    failure = GatewayError("No.", status=status)
    assert (status_of(failure), json.loads(body_of(failure, "id"))["error"]["type"]) == (expected, kind)
    assert json.loads(body_of(BackendTimeout("Late."), "id"))["error"]["type"] == "timeout_error"


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        ((400, "bad"), (400, "invalid_request_error")),
        ((401, "no"), (502, "api_error")),
        ((404, "no such model"), (404, "not_found_error")),
        ((409, "again"), (409, "conflict_error")),
        ((413, "too much"), (413, "request_too_large")),
        ((422, "odd"), (422, "invalid_request_error")),
        ((429, "slowly"), (429, "rate_limit_error")),
        ((500, "oops"), (502, "api_error")),
        ((503, "loading"), (529, "overloaded_error")),
        ((504, "late"), (504, "timeout_error")),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_backends(client, backend, refusal, expected, stream):
    backend.answers({"error": {"message": refusal[1]}}, refusal[0], {"retry-after": "3"})
    response = post(client, {"stream": stream})
    assert error(response) == expected
    if expected[0] == 529:
        assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "invalid_request_error")),
        (b"{", (400, "invalid_request_error")),
        (b"[]", (400, "invalid_request_error")),
        (b'{"model": "m", "model": "m"}', (400, "invalid_request_error")),
        (b'{"x": "' + b"a" * 30_000 + b'"}', (413, "request_too_large")),
        (json.dumps({**REQUEST, "model": "unknown"}).encode(), (404, "not_found_error")),
        (json.dumps({**REQUEST, "max_tokens": -1}).encode(), (400, "invalid_request_error")),
    ],
)
def test_errors_before_a_backend(client, backend, body, expected):
    assert error(post(client, body)) == expected
    assert backend.bodies == []


def test_errors_of_the_address(client):
    response = client.http.get("/v1/messages")
    assert (error(response), response.headers["allow"]) == ((405, "invalid_request_error"), "POST")
    assert error(post(client, path="/v1/messages/batches")) == (404, "not_found_error")
    assert error(post(client, content_type="text/plain")) == (400, "invalid_request_error")
    assert post(client, path="/v1/messagesque").json()["error"]["code"] == "unknown_url"
