"""Errors of Anthropic, as clients of OpenAI's format get them."""

import json

import pytest


def error(kind, message="no"):
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ((400, error("invalid_request_error", "temperature: range 0..1")), (400, "backend_rejected")),
        (
            (400, error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")),
            (400, "context_length_exceeded"),
        ),
        (
            (
                400,
                error(
                    "invalid_request_error",
                    "input length and `max_tokens` exceed context limit: 199211 + 20000 > 200000",
                ),
            ),
            (400, "context_length_exceeded"),
        ),
        ((401, error("authentication_error", "invalid x-api-key sk-ant-secret")), (502, "backend_refused")),
        ((402, error("billing_error")), (502, "backend_refused")),
        ((403, error("permission_error")), (502, "backend_refused")),
        ((404, error("not_found_error", "model: claude-x")), (404, "model_not_found")),
        ((413, error("request_too_large")), (413, "backend_rejected")),
        ((429, error("rate_limit_error")), (429, "rate_limit_exceeded")),
        ((500, error("api_error")), (502, "backend_error")),
        ((529, error("overloaded_error")), (503, "backend_unavailable")),
        ((200, error("overloaded_error")), (503, "backend_unavailable")),
        ((200, {"hello": 1}), (502, "backend_bad_answer")),
        ((200, None), (502, "backend_bad_answer")),
    ],
)
def test_errors(claude, backend, answered, expected, stream):
    status, answer = answered
    if status == 200 and stream:
        backend.streams(b"data: " + json.dumps(answer).encode() + b"\n\n")
    else:
        backend.answers(answer, status)
    response = claude.chat(stream=stream)
    error = claude.error(response)
    assert (response.status_code, error["code"]) == expected
    assert "sk-ant-secret" not in response.text
    if "210000" in str(answer):
        assert "210000" in error["message"]
        assert "200000" in error["message"]


def test_overload_passes_on_when_to_come_back(claude, backend):
    backend.answers(error("overloaded_error"), 529, {"retry-after": "9"})
    assert claude.chat().headers["retry-after"] == "9"
    backend.answers(error("overloaded_error"), 529)
    assert claude.chat().headers["retry-after"] == "1"
