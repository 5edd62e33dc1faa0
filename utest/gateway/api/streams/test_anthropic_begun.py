"""Whether an answer has begun, so that no other backend may answer: each kind of first event, then a failure."""

import json

import pytest


def event(kind, **fields):
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, **fields}).encode())


START = event("message_start", message={"id": "m", "model": "c", "usage": {"input_tokens": 500, "output_tokens": 1}})
ERROR = event("error", error={"type": "overloaded_error", "message": "over"})
DELTA = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "x"})


def block(**fields):
    return event("content_block_start", index=0, content_block=fields)


def delta(**fields):
    return event("content_block_delta", index=0, delta=fields)


TEXT = block(type="text", text="")
THOUGHT = block(type="thinking", thinking="", signature="")
EMPTY = delta(type="text_delta", text="")
CALL = block(type="tool_use", id="a", name="f", input={})


@pytest.fixture
def route(start_gateway, backend):
    """A client of a gateway that asks `claude` first, and `up` next."""
    with start_gateway(
        backends={
            "claude": {"kind": "anthropic", "base_url": backend.url},
            "up": {"kind": "openai", "base_url": f"{backend.url}/v1"},
        },
        models={
            "m": {"route": [{"backend": "claude"}, {"backend": "up"}]},
            "o": {"route": [{"backend": "up"}, {"backend": "claude"}]},
        },
    ) as client:
        yield client


def plays(backend, first, second):
    scripts = [first, second]

    async def play(request):
        backend.streams(*scripts.pop(0))
        answer, backend.script = backend.script, play
        return await answer(request)

    backend.script = play


def asked(client, path, model="m"):
    body = {"model": model, "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    return client.post(body, path=path)


PATHS = pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])


@PATHS
@pytest.mark.parametrize(
    ("first", "begun"),
    [
        ((), False),
        ((TEXT,), False),
        ((block(type="text"),), False),
        ((THOUGHT,), False),
        ((TEXT, event("ping")), False),
        ((TEXT, EMPTY), False),
        ((THOUGHT, delta(type="thinking_delta", thinking="")), False),
        ((TEXT, event("content_block_stop", index=0)), False),
        ((TEXT, DELTA), True),
        ((block(type="text", text="x"),), True),
        ((THOUGHT, delta(type="thinking_delta", thinking="hm")), True),
        ((THOUGHT, delta(type="signature_delta", signature="x")), True),
        ((TEXT, delta(type="citations_delta", citation={"type": "char_location"})), True),
        ((CALL,), True),
        ((block(type="redacted_thinking", data="x"),), True),
        ((block(type="server_tool_use", id="a", name="web_search", input={}),), True),
    ],
)
def test_a_failure_before_any_content_is_answered_by_the_next_backend(route, backend, path, first, begun):
    plays(backend, (START, *first, ERROR), (backend.chunk("second"), backend.chunk(finish="stop"), b"data: [DONE]\n\n"))
    response = asked(route, path)
    assert ("second" in response.text, "error" in response.text) == (not begun, begun)
    assert len(backend.bodies) == (1 if begun else 2)


@PATHS
def test_what_was_held_back_comes_with_the_first_content(route, backend, path):
    ends = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1}), event("message_stop")
    plays(backend, (START, THOUGHT, event("content_block_stop", index=0), TEXT, EMPTY, DELTA, *ends), ())
    text = asked(route, path).text
    start, thought = ('"role"', '"thinking_blocks"') if path == "/v1/chat/completions" else ('"m"', '"thinking"')
    assert text.index(start) < text.index(thought) < text.index('"x"')
    assert "error" not in text


@PATHS
def test_an_end_without_counts_is_an_end(route, backend, path):
    end = event("message_delta", delta={"stop_reason": "end_turn"}, usage=None)
    plays(backend, (START, TEXT, DELTA, event("content_block_stop", index=0), end, event("message_stop")), ())
    assert "error" not in asked(route, path).text


@PATHS
@pytest.mark.parametrize(
    "first", [b"data: nonsense\n\n", b'data: {"choices":[{"delta":{"x"\n\n', b'data: {"choices":"\xff"}\n\n']
)
def test_a_first_event_that_is_no_json_is_no_answer(route, backend, path, first):
    answer = (START, TEXT, DELTA, event("message_delta", delta={"stop_reason": "end_turn"}), event("message_stop"))
    plays(backend, (first,), answer)
    response = asked(route, path, "o")
    assert (response.status_code, len(backend.bodies)) == (200, 2)
