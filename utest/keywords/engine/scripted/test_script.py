"""Scripts refuse contradictions, survive their JSON form, and are chosen by path and model."""

from random import Random

import pytest

from keywords.engine.scripted.playbook import Playbook
from keywords.engine.scripted.script import (
    Exponential,
    Fault,
    Script,
    Stall,
    ToolCall,
    Uniform,
    from_json,
    load,
    to_json,
    words,
)

FIRST, SECOND, THIRD = (Script(chunks=(name,)) for name in ("first", "second", "third"))


@pytest.mark.parametrize(
    "script",
    [
        Script(),
        Script(chunks=("é", ""), tokens_per_chunk=0, usage=False, early_role=True, crlf=True, comments=True),
        Script(connect_delay=Uniform(0.1, 0.2), first_delay=Exponential(0.5), chunk_delay=0.1, seed=3),
        Script(tool_calls=(ToolCall("add", "{}"),), finish_reason="tool_calls", join=3, split_bytes=2),
        Script(thoughts=2, tokens_per_thought=3, chunk_delays=(0.1, 0.2), finish_delay=Uniform(0.1, 0.2), stream=False),
        Script(raw_events=("data: a\n\n",), repeated_first_delay=0.1, stall=Stall(0.5, 2.0), slots=3),
        Script(fault=Fault("cut", at_byte=7), keep_alive="stale", split_pause_s=0.0),
        Script(hold_after=2),
        Script(status=529, headers={"a": "b"}, retry_after_s=1.5, retry_after_form="date", body=b"\xff\x00"),
    ],
)
def test_a_script_survives_its_json_form(script):
    assert from_json(to_json(script)) == script


def test_a_script_can_be_written_by_hand():
    assert load('{"status": 429, "body": "slöw"}') == (Script(status=429, body="slöw".encode()),)
    assert load('[{"chunks": ["a"]}, {"chunk_delay": {"mean_s": 0.1}}]') == (
        Script(chunks=("a",)),
        Script(chunk_delay=Exponential(0.1)),
    )
    with pytest.raises(ValueError, match=r"A script has no chunk: its fields are body, chunk_delay, chunk_delays,"):
        load('{"chunk": "a"}')


@pytest.mark.parametrize(
    ("kind", "place", "said"),
    [
        ("cut", {"after": 1, "at_byte": 1}, "not both"),
        ("cut", {"after": -1}, "0 or more"),
        ("bad_json", {"at_byte": 3}, "give after"),
        ("bad_utf8", {}, "give after"),
        ("end", {}, "give after or at_byte"),
        ("error", {}, "give after or at_byte"),
    ],
)
def test_a_fault_that_contradicts_itself_is_refused(kind, place, said):
    with pytest.raises(ValueError, match=said):
        Fault(kind, **place)


@pytest.mark.parametrize("wrong", [{"join": 0}, {"slots": 0}, {"split_bytes": 0}, {"tokens_per_chunk": -1}])
def test_a_number_that_is_too_small_is_refused(wrong):
    with pytest.raises(ValueError, match="too small: give"):
        Script(**wrong)


def test_a_spoilt_chunk_must_exist():
    with pytest.raises(ValueError, match=r"does not fit 5 chunks: give 0 to 4\."):
        Script(fault=Fault("bad_json", after=5))


def test_words_differ():
    assert words(3) == (" w000", " w001", " w002")


def test_draws_repeat_with_their_seed():
    for delay in (Uniform(0.1, 0.2), Exponential(0.1)):
        drawn = [delay.draw(Random("7/0")) for _ in range(2)]
        assert drawn[0] == drawn[1] != delay.draw(Random("7/1"))
    assert 0.1 <= Uniform(0.1, 0.2).draw(Random(1)) <= 0.2


def test_a_sequence_plays_its_last_script_again_and_again():
    book = Playbook()
    assert book.next("/p", "m") == Script()
    book.put((FIRST, SECOND))
    assert [book.next("/p", "m") for _ in range(4)] == [FIRST, SECOND, SECOND, SECOND]


def test_a_cycle_begins_again_after_its_last_script():
    book = Playbook()
    book.put((FIRST, SECOND), cycle=True)
    assert [book.next("/p", "m") for _ in range(5)] == [FIRST, SECOND, FIRST, SECOND, FIRST]
    assert book.on_connect() == SECOND


def test_the_closest_match_counts():
    book = Playbook()
    book.put((FIRST,))
    book.put((SECOND,), path="/p")
    book.put((THIRD,), model="m")
    assert (book.next("/p", "x"), book.next("/q", "m"), book.next("/q", "x")) == (SECOND, THIRD, FIRST)
    assert book.next("/p", "m") == SECOND
    book.put((FIRST,), path="/p", model="m")
    assert book.next("/p", "m") == FIRST
    book.put((THIRD,))
    assert book.next("/p", "m") == THIRD


def test_probes_have_only_scripts_of_their_own():
    book = Playbook()
    book.put((FIRST,))
    assert book.next_for_probe("/v1/models") is None
    book.put((SECOND, THIRD), path="/v1/models")
    assert [book.next_for_probe("/v1/models") for _ in range(2)] == [SECOND, THIRD]
    assert book.on_connect() == FIRST


def test_the_text_of_an_answer_is_all_of_its_chunks():
    assert Script(chunks=("One", " two")).text == "One two"
