from types import SimpleNamespace

import pytest

from keywords.measure.load import running


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_signal_that_ended_a_load_run_ends_robots_run_once_the_report_is_shown(monkeypatch, tmp_path, interrupted):
    shown = []
    run = SimpleNamespace(facts=SimpleNamespace(interrupted=interrupted))
    monkeypatch.setattr(running, "measure_load", lambda *_, **__: run)
    monkeypatch.setattr(running, "output_dir", lambda: tmp_path)
    monkeypatch.setattr(running, "_show", shown.append)
    arguments = (None, SimpleNamespace(sha256="0"), "series")
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            running.measure_plan(*arguments)
    else:
        assert running.measure_plan(*arguments) is run
    assert shown == [run]
