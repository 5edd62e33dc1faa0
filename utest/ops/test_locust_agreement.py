"""Two tools agree only if the whole interval of their difference lies within the bound."""

from contextlib import nullcontext

import pytest

from ops.bench import locust_agreement
from ops.bench.locust_agreement import agreement, judge


def rounds(*differences_ms):
    return [({50: 0.010, 95: 0.020}, {50: 0.010 + d / 1000, 95: 0.020 + d / 1000}) for d in differences_ms]


def test_the_bound_is_a_millisecond_and_two_per_cent():
    _, bound, _ = agreement(rounds(0, 0), 95)
    assert bound == pytest.approx(0.0014)


@pytest.mark.parametrize(
    ("differences_ms", "verdict"),
    [
        ((0.1, -0.1, 0.2, 0.0, -0.2), "yes"),
        ((3.0, 3.1, 2.9, 3.0, 3.0), "no"),
        ((-3.0, -3.1, -2.9, -3.0, -3.0), "no"),
        ((0.1, 4.0, -3.0, 2.0, -2.0), "unclear"),
        ((0.0,), "unclear"),
    ],
)
def test_the_verdict_follows_the_interval(differences_ms, verdict):
    assert judge(rounds(*differences_ms)) == verdict


def test_one_percentile_that_differs_is_enough():
    pairs = [({50: 0.010, 95: 0.020}, {50: 0.010, 95: 0.030})] * 4 + [
        ({50: 0.010, 95: 0.020}, {50: 0.0101, 95: 0.0301})
    ]
    assert judge(pairs) == "no"


def test_what_is_broken_off_shows_its_whole_rounds_and_gives_no_verdict(monkeypatch, capsys):
    measured = []

    def measure(tool, *_):
        measured.append(tool)
        if len(measured) == 4:
            raise KeyboardInterrupt
        return tool

    monkeypatch.setattr(locust_agreement, "_measure", measure)
    monkeypatch.setattr(locust_agreement, "_server", lambda: nullcontext("http://127.0.0.1:9"))
    monkeypatch.setattr(locust_agreement, "read_figures", lambda *_: ({50: 0.010, 95: 0.020}, ""))
    monkeypatch.setattr(locust_agreement, "break_off_on_signals", lambda: None)
    monkeypatch.setattr(locust_agreement.cores, "pin", lambda _: None)
    monkeypatch.setattr("sys.argv", ["locust_agreement", "--rounds", "5", "--seconds", "1"])
    with pytest.raises(SystemExit) as ended:
        locust_agreement.main()
    assert ended.value.code == 130
    page = capsys.readouterr().out
    assert "it was broken off after 1 of 5 rounds" in page
    assert "Do they agree? no verdict." in page
