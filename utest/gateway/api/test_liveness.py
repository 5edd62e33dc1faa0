"""A stream lives as long as its backend sends bytes, has begun with its first content, and ends when it is finished.

Each case runs through a gateway that bears 0.4 s of silence.
"""

import asyncio
import json

import pytest
from aiohttp import web

from gateway.backends.http import events as http_events

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


@pytest.fixture(scope="module")
def _client(start_gateway, _backend):
    backends = {
        kind: {"kind": kind, "base_url": f"{_backend.url}/first" if kind != "openai" else f"{_backend.url}/first/v1"}
        for kind in KINDS
    }
    spare = {"kind": "openai", "base_url": f"{_backend.url}/second/v1"}
    with start_gateway(
        timeouts={"first_byte_s": IDLE_S, "idle_s": IDLE_S, "total_s": 8},
        backends={**backends, "spare": spare},
        models={
            **{kind: {"route": [{"backend": kind}]} for kind in KINDS},
            **{f"{kind}+": {"route": [{"backend": kind}, {"backend": "spare"}]} for kind in KINDS},
        },
    ) as client:
        yield client


@pytest.fixture
def client(_client, backend):  # noqa: ARG001  # resets the backend
    return _client


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


# ---- alive: for more than IDLE_S nothing of what comes is for the client

THINKING = [chat(reasoning_content="hm ") for _ in range(8)]
COMMENTS = [b": x\n\n"] * 8
SEARCH = [
    START,
    block(0, type="server_tool_use", id="s", name="web_search", input={}),
    *[delta(0, type="input_json_delta", partial_json="x")] * 8,
    TEXT.replace(b'"index": 0', b'"index": 1'),
    STOPPED,
    STOP,
]
OTHER_CHOICE = data({"choices": [{"index": 1, "delta": {"content": "no"}}]})
SLOW_EVENT = [chat(content="Yes")[at : at + 10] for at in range(0, len(chat(content="Yes")), 10)]
HIDDEN = {
    "chat, comments": ("chat", "openai", [*COMMENTS, *WHOLE["openai"]]),
    "chat, Azure's comments": ("chat", "azure", [*COMMENTS, *WHOLE["azure"]]),
    "chat, times to reconnect": ("chat", "openai", [b"retry: 3000\n\n"] * 8 + WHOLE["openai"]),
    "chat, one slow event": ("chat", "openai", [*SLOW_EVENT, chat("stop")]),
    "chat, Anthropic's comments": ("chat", "anthropic", [*COMMENTS, *WHOLE["anthropic"]]),
    "chat, a search of Anthropic's": ("chat", "anthropic", SEARCH),
    "chat, comments after the text": ("chat", "anthropic", [START, TEXT, *COMMENTS, STOPPED, STOP]),
    "chat, empty texts of Ollama's": ("chat", "ollama", [line(content="")] * 8 + WHOLE["ollama"]),
    "chat, empty lines of Ollama's": ("chat", "ollama", [b"\n"] * 8 + WHOLE["ollama"]),
    "messages, thoughts": ("messages", "openai", [ROLE, *THINKING, *WHOLE["openai"][1:]]),
    "messages, comments": ("messages", "openai", [*COMMENTS, *WHOLE["openai"]]),
    "messages, pings": ("messages", "openai", [b"event: ping\ndata: {}\n\n"] * 8 + WHOLE["openai"]),
    "messages, no choices": ("messages", "openai", [data({"choices": []})] * 8 + WHOLE["openai"]),
    "messages, another choice": ("messages", "openai", [OTHER_CHOICE] * 8 + WHOLE["openai"]),
    "messages, thoughts of NIM's": ("messages", "nim", [ROLE, *THINKING, *WHOLE["openai"][1:]]),
    "messages, thoughts of Ollama's": ("messages", "ollama", [line(thinking="hm ")] * 8 + WHOLE["ollama"]),
    "messages, Anthropic's comments": ("messages", "anthropic", [START, *COMMENTS, TEXT, STOPPED, STOP]),
}
ASK = {"chat": (ask_chat, chat_text), "messages": (ask_messages, message_text)}


@pytest.mark.parametrize(("asked", "kind", "pieces"), HIDDEN.values(), ids=HIDDEN)
def test_a_stream_lives_while_bytes_come(client, backend, asked, kind, pieces):
    play(backend, *pieces, kind=TYPES.get(kind, SSE), pause_s=0.1)
    ask, text = ASK[asked]
    response, events = ask(client, kind)
    assert response.status_code == 200, response.text
    assert text(events) == "Yes"


def test_a_text_completion_lives_while_ollama_thinks(client, backend):
    thinking = [json.dumps({"model": "x", "response": "", "thinking": "hm", "done": False}).encode() + b"\n"] * 8
    answer = json.dumps({"model": "x", "response": "Yes", "done": True}).encode() + b"\n"
    play(backend, *thinking, answer, kind=NDJSON, pause_s=0.1)
    response = client.post({"model": "ollama", "prompt": "a", "stream": True}, path="/v1/completions")
    assert (response.status_code, '"text":"Yes"' in response.text) == (200, True)


# The arguments of a second call are held back until the first is whole.
FIRST_CALL = chat(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f"}}])
SECOND_CALL = chat(tool_calls=[{"index": 1, "id": "b", "function": {"name": "f", "arguments": " "}}])
QUIET = {
    "thoughts before the text": ("openai", [ROLE, *THINKING, *WHOLE["openai"][1:]]),
    "thoughts of Ollama's": ("ollama", [line(thinking="hm ")] * 8 + WHOLE["ollama"]),
    "thoughts within the text": ("openai", [chat(content="Y"), *THINKING, chat(content="es"), chat("stop"), DONE]),
    "a call that waits for its turn": ("openai", [chat(content="Yes"), FIRST_CALL, *[SECOND_CALL] * 8, chat("stop")]),
}


@pytest.mark.parametrize(("kind", "pieces"), QUIET.values(), ids=QUIET)
def test_a_client_of_messages_gets_pings_while_there_is_nothing_to_tell(client, backend, kind, pieces):
    play(backend, *pieces, kind=TYPES.get(kind, SSE), pause_s=0.1)
    _, events = ask_messages(client, kind)
    kinds = [event["type"] for event in events]
    assert (message_text(events), kinds[0], kinds[-1]) == ("Yes", "message_start", "message_stop")
    # One for each half of the idle limit, in 0.8 s.
    assert 2 <= kinds.count("ping") <= 5


def test_a_client_of_messages_gets_no_pings_for_silence(client, backend):
    play(backend, chat(content="Yes"), open_s=5)
    _, events = ask_messages(client, "openai")
    assert [event["type"] for event in events][-2:] == ["content_block_delta", "error"]


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_still_an_end(client, backend, kind):
    pieces = {"anthropic": [START, TEXT], "ollama": [line(content="Yes")]}.get(kind, [chat(content="Yes")])
    play(backend, *pieces, kind=TYPES.get(kind, SSE), open_s=5)
    _, events = ask_chat(client, kind)
    assert events[-1]["error"]["code"] == "backend_timeout"


# ---- begun: before the first content another backend may answer

ERROR = data({"error": {"code": 429, "message": "rate"}})
NO_CONTENT = {
    "a comment": b": PROCESSING\n\n",
    "a time to reconnect": b"retry: 3000\n\n",
    "empty data": b"data: \n\n",
    "a ping": b"event: ping\ndata: {}\n\n",
    "a ping of text": b"event: ping\ndata: ping\n\n",
    "an id": b"id: 7\n\n",
    "null": b"data: null\n\n",
    "an empty object": b"data: {}\n\n",
    "no choices": data({"choices": []}),
    "null for choices": data({"choices": None}),
    "results of a filter": data({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
    "a role": ROLE,
    "a null for content": chat(role="assistant", content=None),
}


@pytest.mark.parametrize("asked", ["chat", "messages"])
@pytest.mark.parametrize("after", [ERROR, b"", b'data: {"cho'])
@pytest.mark.parametrize("opening", NO_CONTENT.values(), ids=NO_CONTENT)
def test_the_next_backend_answers_for_one_that_fails_before_its_first_content(client, backend, opening, after, asked):
    play(backend, opening, *([after] if after else []))
    ask, text = (ask_chat, chat_text) if asked == "chat" else (ask_messages, message_text)
    response, events = ask(client, "openai+")
    assert response.headers["x-gateway-backend"] == "spare"
    assert text(events) == "Spare"


@pytest.mark.parametrize("opening", NO_CONTENT.values(), ids=NO_CONTENT)
def test_a_failure_before_the_first_content_is_a_status(client, backend, opening):
    play(backend, opening, ERROR)
    assert client.chat("openai", stream=True).status_code == 429


@pytest.mark.parametrize(
    ("kind", "pieces"),
    [
        ("anthropic", [b": x\n\n", claude("error", error={"type": "overloaded_error", "message": "no"})]),
        ("anthropic", [START, claude("ping"), claude("error", error={"type": "overloaded_error", "message": "no"})]),
        ("anthropic", [b"event: ping\ndata: {}\n\n"]),
        ("ollama", [line(content=""), b'{"error":"out of memory"}\n']),
        ("azure", [data({"choices": [], "prompt_filter_results": [1]}), ROLE, ERROR]),
    ],
)
@pytest.mark.parametrize("ask", [ask_chat, ask_messages])
def test_so_it_is_before_every_kind(client, backend, kind, pieces, ask):
    play(backend, *pieces, kind=TYPES.get(kind, SSE))
    response, _ = ask(client, f"{kind}+")
    assert response.headers["x-gateway-backend"] == "spare"


CONTENT = {
    "text": chat(content="a"),
    "text with a role": chat(role="assistant", content="a"),
    "thoughts": chat(reasoning_content="hm"),
    "a call": chat(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]),
    "a refusal": chat(refusal="no"),
    "a finish reason": chat("stop"),
    "half a character": b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"},"finish_reason":null}]}\n\n',
}


@pytest.mark.parametrize("content", CONTENT.values(), ids=CONTENT)
def test_after_the_first_content_no_other_backend_is_asked(client, backend, content):
    play(backend, b": x\n\n", ROLE, content, data({"error": {"message": "gone"}}))
    response, events = ask_chat(client, "openai+")
    assert response.headers["x-gateway-backend"] == "openai"
    assert "error" in events[-1]


def test_what_was_held_back_comes_first_and_unchanged(client, backend):
    pieces = [b": x\n\n", b"retry: 10\n\n", b"event: ping\ndata: {}\n\n", *WHOLE["openai"]]
    play(backend, *pieces, pause_s=0.01)
    response, _ = ask_chat(client, "openai")
    assert response.content == b"".join(pieces)


# ---- finished: every choice has its finish reason, and neither [DONE] nor the end of the connection comes

USAGE = data({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})
FINISHED = {"anthropic": [START, TEXT, STOPPED], "ollama": [line(content="Yes"), line(done=True, content="")]}


@pytest.fixture(params=[IDLE_S / 2, IDLE_S * 2])
def _linger(monkeypatch, request):
    """The wait for the end, which may be longer than the idle limit."""
    monkeypatch.setattr(http_events, "LINGER_S", request.param)
    monkeypatch.setattr("gateway.backends.anthropic.backend.LINGER_S", request.param)


@pytest.mark.usefixtures("_linger")
@pytest.mark.parametrize("heartbeat", [b"", b": hb\n\n"])
@pytest.mark.parametrize("asked", ASK)
@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_answer_ends_well_without_a_closing_mark(client, backend, kind, asked, heartbeat):
    answer = FINISHED.get(kind, [ROLE, chat(content="Yes"), chat("stop"), USAGE])
    end = b"" if kind == "ollama" else heartbeat
    play(backend, *answer, kind=TYPES.get(kind, SSE), pause_s=0.02, open_s=5, end=end)
    ask, text = ASK[asked]
    response, events = ask(client, kind)
    assert text(events) == "Yes"
    assert response.text.endswith("data: [DONE]\n\n" if asked == "chat" else '{"type":"message_stop"}\n\n')
    assert response.elapsed.total_seconds() < 4
    # Ollama's last line says that it is the last, so the connection is not waited for.
    assert kind == "ollama" or backend.closed.wait(2)


def test_content_after_a_finish_reason_is_waited_for(client, backend, monkeypatch):
    """Some servers put a finish reason into every chunk."""
    monkeypatch.setattr(http_events, "LINGER_S", 0.3)
    play(backend, *[chat("stop", content="a")] * 6, DONE, pause_s=0.15)
    _, events = ask_chat(client, "openai")
    assert chat_text(events) == "aaaaaa"


def test_an_answer_with_an_unfinished_choice_is_not_finished(client, backend, monkeypatch):
    monkeypatch.setattr(http_events, "LINGER_S", 0.1)
    play(backend, chat("stop", content="a"), open_s=5)
    _, events = ask_chat(client, "openai", n=2)
    assert events[-1]["error"]["code"] == "backend_timeout"
