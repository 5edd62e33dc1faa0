from dataclasses import replace

import pytest

from keywords.engine.load.endpoints_rules import endpoints_rules
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import ClientHealth, RunFacts
from keywords.engine.load.share import DRAIN
from keywords.engine.load.validity import judge, worst_percentile

HEALTHY = ClientHealth(0, 0.4, {0: [0.0002] * 1000}, 4.0, 50_000_000, {0: [0.0001] * 500})
FACTS = RunFacts(1e9, 10.0, 20.0, ((10.0, 20.0),), (500,), interrupted=False, clients=(HEALTHY,), begun=(500,))


def sick(**changes):
    return replace(FACTS, clients=(HEALTHY, replace(HEALTHY, process=1, **changes)))


def test_a_healthy_client_is_valid():
    verdict = judge(FACTS)
    assert verdict.is_valid
    assert str(verdict) == "VALID"
    assert [check.name for check in verdict.checks] == [
        *("clients", "interrupted", "send_lag", "loop_lag", "cpu", "achieved", "exhausted", "clock")
    ]
    assert all(check.text for check in verdict.checks)


@pytest.mark.parametrize(
    ("facts", "name", "text"),
    [
        (
            replace(FACTS, lost_clients=("client process 1 ended by signal 9",)),
            "clients",
            "1 of 2 client processes died",
        ),
        (replace(FACTS, interrupted=True, ended=12.0), "interrupted", "ended 2.0 s after its start"),
        (
            sick(send_lags_s={0: [0.011] * 501}),
            "send_lag",
            "p50 11.0 ms, p99 11.0 ms (limits 10 and 50 ms); the client had",
        ),
        (sick(send_lags_s={0: [0.06] * 20}), "send_lag", "p50 0.1 ms, p99 60.0 ms"),
        (
            sick(loop_lags_s={0: [0.001] * 980 + [0.006] * 20}),
            "loop_lag",
            "p99 6.0 ms in client process 1 (limit 5 ms)",
        ),
        (sick(loop_lags_s={0: [0.006] * 300, DRAIN: [0.0] * 9000}), "loop_lag", "p99 6.0 ms in client process 1"),
        (sick(loop_lags_s={0: [0.0] * 40_000, 1: [0.006] * 300}), "loop_lag", "in client process 1 in stage 1"),
        (sick(loop_lags_s={0: [0.0] * 40_000, DRAIN: [0.006] * 300}), "loop_lag", "in client process 1 in the drain"),
        (sick(loop_lags_s={}), "loop_lag", "client process 1 was not watched"),
        (sick(send_lags_s={0: [0.0] * 40_000, 1: [0.06] * 300}), "send_lag", "requests in stage 1 were sent late"),
        (
            replace(FACTS, planned=(10_000, 50), begun=(10_000, 20)),
            "achieved",
            "20 of 50 planned items of stage 1 began in time (40.0%",
        ),
        (sick(cpu_share=0.9), "cpu", "client process 1 used 90% of a core (limit 85%); use more client processes"),
        (replace(FACTS, clients=()), "cpu", "no client process"),
        (replace(FACTS, begun=(490,)), "achieved", "490 of 500 planned items began in time (98.0%, limit 99%)"),
        (sick(exhausted=3), "exhausted", "3 requests failed because this machine had no file descriptor"),
        (replace(FACTS, clock_step_s=-0.06), "clock", "the wall clock moved by -60.0 ms"),
    ],
)
def test_each_fault_of_a_client_makes_the_run_invalid(facts, name, text):
    verdict = judge(facts)
    assert not verdict.is_valid
    assert [check.name for check in verdict.checks if not check.passed] == [name]
    assert text in verdict.reasons[0]
    assert str(verdict) == f"INVALID: {verdict.reasons[0]}"


@pytest.mark.parametrize(
    "facts",
    [
        sick(send_lags_s={0: [0.0001] * 990 + [1.0] * 10}),
        replace(FACTS, begun=(495,)),
        replace(FACTS, planned=(None,), begun=(3,)),
        replace(FACTS, planned=(0,), begun=(0,)),
        replace(FACTS, clock_step_s=0.054),
        sick(send_lags_s={}),
        sick(loop_lags_s={0: [0.0002] * 1000, DRAIN: [0.1] * 200}),
    ],
)
def test_what_stays_within_its_limit_is_valid(facts):
    assert judge(facts).is_valid


@pytest.mark.parametrize(
    ("count", "name", "value"),
    [
        (1, "largest of 1", 1),
        (4, "largest of 4", 4),
        (5, "p50", 3),
        (29, "p90", 27),
        (59, "p95", 57),
        (299, "p99", 297),
    ],
)
def test_the_percentile_that_so_many_values_allow(count, name, value):
    assert worst_percentile([float(number) for number in range(1, count + 1)]) == (value, name)


def rules(*users, begun=500, window_s=1300.0, rate=None, **known):
    stages = tuple(Stage(10.0, users=level) for level in users) or (Stage(10.0, rate=rate), Stage(10.0, rate=rate))
    plan = LoadPlan(Target("http://h", "m"), None, stages, warmup_s=5.0)
    facts = replace(FACTS, begun=(begun,) * len(stages) if isinstance(begun, int) else begun)
    windows_s = (window_s,) * len(stages) if isinstance(window_s, float) else window_s
    known = {"streamed": True, "one_model": True, "dataset_items": 100} | known
    found = endpoints_rules(plan, facts, windows_s=windows_s, **known)
    return {rule.name.split(",")[0]: rule for rule in found}


def test_rules_that_a_run_meets():
    met = rules(1, 32, 64, 100, 200, 300, 400)
    assert {name for name, rule in met.items() if rule.is_met} == {
        *("fixed concurrency", "steady window", "whole passes over the data", "streaming"),
        *("warm-up excluded and stated", "7 to 32 points", "one model"),
    }
    assert met["accuracy at four points"].is_met is False
    assert met["one point in each region"].is_met is None
    assert str(met["steady window"]) == "steady window: met (1300 of 1200 s)"


@pytest.mark.parametrize(
    ("run", "name", "is_met"),
    [
        (rules(rate=5.0), "fixed concurrency", False),
        (rules(33, window_s=700.0), "steady window", False),
        (rules(32, window_s=700.0), "steady window", True),
        (rules(1, begun=50), "whole passes over the data", False),
        (rules(1, begun=150), "whole passes over the data", False),
        (rules(1, 2, begun=(50, 50)), "whole passes over the data", False),
        (rules(1, 2, begun=(100,)), "whole passes over the data", False),
        (rules(1, 64, window_s=(700.0, 1200.0)), "steady window", True),
        (rules(1, 64, window_s=(1200.0, 700.0)), "steady window", False),
        (rules(1, 2, window_s=(700.0,)), "steady window", False),
        (rules(1, dataset_items=None), "whole passes over the data", None),
        (rules(1, streamed=False), "streaming", False),
        (rules(1, streamed=None), "streaming", None),
        (rules(1, one_model=False), "one model", False),
        (rules(1, one_model=None), "one model", None),
        (rules(1), "7 to 32 points", False),
        (rules(*range(33, 40)), "7 to 32 points", False),
    ],
)
def test_rules_that_a_run_misses(run, name, is_met):
    assert run[name].is_met is is_met
