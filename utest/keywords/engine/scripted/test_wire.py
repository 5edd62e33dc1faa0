"""Bytes that the scripted backend writes, read through a plain socket."""

import json
import math
import socket
import struct
import sys
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from random import Random

import pytest

from keywords.engine import clock
from keywords.engine.scripted.script import Fault, Script, Uniform, words

PATH = "/v1/chat/completions"
TCP_INFO_DATA_SEGMENTS_IN = 152  # place of `tcpi_data_segs_in` in `struct tcp_info` of linux/tcp.h


@pytest.mark.parametrize("path", [PATH, "/v1/messages", "/api/chat"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", ["cut", "close", "end"])
def test_an_answer_stops_at_exactly_that_byte(scripted, path, stream, kind, connect):
    wire = connect()
    body = wire.body(path=path, stream=stream)
    for at_byte in (0, 1, len(body) // 2, len(body) - 1):
        scripted.script = Script(fault=Fault(kind, at_byte=at_byte))
        wire = connect()
        wire.ask(path=path, stream=stream)
        if kind == "end":
            assert wire.answer()[1] == body[:at_byte]
        else:
            data = wire.rest() if kind == "close" else wire.rest_before_reset()
            sent = data.partition(b"\r\n\r\n")[2]
            if stream:
                sent = b"".join(piece.partition(b"\r\n")[2] for piece in _framed(sent))
            assert sent == body[:at_byte]


def _framed(data):
    while data:
        size = int(data.partition(b"\r\n")[0], 16)
        length = len(data.partition(b"\r\n")[0]) + 2 + size + 2
        yield data[: length - 2]
        data = data[length:]


@pytest.mark.parametrize("stream", [True, False])
def test_without_an_answer_not_a_byte_comes(scripted, stream, connect):
    for kind, rest in (("cut", "rest_before_reset"), ("close", "rest")):
        scripted.script = Script(fault=Fault(kind))
        wire = connect()
        wire.ask(stream=stream)
        assert getattr(wire, rest)() == b""
        wire.socket.close()
    scripted.script = Script(fault=Fault("silence"))
    wire = connect()
    wire.ask(stream=stream)
    wire.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        wire.rest()
    wire.socket.close()
    (left,) = scripted.await_requests(lambda found: found[-1].disconnected_at_s is not None, 2)[-1:]
    assert left.disconnected_at_s is not None


@pytest.mark.parametrize("stream", [True, False])
def test_bad_json_and_bad_utf8_are_whole_http_answers(scripted, wire, stream):
    scripted.script = Script(fault=Fault("bad_json", after=1))
    body = wire.body(stream=stream)
    spoilt = [line for line in body.replace(b"data: ", b"").split(b"\n\n") if line and line != b"[DONE]"]
    bad = [line for line in spoilt if not _is_json(line)]
    assert len(bad) == 1
    assert _is_json(bad[0] + b"}")
    scripted.script = Script(fault=Fault("bad_utf8", after=1))
    body = wire.body(stream=stream)
    assert body.count(b"\xff\xfe") == 1
    text = body.replace(b"\xff\xfe", b"").replace(b"data: ", b"")
    assert all(_is_json(line) for line in text.split(b"\n\n") if line and line != b"[DONE]")


def _is_json(line):
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def test_lines_end_and_comments_stand_as_scripted(scripted, wire):
    plain = wire.body(stream=True)
    scripted.script = Script(crlf=True)
    assert wire.body(stream=True) == plain.replace(b"\n", b"\r\n")
    scripted.script = Script(comments=True)
    assert wire.body(stream=True) == plain.replace(b"data: ", b": scripted\n\ndata: ")
    lines = wire.body(path="/api/chat")
    assert b": scripted" not in lines


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the TCP segments of a connection")
def test_writes_are_split(scripted, wire):
    scripted.script = Script(split_bytes=7)
    wire.ask()
    head, body = wire.answer()
    information = wire.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    (segments,) = struct.unpack_from("I", information, TCP_INFO_DATA_SEGMENTS_IN)
    assert segments == math.ceil((len(head) + 4 + len(body)) / 7)


def test_chunks_are_joined(scripted, wire):
    scripted.script = Script(chunks=words(6), join=4)
    body = wire.body(stream=True)
    times = {}
    for sent in scripted.chat_requests()[-1].sent:
        times.setdefault(sent.at_s, []).append(sent.chunk)
    assert list(times.values()) == [[0, 1, 2, 3], [4, 5], [None, None]]
    assert scripted.chat_requests()[-1].sent[-1].end_byte == len(body)


def test_each_chunk_is_recorded_with_its_time_and_place(scripted, wire):
    scripted.script = Script(chunks=("a", "b", "c"), chunk_delay=0.03)
    before = clock.now()
    wire.ask(stream=True)
    body = wire.answer()[1]
    after = clock.now()
    (request,) = scripted.chat_requests()
    chunks = [sent for sent in request.sent if sent.chunk is not None]
    assert [sent.chunk for sent in chunks] == [0, 1, 2]
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(chunks)]
    assert all(gap >= 0.029 for gap in gaps)
    assert before < request.at_s < chunks[-1].at_s < request.ended_at_s == request.sent[-1].at_s < after
    assert all(body[: sent.end_byte].endswith(b"\n\n") for sent in request.sent)


@pytest.mark.parametrize(("place", "seed"), [("first_delay", "5/0"), ("chunk_delay", "5/0"), ("connect_delay", "")])
def test_delays_can_be_drawn_and_repeat(scripted, place, seed, connect):
    scripted.stop()
    scripted.start()  # so that the next request has the number 0
    delay = Uniform(0.05, 0.3)
    scripted.script = Script(chunks=("a",), seed=5, **{place: delay})
    started = clock.now()
    connect().body(stream=True)
    taken = clock.now() - started
    drawn = delay.draw(Random(seed or "5/connection/0"))
    assert drawn <= taken < drawn + 0.5


def test_retry_after_has_three_forms(scripted, wire):
    def header(name, form):
        scripted.script = Script(status=429, retry_after_s=1.5, retry_after_form=form)
        wire.ask()
        head = wire.answer()[0].decode().lower()
        return head.partition(f"\r\n{name}: ")[2].partition("\r\n")[0]

    assert header("retry-after", "seconds") == "2"
    assert header("retry-after-ms", "milliseconds") == "1500"
    date = parsedate_to_datetime(header("retry-after", "date"))
    assert abs(date - datetime.now(UTC) - timedelta(seconds=1.5)) < timedelta(seconds=2)


def test_a_head_of_a_scripted_page_is_answered_without_a_body(scripted, wire):
    scripted.play(Script(body=b"a 1"), path="/metrics")
    wire.send(b"HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert wire.rest().endswith(b"\r\n\r\n")


def test_a_head_is_answered_without_a_body(wire):
    wire.send(b"HEAD /health HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert wire.rest().endswith(b"\r\n\r\n")
