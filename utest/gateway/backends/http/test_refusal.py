"""What a backend refuses or fails at, told to the client in one shape, over a real socket."""

import pytest

# the backend's status and body: our status, code
REFUSALS = {
    "llama.cpp context": (
        (400, {"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error"}
               | {"n_prompt_tokens": 900, "n_ctx": 512}}),
        (400, "context_length_exceeded"),
    ),
    "vLLM context": (
        (400, {"error": {"code": 400, "message": "This model's maximum context length is 512 tokens. However, you "
                         "requested 900 tokens."}}),
        (400, "context_length_exceeded"),
    ),
    "llama.cpp no images": (
        (500, {"error": {"code": 500, "type": "server_error", "message": "image input is not supported - hint: x"}}),
        (400, "backend_rejected"),
    ),
    "llama.cpp unknown tool": (
        (500, {"error": {"code": 500, "type": "server_error", "message": "Failed to parse tools: Unsupported type"}}),
        (400, "backend_rejected"),
    ),
    "llama.cpp unreadable message": (
        (500, {"error": {"code": 500, "type": "server_error", "message": "Failed to parse messages: type_error"}}),
        (400, "backend_rejected"),
    ),
    "its own 400": ((400, {"error": {"code": 400, "message": "bad grammar"}}), (400, "backend_rejected")),
    "its own code": ((422, {"error": {"code": "odd", "message": "x", "param": "y"}}), (422, "odd")),
    "unknown model there": ((404, {"error": {"message": "no such model"}}), (404, "model_not_found")),
    "rate": ((429, {"error": {"message": "slow down", "code": None}}), (429, "rate_limit_exceeded")),
    "rate, no body": ((429, None), (429, "rate_limit_exceeded")),
    "rate, said as a server's": ((429, {"error": {"message": "x", "type": "server_error", "code": "429"}}),
                                 (429, "rate_limit_exceeded")),
    "quota": ((429, {"error": {"message": "x", "type": "insufficient_quota", "code": "insufficient_quota"}}),
              (429, "insufficient_quota")),
    "400, said as a server's": ((400, {"error": {"message": "x", "type": "server_error"}}), (400, "backend_rejected")),
    "absurd numbers": ((400, {"error": {"message": f"maximum context length is {'9' * 5000}"}}),
                       (400, "context_length_exceeded")),
    "no status under 200": ((200, {"error": {"message": "x", "code": 7}}), (502, "backend_error")),
    "our key": ((401, {"error": {"message": "bad key sk-123"}}), (502, "backend_refused")),
    "no such path": ((404, "<html>"), (502, "backend_refused")),
    "loading": ((503, {"error": {"message": "Loading model", "code": 503}}), (503, "backend_unavailable")),
    "crash": ((500, {"error": "boom"}), (502, "backend_error")),
    "its timeout": ((504, "x"), (504, "backend_timeout")),
    "redirect": ((302, None), (502, "backend_refused")),
    "null": ((200, None), (502, "backend_bad_answer")),
    "odd type": ((400, {"error": {"message": "x", "type": [1], "code": {}}}), (400, "backend_rejected")),
    "odd type under 200": ((200, {"error": {"message": "x", "type": {}, "code": 400}}), (400, "backend_rejected")),
    "no completion": ((200, {"ok": True}), (502, "backend_bad_answer")),
    "error under 200": ((200, {"error": {"message": "boom", "code": 500}}), (502, "backend_error")),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "expected"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_backends_refusal_is_normalised(client, backend, answer, expected, stream):
    status, body = answer
    backend.answers(body, status, {"retry-after": "7"})
    response = client.chat(stream=stream)
    error = client.error(response)
    assert (response.status_code, error["code"]) == expected
    assert "sk-123" not in error["message"]
    assert ("the gateway's key" in error["message"]) == (status == 401)
    assert response.headers["x-gateway-backend"] == "up"
    if status in {429, 503}:
        assert response.headers["retry-after"] == "7"
    if response.status_code <= 429:
        assert error["type"] not in {"server_error", None}
    if response.status_code == 429:
        assert error["type"] in {"rate_limit_error", "insufficient_quota"}
    if error["code"] == "context_length_exceeded":
        assert error["param"] == "messages"
        assert len(error["message"]) < 600
    if error["code"] == "context_length_exceeded" and "900" in str(body):
        assert "900" in error["message"]
        assert "512" in error["message"]


@pytest.mark.parametrize("asked", ["soon", "-5", "", "9" * 30, "Jan -9999999999 00:00:00 9999 00:00:00 EST"])
@pytest.mark.parametrize(("status", "passed_on"), [(429, None), (503, "1")])
def test_what_is_no_wait_is_not_passed_on(client, backend, asked, status, passed_on):
    backend.answers({"error": {"message": "x"}}, status, {"retry-after": asked})
    response = client.chat()
    assert (response.status_code, response.headers.get("retry-after")) == (status, passed_on)


def test_a_word_without_end_is_shortened(client, backend):
    backend.answers({"error": {"message": "x", "type": "t" * 9999, "code": "c" * 9999, "param": "p" * 9999}}, 400)
    error = client.error(client.chat())
    assert {len(error[key]) for key in ("type", "code", "param")} == {100}


def test_an_answer_that_is_no_json_is_502(client, backend):
    backend.answers(raw=b"<html>")
    response = client.chat()
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_bad_answer")


@pytest.mark.parametrize("stream", [False, True])
def test_a_dead_backend_is_502(client, stream):
    response = client.chat("gone", stream=stream)
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_refused")


@pytest.mark.parametrize("stream", [False, True])
def test_a_silent_backend_is_504(hasty_client, backend, stream):
    backend.is_silent()
    response = hasty_client.chat(stream=stream)
    assert (response.status_code, hasty_client.error(response)["code"]) == (504, "backend_timeout")
    assert backend.closed.wait(2)
