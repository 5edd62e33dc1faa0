from types import SimpleNamespace

import pytest

from keywords.measure.load import report, running


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_signal_that_ended_a_load_run_ends_robots_run_once_the_report_is_shown(monkeypatch, tmp_path, interrupted):
    shown = []
    run = SimpleNamespace(facts=SimpleNamespace(interrupted=interrupted))
    monkeypatch.setattr(running, "measure_load", lambda *_, **__: run)
    monkeypatch.setattr(running, "output_dir", lambda: tmp_path)
    monkeypatch.setattr(running, "show_report", lambda run: not shown.append(run))
    arguments = (None, SimpleNamespace(sha256="0"), "series")
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            running.measure_plan(*arguments)
    else:
        assert running.measure_plan(*arguments) is run
    assert shown == [run]


def test_ctrl_c_during_the_calibration_costs_no_report(monkeypatch, tmp_path):
    shown = []

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "_floor", interrupted)
    monkeypatch.setattr(report, "report_of", lambda _, remarks, floor: shown.append((remarks, floor)))
    monkeypatch.setattr(report, "as_html", lambda _: "")
    monkeypatch.setattr(report, "as_text", lambda _: "report")
    monkeypatch.setattr(report, "evidence_folder", lambda: tmp_path)
    monkeypatch.setattr(report, "load_of", lambda _: None)
    monkeypatch.setattr(report, "measurements_of", lambda _: [])
    assert not report.show_report(SimpleNamespace(run=7, facts=SimpleNamespace(interrupted=False)))
    assert shown == [(("There is no calibration: it was interrupted.",), None)]
    assert (tmp_path / "load run 7.txt").read_text() == "report"
