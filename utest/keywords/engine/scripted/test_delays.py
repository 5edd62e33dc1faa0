"""Delays of single chunks, of ends, of repeated prompts, and stalls, by the record of a scripted backend."""

from itertools import pairwise

from keywords.engine.scripted.delays import AnswerDelays, History
from keywords.engine.scripted.script import Script, Stall, words

CHAT = "/v1/chat/completions"


def test_each_of_the_first_chunks_has_a_delay_of_its_own(scripted, wire):
    scripted.script = Script(chunks=words(4), chunk_delays=(0.0, 0.2, 0.0), chunk_delay=0.1)
    wire.body(stream=True)
    sent = [each.at_s for each in scripted.chat_requests()[-1].sent if each.chunk is not None]
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert gaps[0] >= 0.199
    assert gaps[2] >= 0.099


def test_the_end_of_a_stream_comes_later_than_its_last_chunk(scripted, wire):
    scripted.script = Script(finish_delay=0.2)
    wire.body(stream=True)
    (request,) = scripted.chat_requests()
    last = max(each.at_s for each in request.sent if each.chunk is not None)
    assert request.sent[-2].at_s - last >= 0.199


def test_a_repeated_body_is_answered_by_another_delay(scripted, connect):
    script = scripted.script = Script(first_delay=0.0, repeated_first_delay=0.3)
    history = History()
    delays = [AnswerDelays(script, history, number, body).first_s() for number, body in enumerate((b"a", b"b", b"a"))]
    assert delays == [0.0, 0.0, 0.3]
    history.forget()
    assert AnswerDelays(script, history, 3, b"a").first_s() == 0.0
    for _ in range(2):
        connect().body(stream=True, user="a")
    again = scripted.chat_requests()[-1]
    assert again.sent[0].at_s - again.at_s >= 0.299


def test_nothing_is_sent_in_a_stall(scripted, connect):
    scripted.script = Script(chunks=words(4), chunk_delay=0.1, stall=Stall(0.15, 0.4))
    connect().body(stream=True)
    (request,) = scripted.chat_requests()
    sent = [each.at_s - request.at_s for each in request.sent]
    assert not [at_s for at_s in sent if 0.16 < at_s < 0.54]
    assert sent[-1] >= 0.54


def test_a_plain_answer_waits_for_the_end_of_a_stall_too(scripted, connect):
    scripted.script = Script(stall=Stall(0.0, 0.3))
    connect().body()
    (request,) = scripted.chat_requests()
    assert request.ended_at_s - request.at_s >= 0.299


def test_a_request_for_a_stream_may_get_a_plain_answer(scripted, wire):
    scripted.script = Script(stream=False)
    wire.ask(stream=True)
    head, _ = wire.answer()
    assert b"content-type: application/json" in head.lower()


def test_events_may_be_any_bytes(scripted, wire):
    events = ('data: {"a": 1}\n\n', "event: error\ndata: {}\n\n")
    scripted.script = Script(raw_events=events)
    assert wire.body(stream=True).decode() == "".join(events)
    assert [each.chunk for each in scripted.chat_requests()[-1].sent] == [0, 1]


def test_tokens_of_thoughts_are_part_of_all_tokens(scripted, connect):
    scripted.script = Script(thoughts=3, tokens_per_thought=2, tokens_per_chunk=4)
    body = connect().body(stream=True, stream_options={"include_usage": True})
    assert b'"completion_tokens": 26' in body
    assert b'"completion_tokens_details": {"reasoning_tokens": 6}' in body


def test_requests_beyond_the_slots_wait_for_their_turn(scripted, connect):
    scripted.script = Script(first_delay=0.1, slots=2)
    wires = [connect() for _ in range(4)]
    for wire in wires:
        wire.ask()
    for wire in wires:
        wire.answer()
    ends = sorted(request.ended_at_s for request in scripted.chat_requests())
    came = min(request.at_s for request in scripted.chat_requests())
    assert ends[1] - came >= 0.099
    assert ends[2] - came >= 0.199


def test_a_held_plain_answer_waits_for_its_release(scripted, wire):
    scripted.script = Script(hold_after=0)
    wire.ask()
    (request,) = scripted.await_requests(bool, 5)
    assert (request.sent, request.ended_at_s) == ([], None)
    scripted.release()
    wire.answer()
    (request,) = scripted.chat_requests()
    assert request.ending == "complete"


def test_a_held_stream_stops_after_its_chunks_and_goes_on_under_a_new_script(scripted, wire):
    scripted.script = Script(chunks=words(4), hold_after=2)
    wire.ask(stream=True)
    scripted.await_requests(lambda found: bool(found) and len(_chunks(found[0])) == 2, 5)
    scripted.script = Script()
    assert _chunks(scripted.chat_requests()[0]) == [0, 1]
    scripted.release()
    wire.answer()
    assert _chunks(scripted.chat_requests()[0]) == [0, 1, 2, 3]


def test_answers_after_a_release_are_not_held_until_the_next_such_script(scripted, connect):
    scripted.script = Script(hold_after=0)
    scripted.release()
    connect().body()
    scripted.script = Script(hold_after=0)
    connect().ask()
    first, second = scripted.await_requests(lambda found: len(found) == 2, 5)
    assert (first.ending, second.ending) == ("complete", None)


def test_a_client_that_leaves_a_held_answer_is_recorded(scripted, connect):
    scripted.script = Script(hold_after=0)
    client = connect()
    client.ask()
    scripted.await_requests(bool, 5)
    client.socket.close()
    (request,) = scripted.await_requests(lambda found: found[0].disconnected_at_s is not None, 5)
    assert request.disconnected_at_s is not None


def _chunks(request):
    return [each.chunk for each in request.sent if each.chunk is not None]
