"""The short form of `python -m ops.bench.failures`, for every run of the unit tests."""

import sys

import pytest

from ops.bench.failures import ALLOWED_MB, main, measure


def test_failed_requests_with_large_bodies_leave_no_memory_behind():
    early_mb, late_mb = measure(80, 1_000_000, first=20)
    # A body that is kept takes twice its size: its bytes and its fields.
    assert late_mb - early_mb < ALLOWED_MB


@pytest.mark.parametrize("options", [["--first", "0"], ["--requests", "5", "--first", "5"], ["--body-mb", "0"]])
def test_options_under_which_nothing_can_grow_are_refused(monkeypatch, capsys, options):
    monkeypatch.setattr(sys, "argv", ["failures", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "must be" in capsys.readouterr().err
