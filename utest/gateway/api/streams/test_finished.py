"""A stream ends soon after every choice is finished, if neither [DONE] nor the end of the connection comes."""

import pytest

from gateway.backends.http import events as http_events
from utest.gateway.api.streams.backend_streams import (
    ASK,
    DONE,
    IDLE_S,
    KINDS,
    ROLE,
    SSE,
    START,
    STOPPED,
    TEXT,
    TYPES,
    ask_chat,
    chat,
    chat_text,
    data,
    line,
    play,
)

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
