"""A plan holds what the user asked for, and is the same for the same options; what does not go together is refused."""

import json
import pickle

import pytest

from keywords.engine.load.arrivals import draw_arrivals
from keywords.engine.load.errors import ArrivalsError, PlanError, TraceError
from keywords.engine.load.plan import Stage, Target
from keywords.engine.load.planning import LoadOptions, drawn_facts, make_plan
from keywords.engine.load.workload.prompt_lengths import PromptLengths
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Workload

TARGET = Target("http://127.0.0.1:1", "m")
MIX = {"name": "w", "mix": [{"name": "a", "prompts": {"tokens": 20}}]}


@pytest.fixture
def mix():
    return load_workload(Workload.model_validate(MIX))


@pytest.fixture
def trace(tmp_path):
    lines = [json.dumps({"timestamp": at, "input_length": 9, "output_length": 3}) for at in (0, 500, 4000)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    return load_workload(Workload.model_validate({"name": "w", "trace": {"file": "t.jsonl"}}), tmp_path)


def test_closed_loops(mix):
    plan = make_plan(TARGET, mix, LoadOptions(users=(1, 10, 20), duration_s=30, warmup_s=5, timeout_s=9, drain_s=2))
    assert plan.stages == (Stage(30, users=1), Stage(30, users=10), Stage(30, users=20))
    assert (plan.arrivals, plan.warmup_s, plan.timeout_s, plan.drain_s) == (None, 5, 9, 2)
    assert make_plan(TARGET, mix, LoadOptions(users=(2,), requests=100)).stages == (Stage(None, users=2, items=100),)


def test_open_loops(mix):
    options = LoadOptions(
        rates=(5, 10), duration_s=10, warmup_s=2, process="gamma", burstiness=0.5, seed=3, processes=2
    )
    plan = make_plan(TARGET, mix, options)
    assert plan.stages == (Stage(10, rate=5), Stage(10, rate=10))
    expected = draw_arrivals(plan.stages, "gamma", seed=3, burstiness=0.5, warmup_s=2)
    assert plan.arrivals.sha256 == expected.sha256
    assert (plan.processes, plan.source.seed) == (2, 3)


def test_the_same_options_send_the_same(mix):
    options = LoadOptions(rates=(5,), duration_s=10, seed=3)
    one, two = make_plan(TARGET, mix, options), make_plan(TARGET, mix, options)
    assert one.arrivals.sha256 == two.arrivals.sha256
    assert [one.source.item(number) for number in range(9)] == [two.source.item(number) for number in range(9)]
    sent = pickle.loads(pickle.dumps(one))
    assert sent.source.item(5) == one.source.item(5)


def test_each_plan_has_a_nonce_of_its_own_unless_it_is_given(mix):
    options = LoadOptions(users=(1,), duration_s=1)
    assert len({make_plan(TARGET, mix, options).source.nonce for _ in range(3)}) == 3
    assert make_plan(TARGET, mix, LoadOptions(users=(1,), duration_s=1, nonce="n")).source.nonce == "n"


def test_measured_lengths_reach_the_items(mix):
    lengths = PromptLengths(source="usage", tokens_per_word=2, around={"a": 10})
    plan = make_plan(TARGET, mix, LoadOptions(users=(1,), duration_s=1), lengths=lengths)
    assert len(plan.source.item(0).turns[0].messages[0]["content"].split()) == 5


def test_stored_arrivals_are_replayed_with_their_stages(mix):
    stored = draw_arrivals([Stage(5, rate=3), Stage(5, rate=6)], warmup_s=2)
    plan = make_plan(TARGET, mix, LoadOptions(), arrivals=stored)
    assert (plan.arrivals, plan.stages, plan.warmup_s) == (stored, stored.stages, 2)


def test_a_trace_is_replayed(trace):
    plan = make_plan(TARGET, trace, LoadOptions(speed=2))
    assert plan.arrivals.at_s.tolist() == [0, 0.25, 2]
    assert plan.stages == (Stage(3.0, rate=1.0, items=3),)
    assert plan.source.item(0).turns[0].fields["max_tokens"] == 3


def test_the_lengths_of_a_trace_under_another_load(trace):
    closed = make_plan(TARGET, trace, LoadOptions(users=(2,), duration_s=5))
    assert (closed.arrivals, closed.stages) == (None, (Stage(5, users=2),))
    opened = make_plan(TARGET, trace, LoadOptions(rates=(2,), duration_s=5))
    assert opened.arrivals.process == "poisson, seed 0"
    assert opened.source.item(0).kind == "trace"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"users": (1,), "rates": (1,)}, PlanError, "users and a rate are both given; give users for a closed loop"),
        ({}, PlanError, "there is no load; give users such as 1,10,20, or a rate such as 5/s"),
        ({"users": (1,)}, PlanError, "the load run has no end; give how long each stage lasts, such as 30s"),
        ({"users": (1, 10**8), "duration_s": 1}, PlanError, "users are 100000000; one client machine plays at most"),
        ({"rates": (1,)}, PlanError, "the load run has no end"),
        ({"rates": (0,), "duration_s": 1}, ArrivalsError, "stage 0 has the rate 0; give more than 0"),
        ({"rates": (1, 2), "requests": 3}, ArrivalsError, "stage 0 has no duration"),
    ],
)
def test_what_does_not_go_together(mix, options, error, message):
    with pytest.raises(error) as raised:
        make_plan(TARGET, mix, LoadOptions(**options))
    assert str(raised.value).startswith(message)


def test_what_does_not_go_with_arrivals_of_their_own(mix, trace):
    stored = draw_arrivals([Stage(5, rate=3)])
    with pytest.raises(
        PlanError, match="stored arrivals have their own rates, times and warm-up; leave the others out"
    ):
        make_plan(TARGET, mix, LoadOptions(users=(1,)), arrivals=stored)
    with pytest.raises(PlanError, match="a trace ends with its last request"):
        make_plan(TARGET, trace, LoadOptions(duration_s=3))
    with pytest.raises(TraceError, match="speed is 0"):
        make_plan(TARGET, trace, LoadOptions(speed=0))


def test_what_was_drawn_is_kept_with_the_result(mix, trace):
    plan = make_plan(TARGET, mix, LoadOptions(rates=(5,), duration_s=2, seed=3))
    facts = json.loads(json.dumps(drawn_facts(plan)))
    assert facts["arrivals"] == {
        "drawn": f"poisson, seed 3, 10 expected, {len(plan.arrivals)} drawn",
        "sha256": plan.arrivals.sha256,
    }
    assert (facts["seed"], facts["nonce"], facts["prompt_lengths"]["source"]) == (3, None, "words")
    unique = load_workload(Workload.model_validate({**MIX, "unique_prefix": True}))
    closed = make_plan(TARGET, unique, LoadOptions(users=(1,), requests=2, nonce="n"))
    assert drawn_facts(closed)["nonce"] == "n"
    assert "arrivals" not in drawn_facts(closed)
    assert drawn_facts(make_plan(TARGET, trace, LoadOptions()))["seed"] == 0
