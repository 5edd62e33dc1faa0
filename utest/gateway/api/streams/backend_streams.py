"""What backends of each kind stream, and what clients of both formats read of it."""

import asyncio
import json

from aiohttp import web

IDLE_S = 0.4
SSE, NDJSON = "text/event-stream", "application/x-ndjson"
TYPES = {"ollama": NDJSON}
KINDS = ("openai", "azure", "nim", "anthropic", "ollama")


def data(value):
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def chat(finish=None, **delta):
    return data({"id": "c1", "model": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def claude(kind, **fields):
    return b"event: " + kind.encode() + b"\n" + data({"type": kind, **fields})


def line(*, done=False, **message):
    return json.dumps({"model": "x", "message": {"role": "assistant", **message}, "done": done}).encode() + b"\n"


ROLE = chat(role="assistant", content="")
DONE = b"data: [DONE]\n\n"
START = claude("message_start", message={"id": "c1", "usage": {"input_tokens": 1, "output_tokens": 1}})
STOPPED = claude("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 4})
STOP = claude("message_stop")


def block(index, **fields):
    return claude("content_block_start", index=index, content_block=fields)


def delta(index, **fields):
    return claude("content_block_delta", index=index, delta=fields)


TEXT = block(0, type="text", text="") + delta(0, type="text_delta", text="Yes")
WHOLE = {
    "openai": [ROLE, chat(content="Yes"), chat("stop"), DONE],
    "anthropic": [START, TEXT, claude("content_block_stop", index=0), STOPPED, STOP],
    "ollama": [line(content="Yes"), line(done=True, content="")],
}
WHOLE |= {"azure": WHOLE["openai"], "nim": WHOLE["openai"]}


def play(backend, *pieces, kind=SSE, pause_s=0.0, open_s=0.0, end=b""):
    """Answer the first backend's requests with the pieces, a pause before each; the spare one's with "Spare"."""

    async def script(request):
        is_spare = request.path.startswith("/second")
        response = web.StreamResponse(headers={"content-type": SSE if is_spare else kind})
        await response.prepare(request)
        if is_spare:
            await response.write(chat(content="Spare") + chat("stop") + DONE)
            return response
        for piece in pieces:
            await asyncio.sleep(pause_s)
            await response.write(piece)
        for _ in range(round(open_s / 0.1)):
            await asyncio.sleep(0.1)
            if end:
                await response.write(end)
        return response

    backend.script = script


def ask_chat(client, model, **fields):
    response = client.chat(model, stream=True, **fields)
    return response, [
        json.loads(event.removeprefix("data: ")) for event in response.text.split("\n\n") if event.startswith("data: {")
    ]


def ask_messages(client, model, **fields):
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools": tools}
    response = client.post({**body, "stream": True, **fields}, path="/v1/messages")
    lines = [line.removeprefix("data: ") for line in response.text.split("\n") if line.startswith("data: ")]
    return response, list(map(json.loads, lines)) if response.status_code == 200 else []


def chat_text(events):
    assert all("error" not in event for event in events), events
    choices = [choice for event in events for choice in event["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def message_text(events):
    assert all(event["type"] != "error" for event in events), events
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    return "".join(part.get("text", "") for part in deltas)


ASK = {"chat": (ask_chat, chat_text), "messages": (ask_messages, message_text)}
