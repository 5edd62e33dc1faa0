"""Whether a backend's words blame the prompt or the gateway's key."""

import pytest

from gateway.backends.http.blame import blames_request

PROMPT = [
    "Your input was flagged",
    "Input flagged by moderation: hate/threatening.",
    "Content violates usage guidelines. Team: t, API key ID: k, Model: m, Failed check: SAFETY_CHECK_TYPE_CSAM.",
    "Prompt blocked due to security configurations",
    "The request was rejected because the prompt was blocked by a guardrail.",
    "Input data may contain inappropriate content.",
    "Your prompt contains sensitive words.",
    "Output blocked by content filtering policy",
    "The response was filtered due to the prompt triggering our content management policy.",
    "This text is not allowed here.",
    "Rejected: harmful image.",
    "Potential prompt injection detected.",
    "The conversation was refused.",
]
KEY = [
    "Invalid API key",
    "Incorrect API key provided: sk-***abc",
    "Forbidden",
    "Access denied",
    "You have insufficient permissions for this operation. Missing scopes: model.request",
    "Your account has been flagged for violating our terms.",
    "Your organization has been disabled.",
    "The API key was blocked.",
    "Country, region, or territory not supported",
    "This key is not allowed to read images.",
    "Your project is not allowed to use this model.",
    "User is not allowed to send messages with these credentials.",
    "Your IP was blocked.",
    "Not allowed",
]


@pytest.mark.parametrize("message", PROMPT)
def test_words_that_blame_the_prompt(message):
    assert blames_request({"message": message})


@pytest.mark.parametrize("message", KEY)
def test_words_that_blame_the_key(message):
    assert not blames_request({"message": message})


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "content_filter"},
        {"type": "content_policy_violation"},
        {"code": "moderation_blocked"},
        {"metadata": {"reasons": ["hate"], "flagged_input": "…"}},
        {"innererror": {"content_filter_result": {"hate": {"filtered": True}}}},
    ],
)
def test_fields_that_blame_the_prompt(fields):
    assert blames_request({"message": "Forbidden"} | fields)


@pytest.mark.parametrize(
    "fields",
    [{"code": 403}, {"type": "permission_error"}, {"metadata": {}}, {"metadata": "flagged_input"}, {"code": None}],
)
def test_fields_that_do_not(fields):
    assert not blames_request({"message": "Forbidden"} | fields)
