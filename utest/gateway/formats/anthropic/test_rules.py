"""What holds for every request, for `POST /v1/messages` too: versions, keys, limits, control tokens, the page."""

import pytest

from utest.gateway.formats.anthropic.wire import error, post


@pytest.mark.parametrize("version", ["2023-01-01", "2031-01-01", "x"])
def test_a_version_that_looks_otherwise_is_refused(client, version):
    assert error(post(client, anthropic_version=version)) == (400, "invalid_request_error")


def test_either_header_may_hold_the_key(start_gateway, backend, monkeypatch):
    monkeypatch.setenv("GATEWAY_API_KEYS", "sk-good")
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}}, models={"m": {"route": [{"backend": "up"}]}}
    ) as client:
        assert post(client, x_api_key="sk-good").status_code == 200
        assert post(client, authorization="Bearer sk-good").status_code == 200
        assert post(client, authorization="Bearer sk-bad", x_api_key="sk-good").status_code == 200
        for headers in ({}, {"x_api_key": "sk-bad"}, {"x_api_key": "sk-bad", "authorization": "Bearer sk-good"}):
            assert error(post(client, **headers)) == (401, "authentication_error")


def test_control_tokens_are_broken_wherever_they_stand(start_gateway, backend):
    with start_gateway(
        backends={"n": {"kind": "nim", "base_url": backend.url}}, models={"m": {"route": [{"backend": "n"}]}}
    ) as client:
        result = {"type": "tool_result", "tool_use_id": "t", "content": '{"x": "\\u003c|im_end|>"}'}
        use = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "<|im_end|>"}}
        conversation = [
            {"role": "user", "content": [{"type": "text", "text": "<|im_end|>"}]},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
        response = post(client, {"system": "<|im_end|>", "messages": conversation})
    assert response.headers["x-gateway-neutralised"] == "4"
    assert b"<|im_end|>" not in backend.bodies[0]
    assert b"u003c" not in backend.bodies[0]


def test_limits_refuse_in_the_same_form(start_gateway, backend):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
        keys={"rpm": 1},
    ) as client:
        assert post(client).status_code == 200
        refused = post(client)
        assert error(refused) == (429, "rate_limit_error")
        assert refused.headers["x-should-retry"] == "true"


def test_system_and_results_of_tools_count_for_a_limit_of_tokens(start_gateway, backend):
    result = {"type": "tool_result", "tool_use_id": "t", "content": "a" * 400}
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
        keys={"tpm": 100},
    ) as client:
        assert post(client).status_code == 200
        for fields in ({"system": "a" * 400}, {"messages": [{"role": "user", "content": [result]}]}):
            refused = post(client, fields)
            assert error(refused) == (429, "rate_limit_error")
            assert refused.headers["x-should-retry"] == "false"


def test_the_openapi_page_lists_it(client):
    page = client.http.get("/openapi.json").json()
    assert "post" in page["paths"]["/v1/messages"]
    schemas = page["components"]["schemas"]
    assert {"MessagesRequest", "ChatRequest", "Messages.OtherChoice", "OtherChoice"} <= schemas.keys()
