"""Whatever is wrong with the types in Anthropic's answer, it is a bad answer, never a failure of the gateway's own."""

import copy
import json

import pytest

from gateway.backends.anthropic.answer import WRONG_SHAPE, AnthropicStream, completion, usage_of
from gateway.backends.anthropic.backend import AnthropicBackend, AnthropicConfig

MESSAGE = {
    "id": "msg",
    "model": "c",
    "content": [
        {"type": "thinking", "thinking": "a", "signature": "s"},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}},
    ],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "cache_read_input_tokens": 5, "output_tokens": 4},
}


def block(start, *deltas):
    yield {"type": "content_block_start", "index": 0, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}


EVENTS = [
    {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1, "output_tokens": 1}}},
    *block(
        {"type": "thinking", "thinking": ""},
        {"type": "thinking_delta", "thinking": "x"},
        {"type": "signature_delta", "signature": "x"},
    ),
    *block({"type": "text", "text": ""}, {"type": "text_delta", "text": "a"}),
    *block(
        {"type": "tool_use", "id": "t", "name": "n", "input": {}}, {"type": "input_json_delta", "partial_json": "{}"}
    ),
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
]
VALUES = [None, 0, 1.5, "x", [], {}, [1], ["x"], {"a": 1}, {"type": []}, True]


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


def changed(value, path):
    """The value with each of `VALUES` at the path, and without what stands there."""
    for new in [*VALUES, ...]:
        result = copy.deepcopy(value)
        inner = result
        for key in path[:-1]:
            inner = inner[key]
        if new is ...:
            del inner[path[-1]]
        else:
            inner[path[-1]] = new
        yield result


def well_formed(choice):
    """Whether the texts of a message or delta are texts."""
    message = choice.get("message") or choice["delta"]
    calls = message.get("tool_calls", [])
    texts = [message.get("content"), *(call["function"]["arguments"] for call in calls)]
    return all(text is None or isinstance(text, str) for text in texts)


@pytest.mark.parametrize("path", [path for path in paths(MESSAGE) if path], ids=str)
def test_a_whole_answer(path):
    for message in changed(MESSAGE, path):
        try:
            answer = json.loads(completion(message))
        except WRONG_SHAPE:
            continue
        assert well_formed(answer["choices"][0]), message
        assert isinstance(answer["choices"][0]["finish_reason"], str)


@pytest.mark.parametrize("path", [path for path in paths(EVENTS) if path], ids=str)
def test_a_stream(path):
    backend = AnthropicBackend(AnthropicConfig(base_url="http://x"), name="a", connect_s=1)
    for events in changed(EVENTS, path):
        stream = AnthropicStream(include_usage=True)
        wire = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
        block, failure = backend._translate(stream, wire)
        if not failure and stream.finished:
            block += stream.usage_chunk()
            usage_of(stream.counts)
        chunks = [json.loads(event[6:]) for event in block.split(b"\n\n") if event.startswith(b"data: ")]
        assert all(well_formed(choice) for chunk in chunks for choice in chunk["choices"]), events
