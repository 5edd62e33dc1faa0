"""Defects of ids, times, models and bytes are told by what was expected and what came."""

import json

import pytest

from keywords.engine.http.exchange import Chunk, Exchange
from keywords.engine.openai import envelope
from keywords.engine.openai.answer import read_answer
from keywords.engine.openai.forced_text import forced_text_defect, only_text
from keywords.engine.openai.stream import StreamAssembly

NOW = 1_800_000_000.0


def exchange(body, *, content_type="application/json", stream=False, **headers):
    return Exchange(
        "POST", "http://x", {}, json.dumps({"stream": stream}).encode(), NOW, status=200, chunks=[Chunk(0.1, body)],
        response_headers={"content-type": content_type} | headers,
    )  # fmt: skip


def plain(**changes):
    body = {"id": "a", "created": int(NOW), "model": "m", "choices": [{"message": {"content": "x"}}]} | changes
    return read_answer(exchange(json.dumps(body).encode()))


def stream(*changes):
    events = [{"id": "a", "created": int(NOW), "model": "m", "choices": []} | change for change in changes]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    assembly = StreamAssembly()
    assembly.feed(Chunk(0.1, body.encode()))
    return assembly.answer(exchange(body.encode(), content_type="text/event-stream", stream=True))


def test_sound_answers_have_no_defect():
    for answer in (plain(), stream({}, {})):
        assert not envelope.created_defects(answer, 60)
        assert not envelope.model_defects(answer, "m")
        assert not envelope.encoding_defects(answer.exchange)
    assert not envelope.one_answer_defects(stream({}, {}))
    assert not envelope.repeated_id_defects([plain(id="a"), plain(id="b"), stream({"id": "c"}, {"id": "c"})])


PROMPT_REPORT = {"id": "", "object": "", "created": 0, "model": "", "prompt_filter_results": []}


def test_what_azure_says_of_the_prompt_is_no_part_of_the_answer():
    answer = stream(PROMPT_REPORT, {}, {})
    assert not envelope.created_defects(answer, 60)
    assert not envelope.model_defects(answer, "m")
    assert not envelope.one_answer_defects(answer)
    assert not envelope.repeated_id_defects([answer])


def test_an_event_with_choices_is_part_of_the_answer_whatever_else_it_says():
    assert envelope.created_defects(stream(PROMPT_REPORT | {"choices": [{"index": 0, "delta": {}}]}, {}), 60)


def test_ids():
    answers = [plain(), plain(), stream({"id": "b"}), plain(id=None)]
    assert envelope.repeated_id_defects(answers) == ["answer 4 has no id", "2 of 4 answers have the id 'a'"]


@pytest.mark.parametrize(
    ("created", "message"),
    [
        (NOW, "must be an integer"),
        (int(NOW) * 1000, "milliseconds?"),
        (int(NOW) - 61, "61 s from the client's time"),
        (0, "s from the client's time"),
        (None, "must be an integer"),
    ],
)
def test_creation_times(created, message):
    assert message in envelope.created_defects(plain(created=created), 60)[0]
    assert message in envelope.created_defects(stream({}, {"created": created}), 60)[0]


@pytest.mark.parametrize("named", ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o:latest"])
def test_a_version_is_the_same_model(named):
    assert not envelope.model_defects(plain(model=named), "gpt-4o")


@pytest.mark.parametrize("named", ["gpt-4", "gpt-4omni", "", None, "other"])
def test_another_model(named):
    expected = [f"the answer must name the model 'gpt-4o', it names {named!r}"]
    assert envelope.model_defects(plain(model=named), "gpt-4o") == expected
    assert envelope.model_defects(stream({"model": "gpt-4o"}, {"model": named}), "gpt-4o") == expected


def test_a_stream_that_changes():
    changing = stream({}, {"id": "b"}, {"created": 1})
    assert envelope.one_answer_defects(changing) == [
        "all 3 events must have the same id, they have 'a', 'b'",
        "all 3 events must have the same created, they have 1800000000, 1",
    ]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (exchange(b"{}", content_type="text/html"), "the content type must be application/json, it is 'text/html'"),
        (exchange(b"data: {}", stream=True), "the content type must be text/event-stream"),
        (exchange(b"{}", content_type="application/json; charset=latin-1"), "it is 'latin-1'"),
        (exchange(b"\xef\xbb\xbf{}"), "byte order mark"),
        (exchange('"é"'.encode("latin-1")), "byte 1 is b'\\xe9'"),
        (exchange("{}".encode("utf-16-le")), "bytes that are 0"),
        (exchange(b"{}", **{"content-length": "3"}), "content-length says 3 bytes, 2 came"),
    ],
)
def test_bytes(answer, message):
    assert message in "; ".join(envelope.encoding_defects(answer))


def test_a_charset_of_utf8_is_right():
    assert not envelope.encoding_defects(exchange(b"{}", content_type='application/json; charset="UTF-8"'))


def test_a_forced_text_is_compared_character_by_character():
    assert only_text("é")["json_schema"]["schema"]["properties"]["text"]["enum"] == ["é"]
    assert not forced_text_defect("é 1", '{"text": "\\u00e9 1"}')
    assert "no JSON: 'Hello'" in forced_text_defect("é 1", "Hello")
    assert "from character 0 on it has '? 1' instead of 'é 1'" in forced_text_defect("é 1", '{"text": "? 1"}')
    assert "from character 2 on it has '' instead of '1'" in forced_text_defect("é 1", '{"text": "é "}')
    assert forced_text_defect("é 1", '{"text": "é 1", "more": 1}')
