"""What a gateway adds is told with its pairs, and with what makes it doubtful."""

from types import SimpleNamespace

import pytest

from keywords.engine.load.plan import Target
from keywords.engine.load.report.added import added_report, pairs_of
from keywords.engine.load.report.text import as_text
from utest.keywords.engine.load.metrics.samples import answer, failure, summary


def run(number, first, url="http://gateway", *, model="m", reasons=(), failed=0):  # noqa: PLR0913  # of a made run
    answers = [answer(at / 10, item=at, first=first) for at in range(40 - failed)]
    failures = [failure(9.0, item=39 - at) for at in range(failed)]
    return SimpleNamespace(
        run=number,
        plan=SimpleNamespace(target=Target(url, model)),
        summary=summary(*answers, *failures, windows=((0.0, 10.0),)),
        validity=SimpleNamespace(reasons=reasons),
    )


def rounds(*firsts, **through):
    return [
        (run(2 * place, first + 0.1, **through), run(2 * place + 1, 0.1, "http://user:secret@direct"))
        for place, first in enumerate(firsts)
    ]


def row(report, metric):
    table = report.tables[0]
    return next(dict(zip(table.head, each, strict=True)) for each in table.rows if each[0] == metric)


def test_the_median_of_all_pairs_stands_beside_that_of_each_round():
    report = added_report(rounds(0.02, 0.02), unique_prefix=False)
    shown = row(report, "ttft_first_content")
    assert (shown["pairs"], shown["unpaired"], shown["p50"], shown["p50 of round 2"]) == ("80", "0", "20", "20")
    assert report.stamp == "VALID"
    assert "secret" not in as_text(report)
    assert not any("rounds differ by more than chance" in remark for remark in report.remarks)


def test_rounds_that_differ_are_told():
    report = added_report(rounds(0.02, 0.05), unique_prefix=False)
    assert any("rounds differ by more than chance in ttft_first_byte" in remark for remark in report.remarks)


def test_failed_requests_are_no_pairs():
    made = rounds(0.02, 0.02, failed=5)
    assert pairs_of(made) == 70
    assert row(added_report(made, unique_prefix=True), "e2e")["unpaired"] == "10"
    assert pairs_of(rounds(0.02, failed=40)) == 0


@pytest.mark.parametrize(
    ("through", "told"), [({"reasons": ("the client was late",)}, "INVALID: run 0: the client was late"), ({}, "VALID")]
)
def test_one_invalid_run_makes_all_of_it_invalid(through, told):
    assert as_text(added_report(rounds(0.02, **through), unique_prefix=True)).startswith(told)


def test_models_of_two_names_are_told():
    report = added_report(rounds(0.02, model="alias"), unique_prefix=True)
    assert any(remark.startswith("The models' names differ: make sure that m is") for remark in report.remarks)
