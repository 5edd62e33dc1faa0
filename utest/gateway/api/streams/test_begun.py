"""A stream has begun with its first content: before that another backend may answer."""

import pytest

from utest.gateway.api.streams.backend_streams import (
    ROLE,
    SSE,
    START,
    TYPES,
    WHOLE,
    ask_chat,
    ask_messages,
    chat,
    chat_text,
    claude,
    data,
    line,
    message_text,
    play,
)

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
