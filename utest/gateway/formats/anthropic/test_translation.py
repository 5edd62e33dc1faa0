"""`POST /v1/messages` through a running gateway to a backend that speaks chat."""

import json

import pytest

from utest.gateway.formats.anthropic.wire import REQUEST, error, events, kinds, post


def test_a_message_of_a_backend_that_speaks_chat(client, backend):
    response = post(client)
    assert response.json()["content"] == [{"type": "text", "text": "Hello"}]
    assert response.json()["usage"].items() >= {"input_tokens": 1, "output_tokens": 1}.items()
    assert json.loads(backend.bodies[0]) == REQUEST
    assert backend.paths == ["/v1/chat/completions"]
    assert response.headers["x-gateway-backend"] == "up"
    assert response.headers["request-id"] == response.headers["x-request-id"]


def test_the_backends_name_of_a_model_is_sent(client, backend):
    assert post(client, {"model": "org/renamed"}).status_code == 200
    assert json.loads(backend.bodies[0])["model"] == "inner"


def test_a_stream_of_a_backend_that_speaks_chat(client, backend):
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}\n\n'
    backend.streams(backend.chunk("a"), backend.chunk("b"), backend.chunk(None, "stop"), usage, b"data: [DONE]\n\n")
    received = events(post(client, {"stream": True}))
    assert kinds(received) == [
        "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip
    assert received[5]["usage"].items() >= {"input_tokens": 5, "output_tokens": 2}.items()
    assert json.loads(backend.bodies[0])["stream_options"] == {"include_usage": True}


def test_a_disconnect_ends_the_stream_with_an_error_event(client, backend):
    backend.streams(backend.chunk("a"), cut=True)
    received = events(post(client, {"stream": True}))
    assert kinds(received) == ["message_start", "content_block_start", "content_block_delta", "error"]
    assert received[-1]["error"]["type"] == "api_error"


def test_a_wrong_chunk_ends_the_stream_with_an_error_event(client, backend):
    backend.streams(backend.chunk("a"), b'data: {"choices": [3]}\n\n')
    assert kinds(events(post(client, {"stream": True})))[-1] == "error"


@pytest.mark.parametrize(("finish", "stop"), [("length", "max_tokens"), ("tool_calls", "tool_use")])
def test_tool_arguments_that_are_no_json_leave_the_message_whole(client, backend, finish, stop):
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{"}}
    backend.answers({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": finish}]})
    response = post(client)
    assert (response.status_code, response.json()["stop_reason"]) == (200, stop)


def test_dropped_parameters_are_named(client):
    response = post(client, {"container": "c"}, anthropic_beta="one")
    assert response.headers["x-gateway-dropped-params"] == "anthropic-beta, container"
    assert error(post(client, {"container": "c"}, x_gateway_strict="true")) == (400, "invalid_request_error")
