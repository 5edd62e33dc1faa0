"""What a stop on the way adds to the delay of chunks is found; what is equal adds nothing."""

import pytest

from keywords.engine.chunk_delays import ChunkDelays, chunk_delays
from keywords.engine.client import ChatClient
from keywords.engine.scripted_backend import ScriptedBackend


def test_what_is_added_is_the_difference_of_percentiles():
    direct = tuple(number / 1000 for number in range(300))
    delays = ChunkDelays(direct, tuple(each + 0.5 for each in direct))
    assert delays.added_s(50) == pytest.approx(0.5)
    assert delays.added_s(99) == pytest.approx(0.5)
    assert "300 chunks" in repr(delays)


def test_too_few_chunks_give_no_p99():
    with pytest.raises(ValueError, match="298 samples are too few for p99"):
        ChunkDelays((0.1,) * 298, (0.1,) * 298).added_s(99)


def test_both_ways_are_measured_chunk_by_chunk():
    backend = ScriptedBackend()
    backend.start()
    clients = [ChatClient(backend.url, api_key=None, model="scripted") for _ in range(2)]
    try:
        delays = chunk_delays(*clients, backend, streams=2, chunks=5, pause_s=0.001)
    finally:
        for client in clients:
            client.close()
        backend.stop()
    assert len(delays.direct_s) == len(delays.through_s) == 10
    assert min(delays.direct_s) > 0
