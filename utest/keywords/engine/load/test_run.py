import json
import time
from collections import Counter
from itertools import pairwise

import pytest

from keywords.engine import clock
from keywords.engine.load.plan import Stage
from keywords.engine.scripted.backend import Script, words
from utest.keywords.engine.load.loads import ENDLESS, FAST, SLOW, arrivals, load, said
from utest.keywords.engine.load.sources import Numbered


def test_an_arrival_at_the_end_of_the_last_stage_is_begun_in_time(backend):
    backend.play(FAST)
    facts, samples = load(backend, Stage(0.2, rate=10.0), arrivals=arrivals(0.0, 0.1, 0.2), processes=1)
    assert len(samples) == 3
    assert (facts.planned, facts.begun) == ((3,), (3,))


def test_a_closed_loop_by_items_sends_each_item_once(backend):
    backend.play(FAST)
    facts, samples = load(backend, Stage(None, users=3, items=10))
    assert sorted(sample.item for sample in samples) == list(range(10))
    assert sorted(said(backend)) == sorted(f"item {number} turn 0" for number in range(10))
    assert {sample.error for sample in samples} == {None}
    assert {sample.user for sample in samples} == {0, 1, 2}
    assert {sample.kind for sample in samples} == {"numbered"}
    assert (facts.planned_items, facts.begun_items, facts.unsent_items) == (10, 10, 0)
    assert (facts.interrupted, facts.lost_clients) == (False, ())
    ((begin, end),) = facts.stage_bounds
    assert begin == facts.started
    assert end == facts.ended >= max(sample.t_done for sample in samples)
    assert abs(facts.started_at - time.time() + clock.now() - facts.started) < 0.1
    (health,) = facts.clients
    assert (health.process, health.exhausted, len(health.send_lags_s[0])) == (0, 0, 10)
    assert health.cpu_s > 0
    assert 0 < health.cpu_share < 2
    assert health.max_rss_bytes > 1_000_000
    assert len(health.loop_lags_s[0]) > 0


def test_a_user_sends_its_next_item_when_it_has_the_answer(backend):
    backend.play(FAST)
    _, samples = load(backend, Stage(None, users=2, items=12))
    for user in (0, 1):
        own = [sample for sample in samples if sample.user == user]
        assert all(later.t_intended == earlier.t_done for earlier, later in pairwise(own))
        assert all(sample.t_intended <= sample.t_queued <= sample.t_sent for sample in own)


def test_stages_hand_their_users_over_and_the_warm_up_is_a_stage_of_its_own(backend):
    backend.play(Script(chunks=words(3), chunk_delay=0.02))
    facts, samples = load(backend, Stage(0.4, users=1), Stage(0.4, users=4), Stage(0.4, users=2), warmup_s=0.3)
    assert [end - begin for begin, end in facts.stage_bounds] == pytest.approx([0.4] * 3)
    for stage, (begin, end) in enumerate(facts.stage_bounds):
        own = [sample for sample in samples if sample.stage == stage]
        assert all(begin <= sample.t_intended < end for sample in own)
    users = {stage: {sample.user for sample in samples if sample.stage == stage} for stage in range(-1, 3)}
    assert users == {-1: {0}, 0: {0}, 1: {0, 1, 2, 3}, 2: {0, 1}}
    # A request that a stage's end finds under way keeps its stage, and its user goes straight on.
    straddling = [s for s in samples if s.stage >= 0 and s.t_done > facts.stage_bounds[s.stage][1]]
    assert straddling
    warmup = [sample for sample in samples if sample.stage == -1]
    assert all(sample.item >= 1_000_000_000 for sample in warmup)
    measured = sorted(sample.item for sample in samples if sample.stage >= 0)
    assert measured == list(range(len(measured)))
    assert {sample.error for sample in samples} == {None}
    assert not any(sample.cancelled for sample in samples)


def test_what_is_under_way_at_the_end_is_drained_then_cancelled(backend):
    backend.play(SLOW)
    facts, samples = load(backend, Stage(0.1, users=2), drain_s=5.0)
    assert [sample.cancelled for sample in samples] == [False, False]
    assert all(sample.t_done > facts.ended for sample in samples)
    backend.play(ENDLESS)
    _, samples = load(backend, Stage(0.2, users=2), drain_s=0.1)
    assert [(s.cancelled, s.error, s.text_chunks) for s in samples] == [(True, None, 2)] * 2
    assert all(sample.t_done is not None for sample in samples)


def test_an_open_loop_sends_each_item_at_its_arrival(backend):
    backend.play(SLOW)
    at_s = [0.0, 0.01, 0.01, 0.05, 0.3]
    facts, samples = load(backend, Stage(0.4, rate=10.0), arrivals=arrivals(*at_s))
    assert [sample.item for sample in samples] == [0, 1, 2, 3, 4]
    assert [sample.t_intended - facts.started for sample in samples] == pytest.approx(at_s)
    assert all(sample.t_queued >= sample.t_intended for sample in samples)
    assert {(sample.user, sample.stage, sample.error) for sample in samples} == {(None, 0, None)}
    assert facts.planned_items == 5
    assert facts.ended == pytest.approx(facts.started + 0.4)


def test_arrivals_of_the_warm_up_and_of_stages(backend):
    backend.play(FAST)
    plan = {"arrivals": arrivals(-0.1, 0.0, 0.15, stages=[-1, 0, 1]), "warmup_s": 0.1}
    facts, samples = load(backend, Stage(0.1, rate=10.0), Stage(0.1, rate=10.0), **plan)
    assert [sample.stage for sample in samples] == [-1, 0, 1]
    assert (facts.planned_items, facts.begun_items) == (2, 2)
    assert len(facts.stage_bounds) == 2
    assert samples[0].t_intended < facts.started


def test_an_open_loop_by_items_ends_with_its_last_answer(backend):
    backend.play(SLOW)
    facts, samples = load(backend, Stage(None, rate=10.0, items=2), arrivals=arrivals(0.0, 0.1))
    assert facts.ended >= max(sample.t_done for sample in samples)


def test_an_arrival_without_a_slot_waits_and_is_not_left_out(backend):
    backend.play(SLOW)
    facts, samples = load(backend, Stage(0.1, rate=40.0), arrivals=arrivals(0, 0, 0, 0), most_in_flight=2)
    assert [sample.error for sample in samples] == [None] * 4
    ends = sorted(sample.t_done for sample in samples)
    taken_up = sorted(sample.t_queued for sample in samples)
    assert taken_up[1] < ends[0] <= taken_up[2]
    assert ends[1] <= taken_up[3]
    longest_wait = max(sample.t_queued - sample.t_intended for sample in samples)
    assert max(facts.clients[0].send_lags_s[0]) < longest_wait, "the wait for a slot is not the client's fault"


def test_an_arrival_that_never_got_a_slot_is_a_cancelled_sample(backend):
    backend.play(ENDLESS)
    facts, samples = load(
        backend, Stage(0.1, rate=20.0), arrivals=arrivals(0, 0.02, 0.04), most_in_flight=1, drain_s=0.0
    )
    assert [(sample.cancelled, sample.t_queued is None) for sample in samples] == [
        (True, False),
        (True, True),
        (True, True),
    ]
    assert facts.unsent_items == 2


def test_a_conversation_carries_its_answers(backend):
    backend.play(FAST)
    _, samples = load(backend, Stage(None, users=1, items=2), source=Numbered(turns=3, think_s=0.05))
    assert [(sample.item, sample.turn) for sample in samples] == [(item, turn) for item in (0, 1) for turn in range(3)]
    last = json.loads(backend.chat_bodies()[2])["messages"]
    text = "".join(FAST.chunks)
    assert [message["role"] for message in last] == ["user", "assistant"] * 2 + ["user"]
    assert [message["content"] for message in last[1::2]] == [text, text]
    for earlier, later in pairwise(samples):
        assert later.t_intended == pytest.approx(earlier.t_done + 0.05)


def test_a_conversation_ends_with_a_failure(backend):
    backend.play(Script(status=500))
    _, samples = load(backend, Stage(None, users=1, items=2), source=Numbered(turns=3))
    assert [(sample.item, sample.turn, sample.error) for sample in samples] == [
        (0, 0, "server_error"),
        (1, 0, "server_error"),
    ]


def test_the_pause_of_a_user_does_not_outlast_the_run(backend):
    backend.play(FAST)
    began = clock.now()
    _, samples = load(backend, Stage(0.2, users=1), source=Numbered(turns=2, think_s=30.0))
    assert len(samples) == 1
    assert clock.now() - began < 10


def test_fields_of_the_request(backend):
    backend.play(FAST)
    load(backend, Stage(None, users=1, items=1), source=Numbered(fields={"max_tokens": 7, "seed": None}))
    _, plain = load(backend, Stage(None, users=1, items=1), source=Numbered(fields={"stream": False}))
    first, second = map(json.loads, backend.chat_bodies())
    assert (first["model"], first["max_tokens"], first["stream"]) == ("scripted", 7, True)
    assert first["stream_options"] == {"include_usage": True}
    assert "seed" not in first
    assert second["stream"] is False
    assert "stream_options" not in second
    assert not plain[0].streamed


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_send_what_one_sends(backend, processes):
    backend.play(FAST)
    facts, samples = load(backend, Stage(None, users=5, items=11), processes=processes)
    assert sorted(sample.item for sample in samples) == list(range(11))
    assert all(sample.item % processes == sample.process == sample.user % processes for sample in samples)
    assert [health.process for health in facts.clients] == list(range(processes))
    facts, samples = load(
        backend, Stage(0.2, rate=40.0), arrivals=arrivals(*[0.02 * n for n in range(8)]), processes=processes
    )
    assert [sample.item for sample in samples] == list(range(8))
    assert Counter(sample.process for sample in samples) == Counter(n % processes for n in range(8))
