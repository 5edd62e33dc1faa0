"""Sweeps of cuts against the scripted backend itself, whose cuts are mostly silent since it is no gateway."""

import pytest

from keywords.engine.faults import stream_cuts
from keywords.engine.faults.message_cuts import observe_message
from keywords.engine.faults.stream_cuts import ObservedStream, cut_streams
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import ScriptedBackend


@pytest.fixture
def backend():
    it = ScriptedBackend()
    it.start()
    yield it
    it.stop()


@pytest.fixture
def client(backend):
    it = ChatClient(backend.url, api_key=None, model="scripted", timeout_s=2)
    yield it
    it.close()


def test_a_server_without_manners_is_caught(client, backend):
    sweep = cut_streams(client, backend, count=3, kind="close", drawn=5, seed=7, hang_s=2)
    assert len(sweep.that_are("silent")) > 5
    assert not sweep.that_are("told")
    assert sweep.streams[-1].at_byte == sweep.size
    assert f"{len(sweep.that_are('silent'))} silent" in repr(sweep)


def test_the_same_seed_cuts_at_the_same_bytes(client, backend):
    places = [
        [
            stream.at_byte
            for stream in cut_streams(client, backend, count=3, kind="close", drawn=5, seed=seed, hang_s=2).streams
        ]
        for seed in (1, 1, 2)
    ]
    assert places[0] == places[1] != places[2]
    assert {0, 1} <= set(places[0])


def test_every_byte_means_every_byte(client, backend):
    sweep = cut_streams(client, backend, count=1, kind="close", drawn=None, seed=0, hang_s=2)
    assert [stream.at_byte for stream in sweep.streams] == list(range(sweep.size + 1))
    assert sweep.seed is None


def test_each_stream_is_judged_at_the_byte_where_it_was_cut(client, backend):
    sweep = cut_streams(client, backend, count=2, kind="close", drawn=None, seed=0, hang_s=2)
    # With the last byte the answer has its end, and only HTTP's own end is missing.
    assert [stream.at_byte for stream in sweep.streams if stream.verdict != "silent"] == [sweep.size]


def test_messages_are_cut_as_well(client, backend):
    sweep = cut_streams(client, backend, count=2, kind="close", drawn=None, seed=0, hang_s=2, observe=observe_message)
    assert not sweep.that_are("told")
    # With the event before the last blank line the message has its end, and only HTTP's own end is missing.
    assert [stream.at_byte for stream in sweep.streams if stream.verdict != "silent"] == [sweep.size]


def test_an_end_that_repeats_or_lacks_text_is_malformed():
    assert stream_cuts._verify(ObservedStream("told", "a b", []), "a b c") == ("told", "")
    assert stream_cuts._verify(ObservedStream("told", "a a", []), "a b c")[0] == "malformed"
    assert stream_cuts._verify(ObservedStream("whole", "a b", []), "a b c")[0] == "malformed"
    assert stream_cuts._verify(ObservedStream("refused", "", ["no type"]), "a b c") == (
        "malformed",
        "no type",
    )


def test_the_order_in_which_streams_were_asked_is_read_from_their_prompts():
    bodies = [b'{"content": "Count 1."}', b'{"content": "Count 0."}']
    assert stream_cuts._arrival_order(bodies, 2) == [1, 0]


def test_a_gateway_that_asks_again_is_found_out():
    bodies = [b'{"content": "Count 0."}'] * 2
    with pytest.raises(ValueError, match="2 requests for 1 streams"):
        stream_cuts._arrival_order(bodies, 1)
