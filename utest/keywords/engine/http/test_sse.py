import pytest

from keywords.engine.http.exchange import Chunk
from keywords.engine.http.sse import SseEventTooLongError, SseReader

# stream, events as (type, data), problems contain
CASES = {
    "line feeds": (b"data: one\n\ndata: two\n\n", [("message", "one"), ("message", "two")], []),
    "carriage returns and line feeds": (
        b"data: one\r\n\r\ndata: two\r\n\r\n",
        [("message", "one"), ("message", "two")],
        [],
    ),
    "carriage returns": (b"data: one\r\rdata: two\r\r", [("message", "one"), ("message", "two")], []),
    "mixed line ends": (b"data: one\r\n\ndata: two\n\r\n", [("message", "one"), ("message", "two")], []),
    "several data lines": (b"data: one\ndata: two\ndata:\n\n", [("message", "one\ntwo\n")], []),
    "several data lines that end in two bytes": (b"data: one\r\ndata: two\r\n\r\n", [("message", "one\ntwo")], []),
    "one space is taken off, not two": (b"data:one\ndata:  two\n\n", [("message", "one\n two")], []),
    "comments": (b": keep-alive\n\n:\ndata: one\n\n", [("message", "one")], []),
    "an event type": (b"event: error\ndata: {}\n\ndata: next\n\n", [("error", "{}"), ("message", "next")], []),
    "id and retry": (b"id: 7\nretry: 10\ndata: one\n\n", [("message", "one")], []),
    "a byte order mark": (b"\xef\xbb\xbfdata: one\n\n", [("message", "one")], []),
    "a mark in the middle is no mark": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("message", "a")], ["unknown field"]),
    "characters of several bytes": ("data: é 東京 🚀\r\n\r\n".encode(), [("message", "é 東京 🚀")], []),
    "other Unicode line ends are text": ("data: a\u2028b\x85c\n\n".encode(), [("message", "a\u2028b\x85c")], []),
    "bytes that are no UTF-8": (b"data: \xff\n\n", [("message", "\ufffd")], ["not UTF-8"]),
    "an unknown field": (b'error: {"code":500}\n\ndata: x\n\n', [("message", "x")], ["unknown field 'error'"]),
    "a field without a colon": (b"data\n\n", [("message", "")], []),
    "an event without data": (b"event: ping\n\ndata: x\n\n", [("message", "x")], ["type 'ping' has no data"]),
    "an end inside an event": (
        b"data: one\n\ndata: two\n",
        [("message", "one")],
        ["ends inside an event: b'data: two'"],
    ),
    "an end inside a line": (b"data: one\n\nda", [("message", "one")], ["ends inside an event: b'da'"]),
    "nothing": (b"", [], []),
}


def read(*pieces: bytes):
    reader = SseReader()
    events = [event for at, piece in enumerate(pieces) for event in reader.feed(Chunk(float(at), piece))]
    reader.close()
    return events, reader


@pytest.mark.parametrize("case", CASES)
def test_events(case):
    stream, expected, problems = CASES[case]
    events, reader = read(stream)
    assert [(event.type, event.data) for event in events] == expected
    assert len(reader.problems) == len(problems)
    assert all(part in problem for part, problem in zip(problems, reader.problems, strict=True))


@pytest.mark.parametrize("case", CASES)
def test_every_split_gives_the_same_events_and_problems(case):
    stream = CASES[case][0]
    whole, whole_reader = read(stream)
    for first in range(len(stream) + 1):
        for second in range(first, len(stream) + 1):
            events, reader = read(stream[:first], stream[first:second], stream[second:])
            assert [(e.type, e.data, e.raw) for e in events] == [(e.type, e.data, e.raw) for e in whole]
            assert (reader.problems, reader.comments) == (whole_reader.problems, whole_reader.comments)


def test_every_byte_by_itself_gives_the_same_events():
    stream = b"".join(case[0] for case in CASES.values())
    whole, _ = read(stream)
    events, _ = read(*(bytes([byte]) for byte in stream))
    assert [(e.type, e.data, e.raw) for e in events] == [(e.type, e.data, e.raw) for e in whole]


def test_an_event_has_the_time_of_the_chunk_that_completed_it():
    events, _ = read(b"data: one", b"\n", b"\ndata: two\n\ndata: th", b"ree\r\n\r", b"\n")
    assert [(event.data, event.at_s) for event in events] == [("one", 2.0), ("two", 2.0), ("three", 3.0)]


def test_comments_are_kept_beside_the_events():
    events, reader = read(b": hello\ndata: one\n\n")
    assert reader.comments == [" hello".strip()]
    assert events[0].raw == b": hello\ndata: one"


def test_done_and_json():
    done, number, broken, nan = read(b"data: [DONE]\n\ndata: 1\n\ndata: {\n\ndata: NaN\n\n")[0]
    assert done.is_done
    assert not number.is_done
    assert number.json() == 1
    with pytest.raises(ValueError, match="Expecting"):
        broken.json()
    with pytest.raises(ValueError, match="NaN is not JSON"):
        nan.json()


@pytest.mark.parametrize("case", CASES)
def test_data_alone_is_the_same_for_every_split(case):
    stream = CASES[case][0]
    whole, whole_reader = read(stream)
    for first in range(len(stream) + 1):
        for second in range(first, len(stream) + 1):
            reader = SseReader()
            data = [
                data for piece in (stream[:first], stream[first:second], stream[second:]) for data in reader.read(piece)
            ]
            reader.close()
            assert data == [event.data.encode() for event in whole]
            assert (reader.problems, reader.comments) == (whole_reader.problems, [])


def test_data_alone_after_a_carriage_return():
    reader = SseReader()
    assert reader.read(b"data: one\r\n\r") == [b"one"]
    assert reader.read(b"\n") == []
    assert reader.read(b"data: two\n\ndata: three\n\n") == [b"two", b"three"]
    assert reader.problems == []


@pytest.mark.parametrize(
    "stream", [b"data: " + b"a" * 100, b"data: a\n" * 20, b":" * 101, b"data: " + b"a" * 100 + b"\n\n"]
)
def test_an_event_beyond_the_limit_is_refused(stream):
    for read_all in (lambda reader, data: reader.read(data), lambda reader, data: reader.feed(Chunk(0.0, data))):
        reader = SseReader(event_limit=100)
        read_all(reader, b"data: " + b"a" * 60 + b"\n\n")
        with pytest.raises(SseEventTooLongError, match="longer than 100 bytes"):
            read_all(reader, stream)


def test_many_events_in_one_read_may_exceed_the_limit_together():
    reader = SseReader(event_limit=100)
    assert len(reader.read(b"data: 1234567890\n\n" * 50)) == 50


def test_problems_are_bounded():
    reader = SseReader()
    reader.read(b"what: ever\n" * 3000)
    assert len(reader.problems) == 1000


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", True),
        (b"data: a\n\ndata: b\n\n", True),
        (b"data: a\n\n: comment\n\n", True),
        (b"data: a\r\n\r\n", True),
        (b"data: a\n", False),
        (b"data: a\n\ndata", False),
        (b"data: a\n\n: comment\n", False),
        (b"data: a\r\r", False),  # a line feed may belong to the last carriage return
        (b"", False),  # a byte order mark may come
    ],
)
def test_between_events_the_next_chunk_begins_with_an_event(stream, expected):
    reader = SseReader()
    reader.read(stream)
    assert reader.is_between_events is expected
