"""Parameters that a backend cannot take: named in a header, or refused."""

import json
import time

import pytest

from gateway.api.headers import dropped_header
from gateway.backends.base import Call
from gateway.backends.parameters import supported_parameters

OLLAMA = {"model": "llama", "message": {"role": "assistant", "content": "Hi"}, "done": True, "done_reason": "stop"}


@pytest.mark.parametrize("stream", [False, True])
def test_dropped_parameters_are_named(client, backend, stream):
    backend.answers(OLLAMA)
    response = client.chat("o", stream=stream, logit_bias={"1": 1}, user="u")
    assert response.status_code == 200
    assert response.headers["x-gateway-dropped-params"] == "logit_bias, user"
    assert not {"logit_bias", "user"} & json.loads(backend.bodies[0]).keys()


def test_very_many_dropped_parameters_hold_nobody_up():
    call = Call(b"", {f"unknown_{number}": 1 for number in range(40_000)}, "m", "m", "id", stream=False)
    began = time.monotonic()
    assert supported_parameters(call, ()) == {}
    assert dropped_header(call.dropped).endswith(b"-more")
    assert time.monotonic() - began < 2.0


def test_nothing_dropped_no_header(client, backend):
    backend.answers(OLLAMA)
    assert "x-gateway-dropped-params" not in client.chat("o", seed=1).headers
    backend.script = None
    assert "x-gateway-dropped-params" not in client.chat("m", logit_bias={"1": 1}, x_new=1).headers
    assert json.loads(backend.bodies[1])["x_new"] == 1


def test_the_client_may_be_strict(client, backend):
    backend.answers(OLLAMA)
    body = {"model": "o", "messages": [{"role": "user", "content": "hi"}], "logit_bias": {"1": 1}}
    response = client.post(body, x_gateway_strict="true")
    assert response.status_code == 400
    error = client.error(response)
    assert (error["param"], error["code"]) == ("logit_bias", "unsupported_parameter")
    assert backend.bodies == []
    assert client.post(body, x_gateway_strict="False").status_code == 200
    assert client.error(client.post(body, x_gateway_strict="maybe"))["code"] == "invalid_header"


def test_the_backend_may_be_strict(start_gateway, backend):
    backend.answers(OLLAMA)
    with start_gateway(
        backends={"o": {"kind": "ollama", "base_url": backend.url, "strict": True}},
        models={"m": {"route": [{"backend": "o"}]}},
    ) as client:
        assert client.error(client.chat("m", logit_bias={"1": 1}))["param"] == "logit_bias"
        assert client.chat("m", temperature=1).status_code == 200


def test_the_second_backend_of_a_route_names_only_its_own(start_gateway, backend):
    with start_gateway(
        backends={
            "gone": {"kind": "ollama", "base_url": "http://127.0.0.1:9"},
            "up": {"kind": "openai", "base_url": backend.url},
        },
        models={"m": {"route": [{"backend": "gone"}, {"backend": "up"}]}},
    ) as client:
        response = client.chat("m", logit_bias={"1": 1})
        assert (response.status_code, response.headers["x-gateway-backend"]) == (200, "up")
        assert "x-gateway-dropped-params" not in response.headers


def test_a_name_cannot_break_the_header():
    assert dropped_header(["a\r\nset-cookie: x", "ü,", "messages[].name"]) == (
        b"a%0D%0Aset-cookie%3A%20x, %C3%BC%2C, messages[].name"
    )
    header = dropped_header([f"{number:060d}" for number in range(200)])
    assert len(header) < 2200
    assert header.endswith(b"-more")


def test_a_request_that_never_went_out_says_nothing_about_the_backend(start_gateway, backend):
    backend.answers({"error": "boom"}, 500)
    with start_gateway(
        breaker={"consecutive_failures": 2, "open_s": 60},
        retries={"attempts": 1},
        backends={"o": {"kind": "ollama", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "o"}]}},
    ) as client:
        assert client.chat("m").status_code == 502
        assert client.chat("m", n=2).status_code == 400
        assert client.chat("m").status_code == 502
        # Two failures in a row, whatever was refused between them: the breaker is open.
        assert client.chat("m").status_code == 503
    assert len(backend.bodies) == 2
