import pytest
from assertionengine import AssertionOperator

from keywords.client.chat import ChatLibrary
from keywords.client.streaming import StreamingLibrary

EQUAL, LESS = AssertionOperator["=="], AssertionOperator["<"]


@pytest.fixture
def stream(gateway, make):
    gateway.streams(*make.good_stream)
    return StreamingLibrary().stream_chat("Hello")


def test_a_stream_asks_for_what_is_given(gateway, make):
    gateway.streams(*make.good_stream)
    StreamingLibrary().stream_chat("Hello", system="Be brief", seed=3, include_usage=True, extra={"top_k": 1})
    body = gateway.bodies[0]
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert (body["seed"], body["max_tokens"], body["top_k"], body["messages"][0]["role"]) == (3, 64, 1, "system")


def test_getters_of_a_stream(stream):
    look = StreamingLibrary()
    assert look.get_finish_reasons(stream, EQUAL, ["stop"]) == ["stop"]
    assert look.get_time_to_first_content(stream) == stream.ttft_s
    assert 0 < look.get_share_of_time_to_first_content(stream) <= 1
    assert ChatLibrary().get_text(stream, EQUAL, "Héllo") == "Héllo"
    assert ChatLibrary().get_finish_reason(stream, EQUAL, "stop") == "stop"
    look.stream_should_be_closed_properly(stream)
    look.stream_should_be_valid_utf8(stream)


def test_a_stream_without_content_has_no_times(gateway):
    gateway.streams("[DONE]")
    empty = StreamingLibrary().stream_chat("Hello")
    assert StreamingLibrary().get_time_to_first_content(empty, EQUAL, None) is None
    with pytest.raises(AssertionError, match="should be compared with 1, but there is none"):
        StreamingLibrary().get_share_of_time_to_first_content(empty, LESS, 1)
    with pytest.raises(AssertionError, match="no choice came"):
        StreamingLibrary().stream_should_be_closed_properly(empty)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'data: {"x": "caf\xc3"}\n\n', "The stream is not UTF-8"),
        ('data: {"x": "caf\ufffd"}\n\n'.encode(), "Event 1 holds half a character"),
        (b'data: {"x": "\\ud83d"}\n\ndata: {"x": "\\ude80"}\n\n', "Event 1 holds half a character"),
    ],
)
def test_cut_characters_are_found(gateway, content, message):
    gateway.answers(200, content=content, headers={"content-type": "text/event-stream"})
    with pytest.raises(AssertionError, match=message):
        StreamingLibrary().stream_should_be_valid_utf8(StreamingLibrary().stream_chat("Hello"))


def test_a_whole_surrogate_pair_is_a_character(gateway):
    gateway.answers(200, content=b'data: {"x": "\\ud83d\\ude80"}\n\ndata: [DONE]\n\n')
    StreamingLibrary().stream_should_be_valid_utf8(StreamingLibrary().stream_chat("Hello"))
