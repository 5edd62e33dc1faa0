import asyncio
import json
import subprocess
import sys

import pytest

from keywords.engine.scripted.backend import Fault, Script, words
from keywords.engine.scripted.record import RecordedRequest, Sent
from ops.bench.race import streams, upstream
from ops.bench.race.stream_client import Order, Stream, run
from ops.bench.race.streams import StreamsError, added_delays

BODY = {"model": upstream.STREAM_MODEL, "stream": True, "messages": []}


@pytest.fixture(scope="module")
def backend():
    with upstream.scripted() as found:
        yield found


def read(url, **order):
    order = {"connections": 2, "seconds": 0.1, **order}
    return asyncio.run(run(Order(url + upstream.PATH, {}, BODY, **order)))


def record(name, at_s, sent):
    body = json.dumps({"messages": [{"role": "user", "content": name}]}).encode()
    return RecordedRequest(0, 0, "POST", upstream.PATH, b"", body, at_s, sent)


def test_every_chunk_of_every_stream_is_counted(backend):
    found = read(backend.url, keep_times=True)
    assert len(found) >= 2
    assert {stream.name for stream in found} == {"stream-000", "stream-001"}
    assert all(streams.is_complete(stream) for stream in found)
    assert [number for number, _ in found[0].times] == list(range(upstream.CHUNKS))
    assert found[0].sent_s < found[0].times[0][1] <= found[0].ended_s


@pytest.mark.parametrize("split", [1, 7, 100])
def test_words_that_come_in_pieces_are_counted_once(backend, split):
    backend.play(Script(chunks=words(upstream.CHUNKS), split_bytes=split, split_pause_s=0))
    assert all(streams.is_complete(stream) for stream in read(backend.url, connections=1, seconds=0.01))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Script(status=500, body=b"{}"), "HTTP/1.1 500"),
        (Script(chunks=words(upstream.CHUNKS), fault=Fault("close", after=5)), "connection lost"),
        (Script(chunks=words(upstream.CHUNKS), fault=Fault("end", after=5)), "ended without"),
    ],
)
def test_a_stream_that_is_not_whole_has_its_error(backend, script, why):
    backend.play(script)
    found = read(backend.url, connections=1, seconds=0.01)
    assert why in found[0].error
    assert not streams.is_complete(found[0])


def test_the_client_is_a_command(backend):
    backend.play(Script(chunks=words(upstream.CHUNKS)))
    order = {"url": backend.url + upstream.PATH, "headers": {}, "body": BODY, "connections": 1, "seconds": 0.01}
    done = subprocess.run(
        [sys.executable, "-m", "ops.bench.race.stream_client"],
        input=json.dumps(order).encode(),
        capture_output=True,
        check=False,
    )
    assert streams.is_complete(Stream(**json.loads(done.stdout)[0])), done.stderr


def test_what_is_added_is_what_neither_side_took_itself():
    # The backend sends its first chunk 0.5 s after the request, and one each 0.1 s; each is 2 ms under way, the last 7.
    sent = [Sent(10.5 + number / 10, 0, number) for number in range(upstream.CHUNKS)]
    stream = Stream("a", 9.999, 0.0, upstream.CHUNKS, [(each.chunk, each.at_s + 0.002) for each in sent])
    stream.times[-1] = (upstream.CHUNKS - 1, sent[-1].at_s + 0.007)
    found = added_delays([stream] * 5, [record("a", 10.0, sent)] * 5)
    assert found.ttft_p50_ms == pytest.approx(3)
    assert found.delay_p50_ms == pytest.approx(2)
    assert found.gap_p99_ms == pytest.approx(5)
    assert (found.chunks, found.errors) == (5 * upstream.CHUNKS, 0)


def test_a_percentile_of_too_few_streams_is_none():
    sent = [Sent(1.0, 0, number) for number in range(upstream.CHUNKS)]
    stream = Stream("a", 1.0, 2.0, upstream.CHUNKS, [(number, 1.0) for number in range(upstream.CHUNKS)])
    four = added_delays([stream] * 4, [record("a", 1.0, sent)] * 4)
    assert (four.ttft_p50_ms, four.ttft_p99_ms, four.delay_p50_ms, four.gap_p99_ms) == (None, None, 0, None)
    many = added_delays([stream] * 299, [record("a", 1.0, sent)] * 299)
    assert (many.ttft_p50_ms, many.ttft_p99_ms) == (0, 0)


def test_the_paced_run_is_long_enough_for_a_p99():
    in_turn = streams.PACED_S / (upstream.CHUNKS * streams.PACE_S)
    assert in_turn * streams.STREAMS >= 299


def test_streams_without_a_record_or_an_end_are_errors():
    sent = [Sent(1.0, 0, number) for number in range(upstream.CHUNKS)]
    good = Stream("a", 1.0, 2.0, upstream.CHUNKS, [(number, 1.0) for number in range(upstream.CHUNKS)])
    short = Stream("b", 1.0, 2.0, 3, [])
    unknown = Stream("c", 1.0, 2.0, upstream.CHUNKS, [])
    found = added_delays([good, short, unknown], [record("a", 1.0, sent), record("b", 1.0, sent)])
    assert found.errors == 2
    with pytest.raises(StreamsError, match="not one of 2"):
        added_delays([short, unknown], [])
