"""A sweep is one plan for each combination of values, each with a workload and a hash of its own."""

import json

import pytest

from keywords.engine.load.errors import PlanError, QuantityError
from keywords.engine.load.plan import Stage, Target
from keywords.engine.load.planning import LoadOptions
from keywords.engine.load.sweep import Axis, make_sweep, parse_axis
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Workload

TARGET = Target("http://127.0.0.1:1", "m")
OPTIONS = LoadOptions(users=(3,), duration_s=5)


def entry(name, **fields):
    return {"name": name, "prompts": {"tokens": 20}, "fields": {"top_p": 0.5}, **fields}


def workload(*mix):
    return load_workload(Workload.model_validate({"name": "w", "mix": list(mix)}))


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("temperature=0,0.7,1", Axis("temperature", (0, 0.7, 1))),
        ("max_tokens = 16, 64", Axis("max_tokens", (16, 64))),
        ("prompt_tokens=100", Axis("prompt_tokens", (100,))),
        ("users=1,10,20", Axis("users", (1, 10, 20))),
        ("rate=0.5,60/min", Axis("rate", (0.5, 1))),
    ],
)
def test_an_axis(text, axis):
    assert parse_axis(text) == axis


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "heat=1",
            "'heat=1' is no sweep; write one of temperature, max_tokens, prompt_tokens, users, rate with values",
        ),
        ("temperature", "'temperature' is no sweep"),
        ("temperature=hot", "temperature has 'hot', which is no number"),
        ("users=0", "users has 0; give 1 or more"),
        ("rate=0", "rate has 0, which never sends a request"),
    ],
)
def test_what_is_no_axis(text, message):
    with pytest.raises(QuantityError) as error:
        parse_axis(text)
    assert str(error.value).startswith(message)


def test_every_combination_has_its_plan():
    axes = [parse_axis("temperature=0,1"), parse_axis("users=1,5")]
    points = make_sweep(TARGET, workload(entry("a")), OPTIONS, axes)
    assert [point.name for point in points] == [
        "temperature=0 users=1",
        "temperature=0 users=5",
        "temperature=1 users=1",
        "temperature=1 users=5",
    ]
    assert [point.plan.stages for point in points] == [(Stage(5, users=users),) for users in (1, 5, 1, 5)]
    assert [point.plan.source.item(0).turns[0].fields["temperature"] for point in points] == [0, 0, 1, 1]
    assert len({point.workload.sha256 for point in points}) == 2


def test_swept_fields_reach_all_entries_and_leave_the_others():
    mix = workload(entry("a", max_tokens=7), entry("b"))
    (point,) = make_sweep(TARGET, mix, OPTIONS, [Axis("max_tokens", (9,)), Axis("prompt_tokens", (50,))])
    items = [point.plan.source.item(number) for number in range(20)]
    assert {item.kind for item in items} == {"a", "b"}
    for item in items:
        assert (item.turns[0].fields["max_tokens"], item.turns[0].fields["top_p"]) == (9, 0.5)
        assert len(item.turns[0].messages[0]["content"].split()) == 50
    assert mix.spec.mix[0].max_tokens == 7


def test_swept_rates_replace_other_load():
    points = make_sweep(TARGET, workload(entry("a")), OPTIONS, [parse_axis("rate=1,2")])
    assert [point.plan.stages[0].rate for point in points] == [1, 2]
    assert all(point.plan.arrivals is not None for point in points)


def test_a_trace_keeps_its_lengths(tmp_path):
    (tmp_path / "t.jsonl").write_text(json.dumps({"timestamp": 0, "input_length": 9, "output_length": 3}))
    trace = load_workload(Workload.model_validate({"name": "w", "trace": {"file": "t.jsonl"}}), tmp_path)
    (point,) = make_sweep(TARGET, trace, OPTIONS, [Axis("temperature", (0.5,))])
    assert point.plan.source.item(0).turns[0].fields["temperature"] == 0.5
    with pytest.raises(PlanError, match="a trace has its own lengths; sweep temperature, users or rate"):
        make_sweep(TARGET, trace, OPTIONS, [Axis("max_tokens", (5,))])


def test_what_cannot_be_swept():
    texts = workload({"name": "t", "prompts": {"texts": ["Why?"]}})
    with pytest.raises(PlanError, match="entry t has given texts; sweep prompt_tokens with prompts of tokens only"):
        make_sweep(TARGET, texts, OPTIONS, [Axis("prompt_tokens", (5,))])
    with pytest.raises(PlanError, match="the sweep's parameters are users, users; give each of them once"):
        make_sweep(TARGET, texts, OPTIONS, [Axis("users", (5,)), Axis("users", (6,))])
    with pytest.raises(PlanError, match="the sweep's parameters are missing"):
        make_sweep(TARGET, texts, OPTIONS, [])
    with pytest.raises(PlanError, match=r"the sweep varies users and rate; .*: sweep one of them"):
        make_sweep(TARGET, texts, OPTIONS, [Axis("rate", (5,)), Axis("users", (5,))])
