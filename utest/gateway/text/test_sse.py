"""The framing and the ending of a stream that is cut at every single byte."""

import asyncio
import json

import aiohttp
import pytest

from gateway.backends.http.events import whole_events
from gateway.errors.base import BackendBadAnswer, GatewayError
from gateway.text.sse import EVENT_LIMIT, EventFramer


def chunk(content, finish=None):
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


BOM = b"\xef\xbb\xbf"
WHOLE = chunk("a") + chunk("[DONE]") + chunk("ü") + chunk("", "stop") + b"data: [DONE]\n\n"


async def _chunks(pieces, failure=None):
    for piece in pieces:
        yield piece
    if failure:
        raise failure


async def _collect(pieces, failure=None):
    out, error = b"", None
    try:
        async for block in whole_events(_chunks(pieces, failure), backend="up"):
            assert block.endswith(b"\n\n")
            out += block
    except GatewayError as refusal:
        error = refusal
    return out, error


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_in_two_chunks_gives_the_same_events_wherever_it_is_split(line_end):
    whole = WHOLE.replace(b"\n", line_end)

    async def check():
        for at in range(len(whole)):
            assert await _collect([whole[:at], whole[at:]]) == (WHOLE.removesuffix(b"data: [DONE]\n\n"), None)

    asyncio.run(check())


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_byte_by_byte_gives_the_same_events(line_end):
    whole = BOM + WHOLE.replace(b"\n", line_end)
    pieces = [whole[at : at + 1] for at in range(len(whole))]
    assert asyncio.run(_collect(pieces)) == (WHOLE.removesuffix(b"data: [DONE]\n\n"), None)


def test_one_byte_order_mark_is_no_part_of_the_first_event():
    def fed(*pieces):
        framer = EventFramer("up")
        return b"".join(map(framer.feed, pieces))

    assert fed(BOM + b"data: 1\n\n") == b"data: 1\n\n"
    for at in range(4):
        assert fed(BOM[:at], BOM[at:] + b"data: 1\n\n") == b"data: 1\n\n"
    assert fed(BOM + BOM + b"data: 1\n\n") == BOM + b"data: 1\n\n"
    assert fed(b"data: 1\n\n", BOM + b"data: 2\n\n") == b"data: 1\n\n" + BOM + b"data: 2\n\n"
    assert fed(BOM[:2], b"x\n\n") == BOM[:2] + b"x\n\n"


def test_lines_may_end_in_three_ways():
    def fed(*pieces):
        framer = EventFramer("up")
        return b"".join(map(framer.feed, pieces))

    assert fed(b"a\rb\r\nc\n\r") == b"a\nb\nc\n\n"
    # A line feed after a carriage return ends no second line, wherever the read ended.
    assert fed(b"a\r", b"\nb\r", b"\n\r", b"\n") == b"a\nb\n\n"
    assert fed(b"a\r", b"\r") == b"a\n\n"


def test_a_disconnect_at_any_byte_gives_whole_events_and_one_error():
    finished_at = WHOLE.index(b"data: [DONE]")

    async def check():
        for at in range(len(WHOLE)):
            out, error = await _collect([WHOLE[:at]])
            events, blank, _ = WHOLE[:at].rpartition(b"\n\n")
            assert out == (events + blank).removesuffix(b"data: [DONE]\n\n")
            assert (error is None) == (at >= finished_at)
            if error:
                assert error.code == "backend_disconnected"

    asyncio.run(check())


@pytest.mark.parametrize("finished", [False, True])
def test_an_abrupt_end_is_an_error_only_before_the_finish_reason(finished):
    failure = aiohttp.ClientPayloadError()
    collecting = _collect([chunk("a", "stop" if finished else None)], failure)
    if finished:
        assert asyncio.run(collecting)[1] is None
    else:
        with pytest.raises(aiohttp.ClientPayloadError):
            asyncio.run(collecting)


def test_an_endless_event_is_refused():
    framer = EventFramer("up")
    assert framer.feed(b"x" * EVENT_LIMIT) == b""
    with pytest.raises(BackendBadAnswer, match="event of over"):
        framer.feed(b"x")


def test_the_text_of_a_model_is_no_ending():
    content = chunk('"finish_reason": "stop", "error", [DONE]\n\ndata: [DONE]')
    out, error = asyncio.run(_collect([content]))
    assert out == content
    assert error is not None


DEEP = b"[" * 300 + b"]" * 300


def test_an_event_too_deep_to_serialise_is_a_bad_answer():
    deep = chunk("", "stop").replace(b'"content": ""', b'"content": "", "x": ' + DEEP)
    out, error = asyncio.run(_collect([chunk("a"), chunk("", "stop"), deep]))
    assert out == chunk("a") + chunk("", "stop")
    assert isinstance(error, BackendBadAnswer)
    assert "nests deeper" in error.message


def test_a_deep_event_that_passes_unchanged_is_no_error():
    deep = chunk("", "stop").replace(b'"content": ""', b'"content": "", "x": ' + DEEP)
    out, error = asyncio.run(_collect([deep]))
    assert (out, error) == (deep, None)
