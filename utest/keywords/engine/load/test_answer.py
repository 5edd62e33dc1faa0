import json
import tracemalloc

import pytest

from keywords.engine.load.answer import LoadAnswer
from keywords.engine.load.sample import Sample
from keywords.engine.redaction.secrets import SECRETS
from utest.keywords.engine.load.servers import DONE, STREAM, USAGE, event

SSE = {b"content-type": b"text/event-stream"}


def answer(*pieces, headers=SSE, status=200, keeps_text=False):
    found = LoadAnswer(Sample(0), keeps_text=keeps_text)
    found.begin(status, headers)
    for at, piece in enumerate(pieces, start=1):
        found.take(piece, float(at))
    found.finish()
    return found


def test_memory_does_not_grow_with_the_chunks():
    chunk = event({"content": "word " * 10})

    def peak(chunks):
        found = LoadAnswer(Sample(0))
        found.begin(200, SSE)
        tracemalloc.start()
        for at in range(chunks):
            found.take(chunk, float(at))
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest - len(found.sample.chunk_times) * 8 * 9 // 8

    peak(100)
    few, many = peak(1_000), peak(50_000)
    assert many - few < 50_000, "eight bytes for each time, and nothing else"


def test_comments_and_strange_fields_are_not_kept():
    found = LoadAnswer(Sample(0))
    found.begin(200, SSE)
    tracemalloc.start()
    for at in range(20_000):
        found.take(b": still here\n\nwhat: is this\n\n", float(at))
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert current < 1_000_000


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_where_the_reads_are_cut_changes_no_count(size):
    found = answer(*(STREAM[at : at + size] for at in range(0, len(STREAM), size))).sample
    assert (found.error, found.text_chunks, found.text_length, found.output_tokens) == (None, 2, 2, 2)


def test_a_chunk_has_the_time_of_the_read_that_completed_it():
    first, second = event({"content": "a"}), event({"content": "b"}, "stop")
    found = answer(first[:10], first[10:] + second[:5], second[5:], DONE).sample
    assert list(found.chunk_times) == [2.0, 3.0]
    assert (found.t_first_byte, found.t_first_content, found.t_last_content) == (1.0, 2.0, 3.0)


def test_an_event_with_two_texts_is_one_chunk():
    found = answer(event({"content": "a", "reasoning_content": "b"}, "stop"), DONE).sample
    assert (found.text_chunks, found.text_length) == (1, 2)


def test_usage_of_every_chunk_counts_once():
    pieces = [event({"content": "a"}, usage={**USAGE, "completion_tokens": count}) for count in (1, 2, 3)]
    found = answer(*pieces, event({}, "stop"), DONE).sample
    assert (found.output_tokens, found.tokens_source) == (3, "usage")


@pytest.mark.parametrize("usage", [{}, {"completion_tokens": "many"}, None, 5])
def test_usage_without_a_count_is_no_source(usage):
    found = answer(event({"content": "a"}, "stop", usage=usage), DONE).sample
    assert (found.output_tokens, found.tokens_source) == (1, "chunks")


def test_the_first_finish_reason_counts():
    found = answer(event({"content": "a"}, "length"), event({}, "stop"), DONE).sample
    assert found.finish_reason == "length"


def test_an_error_event_wins_over_what_follows():
    error = event(error={"message": "out of memory", "code": 500})
    found = answer(event({"content": "a"}), error, b"data: {\n\n", DONE).sample
    assert (found.error, found.error_message, found.text_chunks) == ("stream_error", "out of memory", 1)


def test_only_the_answers_text_is_kept_for_the_next_turn():
    pieces = [event({"reasoning_content": "hm"}), event({"content": "Yes"}), event({"content": "!"}, "stop"), DONE]
    assert answer(*pieces, keeps_text=True).text == "Yes!"
    assert answer(*pieces).text == ""


def test_texts_of_several_choices():
    body = b'{"choices": [{"message": {"content": "one"}}, {"message": {"content": "two"}}]}'
    found = answer(body, headers={b"content-type": b"application/json"}, keeps_text=True)
    assert (found.sample.error, found.sample.text_length, found.sample.text_chunks) == (None, 6, 0)


@pytest.mark.parametrize("count", [-1, 2**63, 10**30, True, 1.5, "7", None])
def test_what_no_answer_can_have_is_no_count_of_tokens(count):
    usage = {"prompt_tokens": count, "completion_tokens": count}
    streamed = answer(event({"content": "a"}, "stop"), event({}, usage=usage), DONE).sample
    body = {"choices": [{"message": {"content": "a"}}], "usage": usage}
    plain = answer(json.dumps(body).encode(), headers={b"content-type": b"application/json"}).sample
    assert [(each.prompt_tokens, each.tokens_source) for each in (streamed, plain)] == [(None, "chunks"), (None, None)]


KEY = "sk-" + "Ab3dE5gH" * 200


@pytest.mark.parametrize("before", [0, 150, 190, 790], ids=lambda n: f"after {n}")
def test_no_piece_of_a_key_is_kept_wherever_a_text_is_cut(before):
    SECRETS.protect(KEY)
    said = "\n" * before + f"wrong key {KEY}"
    headers = {b"x-request-id": b"q" * before + KEY.encode(), b"x-gateway-backend": KEY.encode()}
    body = json.dumps({"error": {"message": said}}).encode()
    found = answer(body, headers=headers, status=401).sample
    finished = answer(event({"content": "a"}, "q" * before + KEY), DONE).sample
    kept = f"{found.error_message} {found.request_id} {found.backend} {finished.finish_reason}"
    assert "Ab3dE5gH" not in kept


def test_a_long_finish_reason_is_cut():
    assert answer(event({"content": "a"}, "s" * 100_000), DONE).sample.finish_reason == "s" * 200
