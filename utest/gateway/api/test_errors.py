"""The error table, line by line, over a real socket."""

import gzip
import json
import socket

import pytest

USER = {"role": "user", "content": "hi"}
OK = {"model": "m", "messages": [USER]}

# name: fields over OK, code, param
BOUNDS = {
    "no model": ({"model": ...}, "missing_required_parameter", "model"),
    "model null": ({"model": None}, "invalid_type", "model"),
    "model empty": ({"model": ""}, "empty_string", "model"),
    "no messages": ({"messages": ...}, "missing_required_parameter", "messages"),
    "messages empty": ({"messages": []}, "empty_array", "messages"),
    "messages a string": ({"messages": "hi"}, "invalid_type", "messages"),
    "message a string": ({"messages": ["hi"]}, "invalid_type", "messages[0]"),
    "no role": ({"messages": [{"content": "hi"}]}, "missing_required_parameter", "messages[0].role"),
    "unknown role": ({"messages": [USER, {**USER, "role": "bot"}]}, "invalid_value", "messages[1].role"),
    "no content": ({"messages": [{"role": "user"}]}, "missing_required_parameter", "messages[0].content"),
    "content null": ({"messages": [{"role": "user", "content": None}]}, "invalid_type", "messages[0].content"),
    "content a number": ({"messages": [{"role": "user", "content": 5}]}, "invalid_type", "messages[0].content"),
    "content no parts": ({"messages": [{"role": "user", "content": []}]}, "empty_array", "messages[0].content"),
    "part without type": (
        {"messages": [{"role": "user", "content": [{"text": "x"}]}]},
        "missing_required_parameter",
        "messages[0].content[0].type",
    ),
    "tool without call": (
        {"messages": [{"role": "tool", "content": "x"}]},
        "missing_required_parameter",
        "messages[0].tool_call_id",
    ),
    "temperature a string": ({"temperature": "hot"}, "invalid_type", "temperature"),
    "temperature a boolean": ({"temperature": True}, "invalid_type", "temperature"),
    "temperature 2.1": ({"temperature": 2.1}, "decimal_above_max_value", "temperature"),
    "temperature -1": ({"temperature": -1}, "decimal_below_min_value", "temperature"),
    "top_p 1.1": ({"top_p": 1.1}, "decimal_above_max_value", "top_p"),
    "frequency_penalty 3": ({"frequency_penalty": 3}, "decimal_above_max_value", "frequency_penalty"),
    "presence_penalty -3": ({"presence_penalty": -3}, "decimal_below_min_value", "presence_penalty"),
    "max_tokens 0": ({"max_tokens": 0}, "integer_below_min_value", "max_tokens"),
    "max_tokens -1": ({"max_tokens": -1}, "integer_below_min_value", "max_tokens"),
    "max_tokens 5.0": ({"max_tokens": 5.0}, "invalid_type", "max_tokens"),
    "max_tokens true": ({"max_tokens": True}, "invalid_type", "max_tokens"),
    "max_tokens huge": ({"max_tokens": 10**40}, "invalid_type", "max_tokens"),
    "max_completion_tokens 0": ({"max_completion_tokens": 0}, "integer_below_min_value", "max_completion_tokens"),
    "n 0": ({"n": 0}, "integer_below_min_value", "n"),
    "n 129": ({"n": 129}, "integer_above_max_value", "n"),
    "top_logprobs 21": ({"logprobs": True, "top_logprobs": 21}, "integer_above_max_value", "top_logprobs"),
    "top_logprobs alone": ({"top_logprobs": 2}, "invalid_value", "top_logprobs"),
    "logit_bias 101": ({"logit_bias": {"5": 101}}, "decimal_above_max_value", "logit_bias.5"),
    "seed over int64": ({"seed": 2**63}, "integer_above_max_value", "seed"),
    "stop a number": ({"stop": 5}, "invalid_type", "stop"),
    "stop five": ({"stop": ["a"] * 5}, "array_above_max_length", "stop"),
    "stop of numbers": ({"stop": [1]}, "invalid_type", "stop[0]"),
    "functions 129": ({"functions": [{}] * 129}, "array_above_max_length", "functions"),
    "tools an object": ({"tools": {}}, "invalid_type", "tools"),
    "tool_choice a number": ({"tool_choice": 1}, "invalid_type", "tool_choice"),
    "response_format a string": ({"response_format": "json"}, "invalid_type", "response_format"),
    "stream a string": ({"stream": "yes"}, "invalid_type", "stream"),
    "stream_options alone": ({"stream_options": {}}, "invalid_value", "stream_options"),
    "include_usage a number": (
        {"stream": True, "stream_options": {"include_usage": 1}},
        "invalid_type",
        "stream_options.include_usage",
    ),
}


@pytest.mark.parametrize(("fields", "code", "param"), BOUNDS.values(), ids=BOUNDS)
def test_a_field_out_of_bounds_is_named(client, backend, fields, code, param):
    body = {key: value for key, value in {**OK, **fields}.items() if value is not ...}
    response = client.post(body)
    error = client.error(response)
    assert (response.status_code, error["code"], error["param"]) == (400, code, param)
    assert error["type"] == "invalid_request_error"
    assert param.split(".")[-1] in error["message"]
    assert backend.bodies == []


MALFORMED = {
    "empty": b"",
    "no JSON": b"hello",
    "cut off": b'{"model": "m"',
    "NaN": b'{"model": NaN}',
    "Infinity": b'{"temperature": 1e999}',
    "invalid UTF-8": b'{"model": "\xff"}',
    "lone surrogate": b'{"model": "\\ud800"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "array": b"[]",
    "null": b"null",
    "deep": b'{"a":' + b"[" * 30 + b"]" * 30 + b"}",
    "deeper than the parser": b"[" * 5000 + b"]" * 5000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_no_json_object_is_400(client, backend, body):
    response = client.post(body)
    error = client.error(response)
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (None, None)
    assert "Send" in error["message"]
    assert backend.bodies == []


def test_json_may_nest_up_to_the_limit(client):
    nested = json.loads("[" * 19 + "]" * 19)
    assert client.chat(metadata={}, x=nested).status_code == 200
    assert client.chat(metadata={}, x=[nested]).status_code == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json5", ""])
def test_a_wrong_content_type_is_400(client, kind):
    response = client.post(OK, content_type=kind)
    assert response.status_code == 400
    assert client.error(response)["code"] == "unsupported_content_type"


def test_a_missing_content_type_is_400(client):
    response = client.http.post("/v1/chat/completions", content=json.dumps(OK).encode())
    assert "missing" in client.error(response)["message"]
    assert response.status_code == 400


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_charset_and_any_case_are_welcome(client, backend, kind):
    backend.answers({"choices": []})
    assert client.post(OK, content_type=kind).status_code == 200


def test_a_compressed_body_is_400_with_the_reason(client, backend):
    response = client.post(gzip.compress(json.dumps(OK).encode()), content_encoding="gzip")
    error = client.error(response)
    assert (response.status_code, error["code"]) == (400, "unsupported_content_encoding")
    assert "'gzip'" in error["message"]
    assert backend.bodies == []
    assert client.post(OK, content_encoding="identity").status_code == 200


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_the_limit_is_413(client, backend, declared):
    body = json.dumps({**OK, "x": "y" * 30_000}).encode()
    content = body if declared else iter([body[:9000], body[9000:18_000], body[18_000:]])
    response = client.http.post("/v1/chat/completions", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, client.error(response)["code"]) == (413, "body_too_large")
    assert backend.bodies == []


def test_a_body_of_exactly_the_limit_passes(client):
    rest = len(json.dumps({**OK, "x": ""}).encode())
    assert client.chat(x="y" * (20_000 - rest)).status_code == 200
    assert client.chat(x="y" * (20_001 - rest)).status_code == 413


def test_an_unknown_model_is_404_with_the_nearest(client):
    response = client.chat("spar")
    error = client.error(response)
    assert (response.status_code, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert "'spare'" in error["message"]


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/chat/completions/", "/health/", "/%ff", "/v2/models", "/docs", "/redoc"]
)
def test_an_unknown_url_is_404(client, path):
    response = client.http.get(path)
    assert (response.status_code, client.error(response)["code"]) == (404, "unknown_url")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/chat/completions", "POST"),
        ("HEAD", "/v1/messages", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("DELETE", "/v1/models/m", "GET, HEAD"),
        ("PUT", "/health", "GET, HEAD"),
        ("OPTIONS", "/health/ready", "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_405_with_allow(client, method, path, allow):
    response = client.http.request(method, path, headers={"x-http-method-override": "POST"})
    assert (response.status_code, response.headers["allow"]) == (405, allow)
    assert method == "HEAD" or client.error(response)["code"] == "method_not_allowed"


def test_what_is_no_http_is_400(client):
    host, port = client.http.base_url.host, client.http.base_url.port
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(b"GARBAGE\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", [b"caf\xe9", b"a" * 200, b"a b", b""])
def test_an_insane_request_id_is_replaced(client, sent):
    response = client.http.get("/health", headers=[(b"x-request-id", sent)])
    assert len(response.headers["x-request-id"]) == 32


def test_a_sane_request_id_comes_back_and_goes_on(client, backend):
    response = client.post(OK, x_request_id="run-1:2.3_4")
    assert response.headers["x-request-id"] == "run-1:2.3_4"
    assert backend.headers[0]["x-request-id"] == "run-1:2.3_4"
