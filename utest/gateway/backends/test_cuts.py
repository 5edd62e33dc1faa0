"""A stream of every family, broken off after each of its bytes: whole events, then a proper end or an error."""

import asyncio
import json

import pytest
from aiohttp import web

from gateway.backends.anthropic.backend import AnthropicBackend, AnthropicConfig
from gateway.backends.base import Call
from gateway.backends.ollama.backend import OllamaBackend, OllamaConfig
from gateway.backends.openai.azure import AzureBackend, AzureConfig
from gateway.backends.openai.backend import OpenAIBackend, OpenAIConfig
from gateway.backends.openai.nim import NimBackend, NimConfig
from gateway.errors.base import GatewayError

TEXTS = ["Grüß", ' "dich"\n', "[DONE]"]


def sse(*chunks):
    return [b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n" for chunk in chunks]


def openai_chunk(delta, finish=None):
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


OPENAI = [*sse(*(openai_chunk({"content": text}) for text in TEXTS), openai_chunk({}, "stop")), b"data: [DONE]\n\n"]
AZURE = [*sse({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}), *OPENAI]
OLLAMA = [
    json.dumps({"model": "m", "message": {"content": text}, "done": False}).encode() + b"\n" for text in TEXTS
] + [b'{"model": "m", "message": {"content": ""}, "done": true, "done_reason": "stop"}\n']
ANTHROPIC = [
    b"event: " + event["type"].encode() + b"\n" + sse(event)[0]
    for event in (
        {"type": "message_start", "message": {"id": "msg", "model": "m", "usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in TEXTS),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    )
]

# Each family's frames, and how many of them make an answer from which nothing is missing.
FAMILIES = {
    "openai": (lambda url: OpenAIBackend(OpenAIConfig(base_url=url), name="b"), OPENAI, 4),
    "azure": (lambda url: AzureBackend(AzureConfig(base_url=url), name="b", connect_s=1), AZURE, 5),
    "nim": (lambda url: NimBackend(NimConfig(base_url=url), name="b"), OPENAI, 4),
    "ollama": (lambda url: OllamaBackend(OllamaConfig(base_url=url), name="b", connect_s=1), OLLAMA, 4),
    "anthropic": (lambda url: AnthropicBackend(AnthropicConfig(base_url=url), name="b", connect_s=1), ANTHROPIC, 8),
}


def read(blocks):
    """The text and the finish reasons of whole events."""
    data = b"".join(blocks)
    assert data == b"" or data.endswith(b"\n\n")
    chunks = [json.loads(event[6:]) for event in data.split(b"\n\n") if event.startswith(b"data: ")]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    return text, [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


async def collect(stream):
    blocks = []
    try:
        async with asyncio.timeout(5):
            async for block in stream:
                blocks.append(block)  # noqa: PERF401  # those before an error count
    except GatewayError as error:
        return blocks, error.code
    return blocks, None


async def play(make, wire, offsets, *, reset):
    """What the backend gives for `wire` cut at each of the offsets: its blocks, and its error's code."""
    cut = 0

    async def answer(request):
        await request.read()
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        if cut:
            await response.write(wire[:cut])
        if reset:
            request.transport.abort()
        return response

    application = web.Application()
    application.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    backend = make(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await backend.start()
    call = Call(b"{}", {"messages": [{"role": "user", "content": "hi"}], "stream": True}, "m", "m", "id", stream=True)
    found = []
    try:
        for cut in offsets:
            found.append((cut, *await collect(backend.stream(call))))  # noqa: PERF401  # the server reads `cut`
    finally:
        await backend.stop()
        await runner.cleanup()
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_clean_end_after_each_byte(family):
    make, frames, needed = FAMILIES[family]
    wire = b"".join(frames)
    # A last line of Ollama's is whole without its line end.
    whole = len(b"".join(frames[:needed])) - (family == "ollama")
    for cut, blocks, code in asyncio.run(play(make, wire, range(len(wire) + 1), reset=False)):
        text, finish = read(blocks)
        if cut >= whole:
            assert (cut, text, finish, code) == (cut, "".join(TEXTS), ["stop"], None)
        else:
            assert (cut, finish, code) == (cut, [], "backend_disconnected")
            assert "".join(TEXTS).startswith(text)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reset_at_every_seventh_byte(family):
    make, frames, _ = FAMILIES[family]
    wire = b"".join(frames)
    for cut, blocks, code in asyncio.run(play(make, wire, range(0, len(wire) + 1, 7), reset=True)):
        text, finish = read(blocks)
        # A reset may overtake bytes that were sent before it.
        if code is None:
            assert (cut, text, finish) == (cut, "".join(TEXTS), ["stop"])
        else:
            assert (cut, finish, code) == (cut, [], "backend_disconnected")
            assert "".join(TEXTS).startswith(text)
