"""The gateway's errors in Anthropic's form."""

import json

import pytest

from gateway.errors.base import BackendTimeout, GatewayError
from gateway.formats.anthropic.errors import body_of, status_of
from gateway.formats.endpoints import format_of


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
