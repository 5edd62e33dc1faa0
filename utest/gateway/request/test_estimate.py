"""The estimate of tokens where nobody counts, and before the answer."""

import base64
import json
import random

import pytest

from gateway.request.estimate import LOW_DETAIL_TOKENS, PAGE_TOKENS, PICTURE_TOKENS, content_bytes, prompt_tokens
from gateway.request.usage import Meter

DATA = base64.b64encode(bytes(600_000)).decode()
TEXT = "The keeper of the small museum winds all of its clocks on the first Sunday of a month. "
URL = f"data:image/png;base64,{DATA}"


def asked(*parts, **fields):
    return prompt_tokens({"messages": [{"role": "user", "content": list(parts)}], **fields}, "messages") - 4


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        ({"type": "image_url", "image_url": {"url": URL}}, PICTURE_TOKENS),
        ({"type": "image_url", "image_url": {"url": URL, "detail": "low"}}, LOW_DETAIL_TOKENS),
        ({"type": "image_url", "image_url": URL}, PICTURE_TOKENS),
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, PICTURE_TOKENS),
        ({"type": "input_image", "image_url": URL}, PICTURE_TOKENS),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}, PICTURE_TOKENS),
        ({"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}, PICTURE_TOKENS),
        (
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "image", "source": {"type": "base64", "data": DATA}}],
            },
            PICTURE_TOKENS,
        ),
        # 600 kB: 12.5 s at 48,000 bytes a second, 37.5 s at 16,000.
        ({"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}}, 125),
        ({"type": "input_audio", "input_audio": {"data": DATA, "format": "mp3"}}, 375),
        ({"type": "input_audio", "input_audio": {}}, 0),
        ({"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{DATA}"}}, 9000),
        ({"type": "file", "file": {"file_id": "file-1"}}, PAGE_TOKENS),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": DATA}}, 9000),
        ({"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}}, PAGE_TOKENS),
        ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "word" * 100}}, 100),
        ({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "word" * 9}]}}, 9),
        ({"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{DATA}"}}, PICTURE_TOKENS),
        ({"type": "unknown", "data": DATA}, 0),
        ({"type": "text", "text": "word" * 50}, 50),
        ({"type": "thinking", "thinking": "word" * 50, "signature": "s" * 4000}, 50),
        ({"type": "redacted_thinking", "data": "s" * 4000}, 0),
        ({"type": "tool_use", "id": "t" * 400, "name": "look", "input": {"a": "word" * 20}}, 23),
        ({"type": "text", "text": "\u6771" * 40}, 30),
    ],
)
def test_a_part_of_a_message_counts_its_text_or_a_fixed_number(part, tokens):
    assert asked(part) == pytest.approx(tokens, abs=1)


@pytest.mark.parametrize(
    ("fields", "question", "tokens"),
    [
        ({"prompt": "word" * 10}, "prompt", 10),
        ({"prompt": ["word" * 10, "word" * 5]}, "prompt", 15),
        ({"prompt": [1, 2, 3]}, "prompt", 3),
        ({"input": [[1, 2, 3], [4, 5]]}, "input", 5),
        ({"messages": [], "system": "word" * 10}, "messages", 10),
        ({"messages": [], "system": [{"type": "text", "text": "word" * 10}]}, "messages", 10),
        ({"messages": [{"role": "assistant", "content": None, "refusal": "word" * 3}]}, "messages", 7),
        ({"messages": [{"role": "user", "content": "word", "images": [DATA, DATA]}]}, "messages", 5 + 2 * 1100),
        ({"messages": [{"role": "user"}], "tools": [{"name": "x" * 387}]}, "messages", 104),
        ({"messages": [{"role": "user"}], "functions": [{"name": "x" * 387}]}, "messages", 104),
        ({"messages": None}, "messages", 0),
        ({}, "messages", 0),
    ],
)
def test_a_whole_request(fields, question, tokens):
    assert prompt_tokens(fields, question) == tokens


def test_calls_of_tools_are_text():
    call = {"id": "c" * 100, "type": "function", "function": {"name": "look", "arguments": '{"a": "' + "word" * 10}}
    assert prompt_tokens({"messages": [{"role": "assistant", "tool_calls": [call]}]}, "messages") == 4 + 13


def test_content_may_nest_as_deep_as_json_is_parsed():
    deep = "word"
    for _ in range(1000):
        deep = [deep]
    assert content_bytes(deep) == 4
    assert asked({"type": "tool_use", "input": {"a": json.loads("[" * 400 + "]" * 400)}}) > 0


def event(delta, **fields):
    chunk = {"id": "x" * 30, "choices": [{"index": 0, "delta": delta}], **fields}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def native(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def completion(*blocks, **meter):
    noted = Meter(**meter)
    for block in blocks:
        noted.note_block(block)
    return noted.estimate({"messages": []}, "messages").completion_tokens


HEAD = event({"role": "assistant", "content": ""})
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
WORDS = (TEXT * 500).split(" ")[:7500]
TOKENS = len(" ".join(WORDS)) / 4


@pytest.mark.parametrize(
    "blocks",
    [
        [event({"content": " ".join(WORDS)})],
        [event({"content": f"{word} "}) for word in WORDS],
        [b"".join(event({"content": f"{word} "}) for word in WORDS)],
        [event({"reasoning_content": f"{word} "}) for word in WORDS],
        [event({"content": f"{word} "}, obfuscation="o" * random.Random(word).randrange(40)) for word in WORDS],
        [event({"content": f"{word} "}, usage=None) + b": ping\n\n" for word in WORDS],
        [*(event({"content": f"{word} "}) for word in WORDS[:3000]), event({"content": " ".join(WORDS[3000:])})],
        [event({"content": " ".join(WORDS[:4500])}), *(event({"content": f"{word} "}) for word in WORDS[4500:])],
        [native("content_block_delta", index=0, delta={"type": "text_delta", "text": f"{word} "}) for word in WORDS],
        [native("content_block_delta", delta={"type": "input_json_delta", "partial_json": " ".join(WORDS)})],
        [event({"tool_calls": [{"index": 0, "function": {"arguments": f"{word} "}}]}) for word in WORDS],
        [event({"reasoning": f"{word} ", "reasoning_content": f"{word} "}) for word in WORDS],
        [b'data: {"choices":[{"text":"%b "}]}\n\n' % word.encode() for word in WORDS],
    ],
    ids=[
        "one event", "words", "one block", "thoughts", "padding", "pings", "joined later", "joined first", "messages",
        "a tool's input", "arguments", "thoughts under two names", "text",
    ],
)  # fmt: skip
def test_a_stream_counts_by_its_text_however_it_is_cut(blocks):
    assert completion(HEAD, *blocks, FINISH) == pytest.approx(TOKENS, rel=0.1)


@pytest.mark.parametrize(
    ("pieces", "tokens"),
    [
        (["4", "2", "7", "."] * 50, 100),
        (["\u6771", "\u4eac"] * 100, 200),
        (list("abcdefgh" * 100), 400),
        ([" internationalisation"] * 40, 210),
        ([], 0),
        ([""] * 20, 0),
    ],
    ids=["digits", "one character each", "cut into letters", "long words", "nothing", "empty pieces"],
)
def test_a_piece_of_a_stream_is_a_token_unless_it_is_too_short(pieces, tokens):
    blocks = [event({"content": piece}) for piece in pieces]
    assert completion(HEAD, *blocks, FINISH) == pytest.approx(tokens, rel=0.2)


def test_what_a_client_is_not_shown_counts():
    assert completion(HEAD, event({"content": "word" * 10}), hidden_bytes=400) == 110


def test_a_broken_event_counts_nothing():
    assert completion(b"data: {bad\n\n", b"data: [DONE]\n\n", b"data: null\n\n", event({"content": "word"})) == 1


def test_little_of_a_long_stream_is_kept():
    meter = Meter()
    for _ in range(5000):
        meter.note_block(event({"content": "word"}))
    assert sum(map(len, meter.sample)) < 20_000


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        ({"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}, 1),
        ({"choices": [{"message": {"content": "word" * 9, "reasoning_content": "word" * 9}}] * 2}, 36),
        ({"choices": [{"message": {"content": [{"type": "text", "text": "word" * 9}]}}]}, 9),
        ({"choices": [{"message": {"content": "word"}, "logprobs": {"content": [{"token": "word"}] * 99}}]}, 1),
        ({"choices": [{"message": {"audio": {"data": DATA, "transcript": "word" * 9}}}]}, 9),
        ({"choices": [{"text": "word" * 9}]}, 9),
        ({"type": "message", "content": [{"type": "text", "text": "word" * 9}]}, 9),
        ({"message": {"role": "assistant", "content": "word" * 9, "thinking": "word"}, "done": True}, 10),
        ({"response": "word" * 9, "context": [1] * 99, "done": True}, 9),
        ({"message": "word" * 9, "context": [1] * 99, "usage": {"name": "word"}}, 9),
        ({"object": "list", "data": [{"embedding": [0.5] * 99}]}, 0),
    ],
)
def test_a_whole_answer_counts_by_its_text(answer, tokens):
    assert completion(answer=answer) == tokens


def test_a_prompt_that_the_backend_has_counted_is_not_guessed():
    assert Meter(prompt_tokens=9).estimate({"messages": [{"content": TEXT}]}, "messages").prompt_tokens == 9
