"""However a stream is written and cut, a load run reads of it what the rows read, by the shape of its events or not."""

import hashlib
import json
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keywords.engine.http.exchange import Chunk
from keywords.engine.load.answer import LoadAnswer
from keywords.engine.load.sample import Sample
from keywords.engine.openai.event_shape import EventShape
from keywords.engine.openai.stream import StreamAssembly

TEXT = st.sampled_from([" one", "zwei é", "三 🚀", 'a"b', "a\\b\n", "data: x", "\u2028", "", " two", " three"])
COMMON = {"id": "c", "model": "m", "object": "chat.completion.chunk"}


def body(delta, **more):
    return COMMON | {"choices": [{"index": 0, "delta": delta, "finish_reason": more.pop("reason", None)}]} | more


CHUNKS = TEXT.map(lambda text: body({"content": text}))
OTHERS = st.one_of(
    TEXT.map(lambda text: body({"reasoning_content": text})),
    TEXT.map(lambda text: body({"content": text}, created=7)),
    TEXT.map(lambda text: body({"content": text, "role": "assistant"})),
    TEXT.map(lambda text: body({"content": text}, reason="stop")),
    TEXT.map(lambda text: body({"content": text}, usage={"completion_tokens": 3})),
    st.just(body({"role": "assistant"})),
    st.just(COMMON | {"choices": []}),
)
# Long stretches of one shape, as servers send them.
BODIES = st.lists(st.lists(CHUNKS, max_size=12) | st.lists(OTHERS, max_size=2), max_size=4).map(
    lambda parts: [each for part in parts for each in part]
)


@st.composite
def streams(draw):
    """The bytes of a stream, in pieces."""
    usual = draw(st.booleans())
    styles = (
        st.just("usual") if usual else st.sampled_from(["usual", "usual", "CRLF", "CR", "comment", "lines", "tight"])
    )
    pieces = []
    for each in draw(BODIES):
        style = draw(styles)
        text = json.dumps(each, ensure_ascii=draw(st.booleans()) and not usual)
        if style == "lines":
            pieces.append("data: {\ndata: " + text[1:] + "\n\n")
        elif style == "comment":
            pieces.append(": still here\n\ndata: " + text + "\n: and here\n\n")
        elif style == "tight":
            pieces.append("data:" + text + "\n\n")
        else:
            end = {"CRLF": "\r\n", "CR": "\r"}.get(style, "\n")
            pieces.append("data: " + text + end + end)
    pieces.append("data: [DONE]\n\n")
    whole = [piece.encode() for piece in pieces]
    how = draw(st.sampled_from(["whole", "cut", "joined"]))
    if how == "whole":
        return whole
    data = b"".join(whole)
    if how == "joined":
        size = draw(st.integers(1, 4))
        return [b"".join(whole[at : at + size]) for at in range(0, len(whole), size)]
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))  # also within a character
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if start < end]


def read(pieces):
    found = LoadAnswer(Sample(0), keeps_text=True)
    found.begin(200, {b"content-type": b"text/event-stream"})
    for at, piece in enumerate(pieces, start=1):
        found.take(piece, float(at))
    found.finish()
    return found.sample, found.text, found.usage, found.closed


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(streams())
def test_a_load_run_reads_what_the_rows_read(pieces):
    rows = StreamAssembly()
    for at, piece in enumerate(pieces, start=1):
        rows.feed(Chunk(float(at), piece))
    sample, text, usage, closed = read(pieces)
    said = rows.answer(None)
    assert (text, usage, closed) == (said.text, said.usage, said.closed)
    spoken = "".join(piece.text for piece in said.pieces)
    digest = hashlib.sha256(spoken.encode()).hexdigest()[:16] if spoken else None
    assert (sample.text_length, sample.text_sha256) == (len(spoken), digest)
    assert list(sample.chunk_times) == [piece.at_s for piece in said.pieces]
    assert sample.finish_reason == (said.finish_reason or None)
    with patch.object(EventShape, "of", lambda _: None):
        assert read(pieces)[0] == sample


def test_the_usual_stream_is_read_by_its_shape():
    pieces = [f"data: {json.dumps(body({'content': f' {n}'}))}\n\n".encode() for n in range(50)]
    with patch.object(LoadAnswer, "read_body", side_effect=LoadAnswer.read_body, autospec=True) as parsed:
        assert read([*pieces, b"data: [DONE]\n\n"])[0].text_chunks == 50
    assert parsed.call_count == 2


def test_a_shape_that_never_comes_again_is_learned_ever_more_rarely():
    pieces = [f"data: {json.dumps(body({'content': 'a'}, salt=n))}\n\n".encode() for n in range(500)]
    with patch.object(EventShape, "of", side_effect=EventShape.of) as learned:
        assert read(pieces)[0].text_chunks == 500
    assert learned.call_count < 10


def test_a_shape_that_changes_now_and_then_is_learned_again():
    pieces = [f"data: {json.dumps(body({'content': 'a'}, created=n // 50))}\n\n".encode() for n in range(500)]
    with patch.object(LoadAnswer, "read_body", side_effect=LoadAnswer.read_body, autospec=True) as parsed:
        assert read(pieces)[0].text_chunks == 500
    assert parsed.call_count < 30
