"""What every format finds in the headers of a request, and which format a path has."""

import pytest

from gateway.formats.endpoints import format_of

BEARER, OTHER, BASIC = (
    (b"authorization", b"Bearer k"),
    (b"authorization", b"bearer  o "),
    (b"authorization", b"Basic x"),
)
API_KEY = (b"x-api-key", b" a ")


@pytest.mark.parametrize(
    ("headers", "openai", "anthropic"),
    [
        ([], b"", b""),
        ([BEARER], b"k", b"k"),
        ([BASIC], b"", b""),
        # Of several headers of one name, the last counts.
        ([BEARER, OTHER], b"o", b"o"),
        ([BASIC, BEARER], b"k", b"k"),
        ([BEARER, BASIC], b"", b""),
        ([API_KEY], b"a", b"a"),
        ([API_KEY, BEARER], b"k", b"a"),
        ([BEARER, API_KEY], b"k", b"a"),
        ([API_KEY, BASIC], b"a", b"a"),
        ([API_KEY, (b"authorization", b"Bearer ")], b"a", b"a"),
        ([API_KEY, (b"x-api-key", b"b")], b"b", b"b"),
        ([(b"x-api-key", b""), BEARER], b"k", b"k"),
    ],
)
def test_the_secret_in_the_headers(headers, openai, anthropic):
    assert format_of("/v1/chat/completions").secret(headers) == openai
    assert format_of("/v1/messages").secret(headers) == anthropic


VERSION = (b"anthropic-version", b"2023-06-01")


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/v1/chat/completions", [], "openai"),
        ("/v1/chat/completions", [VERSION], "openai"),
        ("/", [], "openai"),
        ("", [VERSION], "openai"),
        ("/v1/messages/count_tokens", [], "anthropic"),
        ("/v1/messagesx", [VERSION], "openai"),
        # Both APIs have these paths.
        ("/v1/models", [], "openai"),
        ("/v1/models", [API_KEY], "openai"),
        ("/v1/models", [API_KEY, VERSION], "anthropic"),
        ("/v1/models", [(b"anthropic-version", b"")], "anthropic"),
        ("/v1/models/org/m", [VERSION], "anthropic"),
        ("/v1/modelsx", [VERSION], "openai"),
    ],
)
def test_every_request_has_a_format(path, headers, name):
    assert format_of(path, headers).name == name
