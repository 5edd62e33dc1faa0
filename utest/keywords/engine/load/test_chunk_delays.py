"""Chunk delays distinguish a gateway that passes chunks on at once from one that buffers them."""

import pytest

from keywords.engine.load import chunk_delays as measuring
from keywords.engine.load.chunk_delays import ChunkDelays, chunk_delays
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import ScriptedBackend

SENT = [float(number) for number in range(100)]


@pytest.fixture
def backend():
    backend = ScriptedBackend()
    backend.start()
    yield backend
    backend.stop()


def measure(monkeypatch, backend, read):
    monkeypatch.setattr(measuring, "_chunk_times", lambda *_: (SENT, read))
    return chunk_delays(None, None, backend, streams=1, chunks=len(SENT), pause_s=1)


def test_chunks_without_delay(monkeypatch, backend):
    delays = measure(monkeypatch, backend, [at_s + 0.9 for at_s in SENT])
    assert (delays.punctual, delays.of, delays.punctual_share) == (99, 99, 1)


@pytest.mark.parametrize("buffered", [2, 3, 100])
def test_a_gateway_that_buffers_chunks_is_detected(monkeypatch, backend, buffered):
    # Each batch is passed on with its last chunk.
    last_of_batch = [min(index // buffered * buffered + buffered, len(SENT)) - 1 for index in range(len(SENT))]
    delays = measure(monkeypatch, backend, [SENT[last] + 0.001 for last in last_of_batch])
    assert delays.punctual_share <= 0.5


def test_the_delay_is_shown_with_unit_and_number():
    assert repr(ChunkDelays((0.001,) * 40, 38, 39, 39)) == (
        "38 of 39 chunks before the next, 39 without the gateway; delay of 40: p50 1.000 ms, p90 1.000 ms"
    )


def test_a_real_stream_is_measured_chunk_by_chunk(backend):
    client = ChatClient(backend.url, api_key=None, model="scripted")
    try:
        delays = chunk_delays(client, client, backend, streams=2, chunks=5, pause_s=0.02)
    finally:
        client.close()
    assert (len(delays.delays_s), delays.of) == (10, 8)
    assert 0 < delays.punctual_direct <= 8
    assert min(delays.delays_s) > 0
