"""Chat requests, and the requests to Anthropic that they become."""

from gateway.backends.anthropic.request import anthropic_request
from gateway.backends.base import Call


def called(*, strict=False, **fields):
    fields = {"model": "c", "messages": [{"role": "user", "content": "hi"}], **fields}
    return Call(b"", fields, "c", "claude", "id", stream=bool(fields.get("stream")), strict=strict)


def translated(**fields):
    call = called(**fields)
    request = anthropic_request(call, max_tokens=4096)
    assert not call.dropped
    return request
