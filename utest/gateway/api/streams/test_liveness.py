"""A stream lives as long as its backend sends bytes, whatever becomes of them; the gateway bears 0.4 s of silence."""

import json

import pytest

from utest.gateway.api.streams.backend_streams import (
    ASK,
    DONE,
    KINDS,
    NDJSON,
    ROLE,
    SSE,
    START,
    STOP,
    STOPPED,
    TEXT,
    TYPES,
    WHOLE,
    ask_chat,
    ask_messages,
    block,
    chat,
    data,
    delta,
    line,
    message_text,
    play,
)

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
