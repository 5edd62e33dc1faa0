"""A small sound server, and what a client sees of it through a wire."""

import asyncio
import json
from contextlib import suppress

import httpx2
import pytest
from aiohttp import web

from keywords.engine.defects.wire import Wire

KEY = "key-of-the-server"
TEXT = ["Zoë", " says:\n", " a < b", " & c", " – end"]
USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
HELD_UP_S = 2.0
USER = {"role": "user", "content": "  Zoë?\n" + "long " * 400 + "end"}
TALK = [{"role": "system", "content": "Be brief."}, USER, {"role": "assistant", "content": "Hm."}, USER]
CHAT = "/v1/chat/completions"
FULL = {
    "messages": TALK,
    "tools": [{"type": "function", "function": {"name": name}} for name in "ab"],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "stop": ["x", "y"],
    "seed": 1,
    "temperature": 0.5,
    "max_tokens": 7,
    "max_completion_tokens": 7,
    "n": 2,
    "logprobs": True,
    "top_logprobs": 2,
    "logit_bias": {"7": -100},
    "response_format": {"type": "json_schema", "json_schema": {}},
}
PROBES = (
    ("POST", CHAT, {}, {"messages": [USER]}),
    ("POST", CHAT, {}, {"messages": [USER], "temperature": 0.1}),
    ("POST", CHAT, {}, {"messages": [{"role": "user", "content": "Other."}]}),
    ("POST", CHAT, {}, FULL),
    ("POST", CHAT, {}, {"messages": [USER], "stream": True, "stream_options": {"include_usage": True}}),
    ("POST", CHAT, {}, {"messages": [USER], "stream": True, "n": 2, "max_tokens": 7}),
    ("POST", CHAT, {}, {"messages": [USER], "temperature": 5}),
    ("POST", CHAT, {}, {"messages": [USER], "max_tokens": -1}),
    ("POST", CHAT, {}, {"messages": [USER], "max_completion_tokens": 0}),
    ("POST", CHAT, {}, {"messages": [{"role": "wizard", "content": "Hello."}]}),
    ("POST", CHAT, {}, {"messages": [USER], "model": "no-such-model"}),
    ("POST", CHAT, {}, b"{"),
    ("POST", CHAT, {"authorization": "Bearer wrong"}, {"messages": [USER]}),
    ("POST", CHAT, {"authorization": f"Bearer {KEY[:-1]}"}, {"messages": [USER]}),
    ("POST", CHAT, {"authorization": ""}, {"messages": [USER]}),
    ("GET", CHAT, {}, b""),
    ("GET", "/v1/models", {}, b""),
    ("GET", "/v1/models", {"authorization": ""}, b""),
    ("HEAD", "/v1/models", {}, b""),
    ("POST", "/v1/embeddings", {}, {"input": ["one", "two"]}),
    ("GET", "/health", {"authorization": ""}, b""),
    ("GET", "/nothing", {}, b""),
)


class SoundServer:
    """Answers as OpenAI's API does; everything follows from the request and the number of its probe."""

    def __init__(self):
        self.requests = {}
        self.client_reads = asyncio.Event()
        self.together = []
        self.both_here = asyncio.Event()
        self.held_up = self.apart = False

    async def open(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def answer(self, request):
        probe, body = request.headers["x-probe"], await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        for own in ("host", "content-length", "connection"):
            headers.pop(own, None)
        fields = {}
        with suppress(ValueError):
            fields = json.loads(body)
        seen = {f"header.{name}": value for name, value in headers.items()} | (fields or {"body": body})
        self.requests.setdefault(probe, []).append({"method": request.method, "path": request.path_qs, **seen})
        return await self.decide(request, probe, fields)

    async def decide(self, request, probe, fields):
        path, method = request.path, request.method
        if refused := self.refuse(path, method, request.headers.get("authorization")):
            return self.error(*refused, probe)
        if path == "/health":
            return self.json({"ok": True}, probe)
        if path == "/v1/models":
            return self.json({"object": "list", "data": [{"id": "m", "object": "model"}]}, probe)
        if path == "/v1/embeddings":
            vectors = [[float(number)] * 16 for number in range(len(fields["input"]))]
            data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
            return self.json({"object": "list", "data": data, "usage": {"prompt_tokens": 2, "total_tokens": 2}}, probe)
        if refused := self.refuse_fields(fields):
            return self.error(*refused, probe)
        if probe.startswith("together"):
            await self.meet(probe)
        return await self.chat(request, probe, fields)

    def refuse(self, path, method, key):
        if path not in {CHAT, "/v1/models", "/v1/embeddings", "/health"}:
            return 404, "Unknown address.", None
        if key != f"Bearer {KEY}" and path != "/health":
            return 401, "Wrong key.", None
        return (405, "Use POST.", None) if path == CHAT and method == "GET" else None

    def refuse_fields(self, fields):
        if not fields:
            return 400, "This is no JSON.", None
        wrong = {
            "temperature": fields.get("temperature", 0) > 2,
            "max_tokens": fields.get("max_tokens", 1) < 1,
            "max_completion_tokens": fields.get("max_completion_tokens", 1) < 1,
            "messages": any(one["role"] == "wizard" for one in fields["messages"]),
        }
        if fields["model"] != "m":
            return 404, "Unknown model.", "model"
        return next(((400, f"Wrong {name}.", name) for name, is_wrong in wrong.items() if is_wrong), None)

    async def meet(self, probe):
        self.together.append(probe)
        if len(self.together) == 2:
            self.both_here.set()
        self.apart |= await times_out(self.both_here)

    async def chat(self, request, probe, fields):
        reason = "length" if "max_tokens" in fields else "stop"
        head = {"id": f"chatcmpl-{probe}", "created": 1700000000, "model": "m"}
        count = range(fields.get("n", 1))
        if fields.get("stream"):
            return await self.stream(request, self.events(head, count, reason, fields), probe)
        message = {"role": "assistant", "content": "".join(TEXT)}
        choice = {"message": message, "finish_reason": reason, "logprobs": None}
        if fields.get("logprobs"):
            choice["logprobs"] = {"content": [{"token": "Zoë", "logprob": -0.5}]}
        choices = [{"index": index, **choice} for index in count]
        return self.json({**head, "object": "chat.completion", "choices": choices, "usage": USAGE}, probe)

    def events(self, head, count, reason, fields):
        yield from (self.chunk(head, index, {"role": "assistant", "content": ""}, None) for index in count)
        yield from (self.chunk(head, index, {"content": text}, None) for text in TEXT for index in count)
        yield from (self.chunk(head, index, {}, reason) for index in count)
        if "stream_options" in fields:
            yield {**head, "object": "chat.completion.chunk", "choices": [], "usage": USAGE}

    def chunk(self, head, index, delta, reason):
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        return {**head, "object": "chat.completion.chunk", "choices": [choice]}

    async def stream(self, request, events, probe):
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "x-request-id": probe})
        await response.prepare(request)
        for number, event in enumerate(events):
            await response.write(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
            if number == 2:
                # A client that gets events at once lets the stream go on at once.
                self.held_up = await times_out(self.client_reads)
        await response.write(b"data: [DONE]\n\n")
        return response

    def json(self, value, probe, status=200):
        body = json.dumps(value, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "x-request-id": probe}
        return web.Response(status=status, body=body, headers=headers)

    def error(self, status, message, param, probe):
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
        return self.json({"error": error}, probe, status)


async def times_out(event):
    try:
        await asyncio.wait_for(event.wait(), HELD_UP_S)
    except TimeoutError:
        return True
    return False


def flat(value, path, into):
    """Add the values of a JSON value by their dotted paths, without the numbers of lists."""
    if isinstance(value, dict):
        for name, inner in value.items():
            flat(inner, f"{path}.{name}", into)
    elif isinstance(value, list):
        into.setdefault(f"{path}.length", []).append(len(value))
        for inner in value:
            flat(inner, path, into)
    else:
        into.setdefault(path, []).append(value)


def stream_facts(data):
    facts = {"stream.events": data.count(b"\n\n") - data.count(b"[DONE]")}
    for event in data.split(b"\n\n"):
        payload = event.removeprefix(b"data: ")
        if payload == b"[DONE]":
            facts["stream.done"] = facts.get("stream.done", 0) + 1
            continue
        try:
            flat(json.loads(payload), "stream", facts)
        except ValueError:
            facts.setdefault("stream.bytes", []).append(payload)
    return facts


async def see(client, server, name, probe):
    """Send one request; the facts of its answer."""
    method, path, headers, body = probe
    sent = {"x-probe": name, "authorization": f"Bearer {KEY}", **headers}
    sent = {header: value for header, value in sent.items() if value}
    if isinstance(body, dict):
        body = json.dumps({"model": "m", **body}).encode()
    if body:
        sent["content-type"] = "application/json"
    data, facts, server.client_reads = b"", {}, asyncio.Event()
    kind = "stream" if b'"stream": true' in body else "answer"
    try:
        async with client.stream(method, path, headers=sent, content=body or None) as answer:
            facts[f"{kind}.status"] = answer.status_code
            for header, value in answer.headers.items():
                if header not in {"content-length", "date", "transfer-encoding"}:
                    facts[f"{kind}.header.{header}"] = value
            async for part in answer.aiter_raw():
                data += part
                if data.count(b"\n\n") > 1:
                    server.client_reads.set()
    except httpx2.HTTPError as error:
        facts[f"{kind}.broken"] = type(error).__name__
    if kind == "stream":
        return facts | stream_facts(data) | {"stream.order": server.held_up}
    try:
        flat(json.loads(data or b"{}"), "answer", facts)
    except ValueError:
        facts["answer.bytes"] = data
    return facts


async def is_kept_open(url):
    """Whether a connection stays open after an answer that says nothing else."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\nx-probe: raw\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    try:
        # Reads the body, and goes on to the end of the connection.
        await asyncio.wait_for(reader.read(), 0.03)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        writer.close()


@pytest.fixture
def observe(monkeypatch):
    """What a client sees of the sound server through a wire: facts by probe."""
    waits = []

    async def wait(seconds):
        waits.append(seconds)

    monkeypatch.setattr("keywords.engine.defects.changes.sleep", wait)

    async def through(plant):
        server = SoundServer()
        wire = Wire(plant, KEY, await server.open())
        url, seen = await wire.open(), {}
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
            client.headers.clear()
            for number, probe in enumerate(PROBES):
                waits.clear()
                seen[number] = await see(client, server, str(number), probe)
                seen[number]["time"] = sum(waits)
            pair = [
                see(client, server, name, ("POST", CHAT, {}, {"messages": [{"role": "user", "content": name}]}))
                for name in ("together-1", "together-2")
            ]
            seen["together-1"], seen["together-2"] = await asyncio.gather(*pair)
            seen["together-1"]["order"] = server.apart
        seen["raw"] = {"connection": await is_kept_open(url)}
        for probe in seen:
            for request in server.requests.get(str(probe), ()):
                seen[probe] |= {f"request.{name}": value for name, value in request.items()}
        await wire.close()
        await server.runner.cleanup()
        return seen

    return lambda plant: asyncio.run(through(plant))
