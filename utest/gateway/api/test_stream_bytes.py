"""What becomes of a stream depends on its events: not on its label, and not on how TCP grouped them."""

import json

import pytest

from utest.gateway.formats.anthropic.wire import post

DONE = b"data: [DONE]\n\n"


def chunk(content, finish=None, extra=b""):
    """`content` as it stands within quotes."""
    finish = json.dumps(finish).encode()
    return b'data: {"choices":[{"index":0,"delta":{"content":"%b"},%b"finish_reason":%b}]}\n\n' % (
        content,
        extra,
        finish,
    )


# ---- labels

STREAM = [chunk(b"Yes"), chunk(b"", "stop"), DONE]
BEGINNINGS = [
    b"",
    b": hello\n\n",
    b"event: x\n",
    b"id: 1\n",
    b"retry: 5\n",
    b"\n\n",
    b"\xef\xbb\xbf",
    b"\xef\xbb\xbf\n",
]
LABELS = [
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "text/event-stream",
    "application/octet-stream",
]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_stream_passes_whatever_its_label_is(client, backend, label, beginning):
    backend.streams(beginning + STREAM[0], *STREAM[1:], kind=label)
    response = client.chat(stream=True)
    assert (response.status_code, b'"Yes"' in response.content) == (200, True)
    assert b'"text":"Yes"' in post(client, {"stream": True}).content


def test_a_stream_labelled_json_is_passed_on_while_it_comes(client, backend):
    backend.streams(b"\n", *STREAM[:2], kind="application/json", pause_s=30)
    with client.http.stream(
        "POST",
        "/v1/chat/completions",
        json={"model": "m", "messages": [{"role": "user", "content": "a"}], "stream": True},
    ) as response:
        assert "Yes" in next(line for line in response.iter_lines() if line)


@pytest.mark.parametrize("blank", [b"", b"\n", b" \r\n\t"])
@pytest.mark.parametrize("answer", [b'{"choices": []}', b"[1]", b"null", b"17", b'"x"', b"", b"{", b"<html>"])
def test_json_for_a_stream_is_no_stream(client, backend, blank, answer):
    backend.streams(*[piece for piece in (blank, answer) if piece], kind="application/json")
    response = client.chat(stream=True)
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_bad_answer")


@pytest.mark.parametrize("blank", [b"", b"\n", b" \r\n\t"])
def test_an_error_in_json_for_a_stream_is_that_error(client, backend, blank):
    backend.streams(blank + b'{"error": {"message"', b': "slow", "code": 429}}', kind="application/json")
    assert client.chat(stream=True).status_code == 429


# ---- JSON that orjson refuses

ODD = {
    "half a character": (chunk(rb"a\ud83d"), chunk(rb"\ude00")),
    "a lone low half": (chunk(rb"a\ude00"), chunk(b"b")),
    "impossible log probabilities": (chunk(b"a", extra=b'"logprobs":[-Infinity],'), chunk(b"b")),
    "no number": (chunk(b"a", extra=b'"score":NaN,'), chunk(b"b")),
    "a number beyond floats": (chunk(b"a", extra=b'"score":1e400,'), chunk(b"b")),
    "a number of 400 digits": (chunk(b"a", extra=b'"score":%b,' % (b"1" * 400)), chunk(b"b")),
    "a ping of text": (chunk(b"a"), b"event: ping\ndata: now\n\n", chunk(b"b")),
    "half a character in the last event": (chunk(b"a"), chunk(rb"b\ud83d", "stop")),
    "half a character in an event with a usage": (
        chunk(rb"a\ud83d").replace(b"}]}", b'}],"usage":{"prompt_tokens":1,"completion_tokens":1}}'),
        chunk(rb"\ude00"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_event_passes_in_whatever_packet_it_comes(client, backend, odd, grouped):
    events = [*odd, chunk(b"", "length"), DONE] if b'"stop"' not in odd[-1] else [*odd, DONE]
    backend.streams(*([b"".join(events)] if grouped else events))
    assert client.chat(stream=True).content == b"".join(events)
    messages = post(client, {"stream": True}).text
    assert "event: error" not in messages
    assert messages.endswith('event: message_stop\ndata: {"type":"message_stop"}\n\n')


def test_halves_of_a_character_are_joined_in_messages(client, backend):
    backend.streams(*ODD["half a character"], chunk(b"", "stop"))
    parts = [
        json.loads(line[6:]) for line in post(client, {"stream": True}).text.split("\n") if line.startswith("data: ")
    ]
    assert "".join(part["delta"].get("text", "") for part in parts if "delta" in part) == "a\U0001f600"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (rb"a\ud83d", "a\ufffd"),
        (rb"\ude00b", "\ufffdb"),
        (rb"\ud83d\ude00", "\U0001f600"),
        (rb"\ud83d \ude00", "\ufffd \ufffd"),
    ],
)
def test_a_whole_answer_with_half_a_character_is_an_answer(client, backend, content, text):
    body = (
        b'{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"%b"},"finish_reason":"stop"}]}'
        % content
    )
    backend.answers(raw=body)
    assert client.chat().content == body
    assert post(client).json()["content"] == [{"type": "text", "text": text}]


def test_a_repeated_finish_reason_is_taken_out_of_an_odd_event(client, backend):
    backend.streams(chunk(b"a", "stop"), chunk(rb"\ud83d", "stop"), DONE)
    response = client.chat(stream=True)
    assert response.content.count(b'"stop"') == 1
    assert rb"\ud83d" in response.content


@pytest.mark.parametrize("wrong", [b'data: {"choices": [{"finish_reason": "stop"}\n\n', b'data: {"error" oops}\n\n'])
@pytest.mark.parametrize("grouped", [False, True])
def test_what_is_no_json_is_an_error_in_whatever_packet_it_comes(client, backend, wrong, grouped):
    events = [chunk(b"a"), wrong, chunk(b"", "stop")]
    backend.streams(*([b"".join(events)] if grouped else events))
    assert client.events()[-2]["error"]["code"] == "backend_bad_answer"
