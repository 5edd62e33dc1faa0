"""A backend's head may be as long as proxies of companies make it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

BODY = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}'
STREAM = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
HEADS = {
    "a long line": b"content-security-policy: " + b"a" * 9_000 + b"\r\n",
    "the longest line": b"x: " + b"a" * 65_000 + b"\r\n",
    "two long lines": (b"set-cookie: c=" + b"a" * 20_000 + b"\r\n") * 2,
    "a long name": b"x" * 9_000 + b": a\r\n",
    "150 lines": b"".join(b"x-%d: a\r\n" % number for number in range(150)),
    "500 lines": b"".join(b"x-%d: a\r\n" % number for number in range(500)),
}


@pytest.fixture(scope="module")
def head_client(start_gateway, in_own_thread):
    """`head_client.head` is a part of the head of the next answers."""
    with (
        in_own_thread(server) as served,
        start_gateway(
            retries={"attempts": 3, "base_s": 0.01},
            backends={"up": {"kind": "openai", "base_url": f"http://127.0.0.1:{served['port']}"}},
            models={"m": {"route": [{"backend": "up"}]}},
        ) as client,
    ):
        client.served = served
        yield client


@asynccontextmanager
async def server():
    served = {"head": b"", "requests": 0}

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = STREAM if b'"stream": true' in await reader.readexactly(size) else BODY
        kind = b"text/event-stream" if body is STREAM else b"application/json"
        served["requests"] += 1
        lines = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n" % (
            kind,
            len(body),
        )
        writer.write(lines + served["head"] + b"\r\n" + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    served["port"] = listening.sockets[0].getsockname()[1]
    async with listening:
        yield served


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_large_head_is_taken(head_client, head, stream):
    head_client.served["head"] = head
    response = head_client.chat(stream=stream)
    assert response.status_code == 200
    assert "Hello" in response.text


@pytest.mark.parametrize(
    "head",
    [
        b"x: " + b"a" * 70_000 + b"\r\n",
        b"".join(b"x-%d: a\r\n" % number for number in range(600)),
        b"no header\r\n",
        b"content-length: -2\r\n",
    ],
    ids=["too long a line", "too many lines", "no header", "no length"],
)
def test_a_head_that_cannot_be_read_is_called_so_and_not_asked_for_again(head_client, head):
    head_client.served.update(head=head, requests=0)
    response = head_client.chat()
    error = head_client.error(response)
    assert (response.status_code, error["code"]) == (502, "backend_bad_answer")
    assert "headers" in error["message"]
    assert (response.headers["x-should-retry"], head_client.served["requests"]) == ("false", 1)
