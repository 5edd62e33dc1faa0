"""Answers with parts that are missing or of another type: each keyword that reads them judges, and none of them breaks.

A verdict is an `AssertionError`, an answer that is none (`NoUsableAnswer`), or an exception of the client's package.
"""

import contextlib
import copy
import json

import anthropic
import openai
import pytest

from keywords.client.chat import ChatLibrary
from keywords.client.completions import CompletionsLibrary
from keywords.client.embeddings import EmbeddingsLibrary
from keywords.client.messages import MessagesLibrary
from keywords.client.sdk.anthropic import AnthropicSdkLibrary
from keywords.client.sdk.openai import OpenAISdkLibrary
from keywords.client.sdk.openai_text import OpenAISdkTextLibrary
from keywords.client.streaming import StreamingLibrary
from keywords.client.tools import ToolsLibrary
from keywords.engine.openai.answer import NoUsableAnswer

VERDICTS = (AssertionError, NoUsableAnswer, openai.OpenAIError, anthropic.AnthropicError)
ODD = [None, 7, "odd", [], [None], [7], {}, True, "missing"]
USAGE = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
HEAD = {"id": "1", "model": "m", "created": 1}
CHAT = {
    **HEAD,
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "OK", "tool_calls": [CALL]},
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
}
CHUNK = {
    **HEAD,
    "object": "chat.completion.chunk",
    "choices": [
        {"index": 0, "delta": {"role": "assistant", "content": "O", "tool_calls": [CALL]}, "finish_reason": None}
    ],
    "usage": USAGE,
}
LOGPROBS = {"tokens": ["O"], "token_logprobs": [-1.0], "top_logprobs": [None], "text_offset": [0]}
TEXT = {
    **HEAD,
    "object": "text_completion",
    "choices": [{"index": 0, "text": "O", "finish_reason": "stop", "logprobs": LOGPROBS}],
    "usage": USAGE,
}
VECTORS = {
    "object": "list",
    "model": "m",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
MODELS = {"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "x"}]}
MESSAGE = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "OK"}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
}
EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "O"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]


def places(value, path=()):
    """All places within a JSON value, and the value itself."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


def spoilt(value):
    """The value with each of its parts missing, or replaced by each odd one, one at a time."""
    for path in places(value):
        for odd in ODD:
            copied = {"all": copy.deepcopy(value)}
            parent = copied
            for step in ("all", *path)[:-1]:
                parent = parent[step]
            name = ("all", *path)[-1]
            if odd != "missing":
                parent[name] = odd
            elif isinstance(parent, dict) and path:
                del parent[name]
            else:
                continue
            yield f"{'.'.join(map(str, path)) or 'all'} is {odd!r}", copied["all"]


def read_chat(answer):
    chat, tools = ChatLibrary(), ToolsLibrary()
    yield lambda: chat.get_text(answer)
    yield lambda: chat.get_finish_reason(answer)
    yield lambda: chat.get_usage(answer, "total_tokens")
    yield lambda: chat.usage_should_add_up(answer)
    yield lambda: chat.answer_should_be_a_complete_chat_completion(answer)
    yield lambda: tools.get_tool_calls(answer)


def read_stream(stream):
    streams = StreamingLibrary()
    yield lambda: streams.stream_should_be_closed_properly(stream)
    yield lambda: streams.stream_should_be_valid_utf8(stream)
    yield lambda: streams.get_time_to_first_content(stream)
    yield lambda: streams.get_share_of_time_to_first_content(stream)
    yield lambda: ToolsLibrary().get_tool_calls(stream)
    yield lambda: ChatLibrary().get_usage(stream, "total_tokens")


def read_text(answer):
    text = CompletionsLibrary()
    yield lambda: text.answer_should_be_a_complete_text_completion(answer)
    yield lambda: text.get_tokens_of_text(answer)


def read_vectors(answer):
    vectors = EmbeddingsLibrary()
    yield lambda: vectors.embeddings_should_be_complete(answer)
    yield lambda: vectors.get_vector_length(answer)
    yield lambda: vectors.get_similarity(answer, answer)
    yield lambda: vectors.get_tokens_of_embeddings(answer)


def read_sdk(answer):
    yield lambda: OpenAISdkLibrary().get_openai_text(answer)
    yield lambda: OpenAISdkLibrary().get_openai_usage(answer, "total_tokens")


def read_nothing(_):
    return ()


PLAIN = {
    "Ask": (CHAT, lambda: ChatLibrary().ask("a"), read_chat),
    "Ask For Completion": (TEXT, lambda: CompletionsLibrary().ask_for_completion("a"), read_text),
    "Ask For Embeddings": (VECTORS, lambda: EmbeddingsLibrary().ask_for_embeddings("a"), read_vectors),
    "OpenAI Chat": (CHAT, lambda: OpenAISdkLibrary().openai_chat("a"), read_sdk),
    "OpenAI List Models": (MODELS, lambda: OpenAISdkLibrary().openai_list_models(), read_nothing),
    "OpenAI Complete": (TEXT, lambda: OpenAISdkTextLibrary().openai_complete("a"), read_sdk),
    "OpenAI Embed": (VECTORS, lambda: OpenAISdkTextLibrary().openai_embed("a"), read_nothing),
    "Anthropic Message": (MESSAGE, lambda: AnthropicSdkLibrary().anthropic_message("a"), read_nothing),
    "Anthropic List Models": (
        {"data": [{"type": "model", "id": "a"}], "has_more": False},
        lambda: AnthropicSdkLibrary().anthropic_list_models(),
        read_nothing,
    ),
    "Anthropic Token Count": (
        {"input_tokens": 3},
        lambda: AnthropicSdkLibrary().anthropic_token_count("a"),
        read_nothing,
    ),
    "Send Message": (
        MESSAGE,
        lambda: MessagesLibrary().send_message("a"),
        lambda answer: [lambda: MessagesLibrary().body_should_be_a_message(answer)],
    ),
}
STREAMED = {
    "Stream Chat": ([CHUNK], lambda: StreamingLibrary().stream_chat("a"), read_stream),
    "Stream Completion": (
        [TEXT],
        lambda: CompletionsLibrary().stream_completion("a"),
        lambda stream: [lambda: CompletionsLibrary().text_stream_should_be_closed_properly(stream)],
    ),
    "OpenAI Stream": ([CHUNK], lambda: OpenAISdkLibrary().openai_stream("a"), read_sdk),
    "OpenAI Stream Completion": ([TEXT], lambda: OpenAISdkTextLibrary().openai_stream_completion("a"), read_sdk),
}
MESSAGES = {
    "Stream Message": (
        EVENTS,
        lambda: MessagesLibrary().stream_message("a"),
        lambda stream: [
            lambda: MessagesLibrary().message_stream_should_be_in_order(stream),
            lambda: MessagesLibrary().message_stream_should_say_that_it_broke_off(stream),
            lambda: MessagesLibrary().get_message_text(stream),
        ],
    ),
    "Anthropic Stream": (EVENTS, lambda: AnthropicSdkLibrary().anthropic_stream("a"), read_nothing),
}


def broken(ask, read):
    """The breakages of one answer; a verdict is none."""
    found = []

    def judge(call):
        with contextlib.suppress(*VERDICTS):
            try:
                return call()
            except VERDICTS:
                raise
            except Exception as error:  # noqa: BLE001 - any other one is a finding
                found.append(f"{type(error).__name__}: {error}")
        return None

    answer = judge(ask)
    if answer is not None:
        for call in read(answer):
            judge(call)
    return found


def findings(gateway, cases, ask, read, respond):
    found = {}
    for name, body in cases:
        respond(gateway, body)
        if errors := broken(ask, read):
            found[name] = errors
    return found


def whole(gateway, body):
    gateway.answers(200, json=body)


def as_chunks(gateway, bodies):
    data = "".join(f"data: {json.dumps(body)}\n\n" for body in bodies) + "data: [DONE]\n\n"
    gateway.answers(200, text=data, headers={"content-type": "text/event-stream"})


def as_events(gateway, bodies):
    kinds = [body.get("type") if isinstance(body, dict) else "odd" for body in bodies]
    data = "".join(f"event: {kind}\ndata: {json.dumps(body)}\n\n" for kind, body in zip(kinds, bodies, strict=True))
    gateway.answers(200, text=data, headers={"content-type": "text/event-stream"})


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("name", PLAIN)
def test_a_spoilt_answer_is_judged(gateway, name):
    body, ask, read = PLAIN[name]
    whole(gateway, body)
    assert not broken(ask, read)
    assert not findings(gateway, spoilt(body), ask, read, whole)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of the package's own copies of odd values
@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("name", {**STREAMED, **MESSAGES})
def test_a_spoilt_stream_is_judged(gateway, name):
    bodies, ask, read = {**STREAMED, **MESSAGES}[name]
    respond = as_events if name in MESSAGES else as_chunks
    cases = [
        (f"event {number}: {what}", [*bodies[:number], body, *bodies[number + 1 :]])
        for number, whole_body in enumerate(bodies)
        for what, body in spoilt(whole_body)
    ]
    respond(gateway, bodies)
    assert not broken(ask, read)
    assert not findings(gateway, cases, ask, read, respond)


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("name", {**PLAIN, **STREAMED, **MESSAGES})
@pytest.mark.parametrize("text", ["", "<html>", "null", "{", "data: {", "data: [1]\n\n", "event: x\ndata: 7\n\n"])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/html"])
def test_a_body_of_another_kind_is_judged(gateway, name, text, kind):
    _, ask, read = {**PLAIN, **STREAMED, **MESSAGES}[name]
    gateway.answers(200, text=text, headers={"content-type": kind})
    assert not broken(ask, read)


@pytest.mark.usefixtures("collector")
def test_a_chunk_whose_text_is_null_is_named(gateway):
    chunk = copy.deepcopy(TEXT)
    chunk["choices"][0]["text"] = None
    as_chunks(gateway, [TEXT, chunk])
    with pytest.raises(AssertionError, match=r"choices\[0\]\.text of chunk 2 should be a text, got None"):
        OpenAISdkTextLibrary().openai_stream_completion("a")
