"""Frames of the referee's answers: OpenAI's chunks with HTTP's chunked framing, put together without a JSON encoder."""

from __future__ import annotations

MODEL = "referee"
_START = b'data: {"id":"'
_MIDDLE = b'","object":"chat.completion.chunk","created":1700000000,"model":"' + MODEL.encode() + b'","choices":['


def head(request_id: str) -> bytes:
    """The head of a streamed answer."""
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx-request-id: "
        + request_id.encode()
        + b"\r\n\r\n"
    )


def chunk(request_id: str, number: int) -> bytes:
    """A chunk with one word of text; the first one carries the role too."""
    role = b'"role":"assistant",' if number == 0 else b""
    text = b'{"index":0,"delta":{%s"content":" w%03d"},"finish_reason":null}]}\n\n' % (role, number % 1000)
    return _framed(_START + request_id.encode() + _MIDDLE + text)


def last(request_id: str, tokens: int) -> bytes:
    """The finish reason, the usage, `[DONE]`, and the end of the body."""
    start = _START + request_id.encode() + _MIDDLE
    finish = start + b'{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    counts = b'"usage":{"prompt_tokens":8,"completion_tokens":%d,"total_tokens":%d}}\n\n' % (tokens, tokens + 8)
    return _framed(finish + start + b"]," + counts + b"data: [DONE]\n\n") + b"0\r\n\r\n"


def whole_answer(body: bytes) -> bytes:
    """A JSON answer with status 200 and its length."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
