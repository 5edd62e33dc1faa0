"""A load run is a PASS only if it is VALID, answered requests, and held every level in every stage."""

from pathlib import Path

import pytest

from keywords.engine.load.outcome import probe_of, verdict_of
from keywords.engine.load.service_levels import parse_service_levels
from keywords.engine.load.session import LoadRun
from keywords.engine.load.validity import Check, Validity
from utest.keywords.engine.load.metrics.samples import answer, cancelled, failure, summary

ANSWERS = [answer(at / 10, item=at) for at in range(100)]


def run(*samples, windows=((0.0, 10.0),), checks=()):
    return LoadRun(
        run=1,
        store=Path("m.db"),
        series="series",
        plan=None,
        facts=None,
        summary=summary(*samples, windows=windows),
        validity=Validity(tuple(checks)),
        cautions=(),
        signals=(),
        pages_at=(),
        server_problem=None,
        happened=(),
    )


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        ("ttft_p90 < 1 s, e2e_p90 < 1 s", "PASS"),
        ("ttft_p90 < 1 s, e2e_p99 < 1 s", "INCONCLUSIVE"),
        ("e2e_p99 < 1 s, ttft_p90 < 1 ms, ttft_p90 < 1 s", "FAIL"),
    ],
)
def test_a_run_holds_if_every_level_does(levels, verdict):
    assert verdict_of(run(*ANSWERS), parse_service_levels(levels))[0] == verdict


def test_a_stage_without_a_request_holds_no_level():
    stages = run(*ANSWERS, windows=((0.0, 10.0), (10.0, 20.0)))
    verdict, why = verdict_of(stages, parse_service_levels("ttft_p90 < 1 s"))
    assert (verdict, why) == (
        "INCONCLUSIVE",
        "ttft_first_content_p90 < 1 s (n too small for p90: 0 values, and it needs 29)",
    )


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (failure(), ("FAIL", "no request was answered")),
        (cancelled(), ("INCONCLUSIVE", "no request ended")),
        (answer(), ("PASS", "")),
    ],
)
def test_without_levels_a_run_that_answers_passes(sample, expected):
    assert verdict_of(run(sample), ()) == expected


def test_an_invalid_run_proves_nothing():
    late = Check("send_lag", "the client was late", passed=False)
    probe = probe_of(run(*ANSWERS, checks=[late]), 4, parse_service_levels("ttft_p90 < 1 s"))
    assert (probe.level, probe.verdict, probe.why) == (
        4,
        "INCONCLUSIVE",
        "the load run is INVALID: the client was late",
    )


def test_without_levels_a_run_with_many_failures_does_not_pass():
    failures = [failure(at / 10, item=100 + at) for at in range(50)]
    verdict, why = verdict_of(run(*ANSWERS, *failures), ())
    assert verdict == "FAIL"
    assert why.startswith("error_rate < 5 %: 0.333")
    assert verdict_of(run(*ANSWERS, failures[0]), ())[0] == "PASS"


def test_a_run_that_does_not_hold_says_why():
    probe = probe_of(run(*ANSWERS), 4, parse_service_levels("ttft_p90 < 1 ms, error_rate > 99 %"))
    assert probe.why == (
        "ttft_first_content_p90 < 1 ms: 0.1 in 0.1 to 0.1; error_rate > 99 %: 0 in 0 to 0.0369935 (0 of 100 failed)"
    )
