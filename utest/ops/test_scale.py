"""The short form of `python -m ops.bench.scale samples`, for every run of the unit tests."""

import sys

import pytest

from keywords.engine.machine import Machine
from ops.bench.scale import __main__ as command
from ops.bench.scale.report import ReportCost


def run(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", ["scale", "samples", "--samples", "600", *options])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return ended.value.code


def test_a_report_is_made_and_measured(monkeypatch, capsys):
    monkeypatch.setattr(command, "MOST_S", 1e9)
    assert run(monkeypatch, "--show") == 0
    out = capsys.readouterr().out
    assert "samples: 600, of them 0" in out
    assert "failures ∞" in out


@pytest.mark.parametrize(
    ("cost", "slowdown", "judgement"),
    [
        (ReportCost(19.9, 5.0, 999.0, ""), 1.0, (0, ": met")),
        (ReportCost(20.1, 5.0, 999.0, ""), 1.0, (1, "NOT MET")),
        (ReportCost(19.9, 5.0, 1001.0, ""), 1.0, (1, "NOT MET")),
        (ReportCost(40.0, 5.0, 999.0, ""), 7.0, (2, "no verdict, the machine is busy")),
        (ReportCost(40.0, 21.0, 999.0, ""), 7.0, (1, "NOT MET")),
        (ReportCost(40.0, 5.0, 1001.0, ""), 7.0, (1, "NOT MET")),
    ],
)
def test_the_exit_status_says_whether_the_targets_are_met(monkeypatch, capsys, cost, slowdown, judgement):
    code, end = judgement
    monkeypatch.setattr(command, "measure", lambda *_: cost)
    monkeypatch.setattr(command, "measure_machine", lambda: Machine(load=0.0, cores=2, wait_ratio=slowdown))
    assert run(monkeypatch) == code
    assert capsys.readouterr().out.rstrip().endswith(end)


def test_a_report_that_fails_is_no_verdict(monkeypatch, capsys):
    monkeypatch.setattr(command, "write_samples", lambda path, *_: path.touch() or 7)
    assert run(monkeypatch) == 2
    assert "no verdict: the report was not made: " in (err := capsys.readouterr().err)
    assert "has no run 7; its latest: none" in err


@pytest.mark.parametrize("option", ["--samples", "--chunks"])
def test_nothing_to_report_on_is_refused(monkeypatch, capsys, option):
    assert run(monkeypatch, option, "0") == 2
    assert "must be 1 or more" in capsys.readouterr().err
