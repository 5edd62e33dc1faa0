"""Anthropic's answers, whole and as streams."""

import asyncio
import json

import pytest

from gateway.backends.anthropic.backend import AnthropicBackend, AnthropicConfig
from gateway.backends.base import Call
from gateway.request.usage import Usage

USAGE = {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 4}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}


def event(name, **fields):
    return f"event: {name}\n".encode() + b"data: " + json.dumps({"type": name, **fields}).encode() + b"\n\n"


def block(index, start, *deltas):
    return b"".join(
        [
            event("content_block_start", index=index, content_block=start),
            *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
            event("content_block_stop", index=index),
        ]
    )


def text_block(index, *texts):
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": text} for text in texts))


START = event(
    "message_start",
    message={**MESSAGE, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}},
)
PING = event("ping")
STOP = event("message_stop")


def end(stop_reason="end_turn", output_tokens=4):
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage={"output_tokens": output_tokens})


def test_a_whole_answer(claude, backend):
    backend.answers(MESSAGE)
    answer = claude.chat().json()
    assert answer.pop("created") > 1_700_000_000
    assert answer == {
        "id": "msg_1",
        "object": "chat.completion",
        "model": "claude-x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 17,
            "completion_tokens": 4,
            "total_tokens": 21,
            "prompt_tokens_details": {"cached_tokens": 5},
        },
    }
    assert backend.paths == ["/v1/messages"]
    headers = backend.headers[0]
    assert (headers["x-api-key"], headers["anthropic-version"]) == ("sk-ant-secret", "2023-06-01")
    assert "authorization" not in headers
    assert json.loads(backend.bodies[0]) == {
        "model": "claude-x", "max_tokens": 77, "messages": [{"role": "user", "content": "hi"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "finish_reason", "with_calls"),
    [
        ("end_turn", "stop", "tool_calls"),
        ("stop_sequence", "stop", "tool_calls"),
        ("pause_turn", "stop", "tool_calls"),
        ("max_tokens", "length", "length"),
        ("model_context_window_exceeded", "length", "length"),
        ("tool_use", "stop", "tool_calls"),
        ("refusal", "content_filter", "content_filter"),
        ("something_new", "stop", "tool_calls"),
    ],
)
def test_stop_reasons(claude, backend, given, finish_reason, with_calls):
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    for expected, content, events in (
        (finish_reason, MESSAGE["content"], text_block(0, "a")),
        (with_calls, [use], block(0, use)),
    ):
        backend.answers({**MESSAGE, "content": content, "stop_reason": given})
        assert claude.chat().json()["choices"][0]["finish_reason"] == expected
        backend.streams(START, events, end(given), STOP)
        assert claude.events()[-2]["choices"][0]["finish_reason"] == expected


def test_tools_and_thoughts_of_a_whole_answer(claude, backend):
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    uses = [
        {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
        {"type": "tool_use", "id": "t2", "name": "now", "input": {}},
    ]
    backend.answers({**MESSAGE, "content": [thought, *uses, {"type": "citation_of_2030"}], "stop_reason": "tool_use"})
    message = claude.chat().json()["choices"][0]["message"]
    assert message == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "reasoning": "hm",
        "thinking_blocks": [thought],
        "tool_calls": [
            {"index": 0, "id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}},
            {"index": 1, "id": "t2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
        ],
    }


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_stream_however_it_is_cut_into_reads(claude, backend, size):
    whole = START + PING + text_block(0, "He", "llo") + end(output_tokens=2) + end(None, 4) + STOP
    if size == 1:
        whole = whole.replace(b"\n", b"\r\n")
        size = 97
    backend.streams(*(whole[i : i + size] for i in range(0, len(whole), size)))
    response = claude.chat(stream=True, stream_options={"include_usage": True})
    events = response.text.split("\n\n")
    assert [events.pop(), events.pop()] == ["", "data: [DONE]"]
    assert events.count(": ping") == 1
    *chunks, usage = [json.loads(event[6:]) for event in events if event != ": ping"]
    assert [(chunk["choices"][0]["delta"], chunk["choices"][0]["finish_reason"]) for chunk in chunks] == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "He"}, None),
        ({"content": "llo"}, None),
        ({}, "stop"),
    ]
    assert {chunk["id"] for chunk in [*chunks, usage]} == {"msg_1"}
    assert all(chunk["usage"] is None for chunk in chunks)
    assert usage["choices"] == []
    # The last count, not the sum of all: they are cumulative.
    assert usage["usage"]["completion_tokens"] == 4
    assert usage["usage"]["prompt_tokens"] == 17


def test_no_usage_unless_asked(claude, backend):
    backend.streams(START, text_block(0, "a"), end(), STOP)
    assert not any("usage" in event for event in claude.events()[:-1])


def test_a_stream_of_calls(claude, backend):
    def arguments(*pieces):
        return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]

    backend.streams(
        START,
        block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "h"},
            {"type": "thinking_delta", "thinking": "m"},
            {"type": "signature_delta", "signature": "s"},
        ),
        block(1, {"type": "tool_use", "id": "t1", "name": "add", "input": {}}, *arguments("", '{"a"', ": 1}")),
        block(2, {"type": "tool_use", "id": "t2", "name": "now", "input": {}}, *arguments("")),
        end("tool_use"),
        STOP,
    )
    *chunks, done = claude.events()
    assert done == "[DONE]"
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""},
        {"reasoning": "h"},
        {"reasoning": "m"},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
        {"tool_calls": [{"index": 0, "id": "t1", "type": "function", "function": {"name": "add", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]},
        {"tool_calls": [{"index": 1, "id": "t2", "type": "function", "function": {"name": "now", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {},
    ]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (event("error", error={"type": "overloaded_error", "message": "Overloaded"}), "backend_unavailable"),
        (event("error", error={"type": "rate_limit_error", "message": "slow"}), "rate_limit_exceeded"),
        (b"data: oops\n\n", "backend_bad_answer"),
        (b'data: {"type": "content_block_delta"}\n\n', "backend_bad_answer"),
        (STOP, "backend_bad_answer"),
        (b"event: content_block", "backend_disconnected"),
        (b"", "backend_disconnected"),
    ],
)
def test_a_stream_that_breaks(claude, backend, last, code):
    backend.streams(START + text_block(0, "a") + last)
    role, chunk, failure, done = claude.events()
    assert role["choices"][0]["delta"]["role"] == "assistant"
    assert chunk["choices"][0]["delta"]["content"] == "a"
    assert (failure["error"]["code"], done) == (code, "[DONE]")


@pytest.mark.parametrize("last", [b"", event("error", error={"type": "api_error", "message": "late"}), b"event: mess"])
def test_nothing_is_missing_after_the_stop_reason(claude, backend, last):
    backend.streams(START, text_block(0, "a"), end(), last, cut=True)
    *_, finish, usage, done = claude.events(stream_options={"include_usage": True})
    assert (finish["choices"][0]["finish_reason"], usage["usage"]["completion_tokens"], done) == ("stop", 4, "[DONE]")


@pytest.mark.parametrize("stream", [False, True])
def test_the_ledger_gets_the_last_counts(backend, stream):
    if stream:
        backend.streams(START, text_block(0, "a"), end(output_tokens=2), end(None, 4), STOP)
    else:
        backend.answers(MESSAGE)

    async def ask():
        anthropic = AnthropicBackend(AnthropicConfig(base_url=backend.url), name="a", connect_s=1)
        call = Call(b"", {"messages": [{"role": "user", "content": "hi"}]}, "m", "m", "id", stream=stream)
        await anthropic.start()
        try:
            if stream:
                async for _ in anthropic.stream(call):
                    pass
            else:
                await anthropic.complete(call)
        finally:
            await anthropic.stop()
        return call.meter.reported

    assert asyncio.run(ask()) == Usage(17, 4, "backend", 5)


def test_dropped_parameters_are_named(claude, backend):
    backend.answers(MESSAGE)
    response = claude.chat(seed=1, logprobs=True)
    assert response.headers["x-gateway-dropped-params"] == "seed, logprobs"


def test_readiness_asks_for_the_models(claude, backend):
    assert claude.http.get("/health/ready").status_code == 200
    backend.health["/v1/models"] = (401, b"{}")
    assert claude.http.get("/health/ready").status_code == 503
    assert backend.bodies == []
