"""`qa report`, `qa load --history` and `qa tradeoff` ask no server."""

import sqlite3

import pytest
from typer.testing import CliRunner

from keywords.engine.load.storage.synthetic import write_samples
from keywords.qa.cli import app


@pytest.fixture
def qa(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_samples(tmp_path / "m.db", 60, 3)

    def run(*arguments):
        return CliRunner().invoke(app, [*arguments, "--store", "m.db"], catch_exceptions=False)

    return run


def test_the_last_run_is_reported_by_itself(qa, tmp_path):
    done = qa("report", "--slo", "e2e_p50 < 1 ms", "--to", "pages/page.html")
    assert done.exit_code == 0
    assert "did not hold" in (tmp_path / "pages" / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["report", "7"], "has no run 7"),
        (["report", "--slo", "ttft < 5"], "the limit is '5', without a unit"),
        (["report", "--to", "."], "the page cannot be written"),
        (["load", "--history", "--name", "other"], "has no load run of series 'other'"),
        (["tradeoff", "scale"], "a choice is between two or more"),
        (["tradeoff", "scale", "other"], "has no load run and no evaluation of 'other'"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(qa, arguments, problem):
    done = qa(*arguments)
    assert done.exit_code == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_the_only_series_needs_no_name(qa, tmp_path):
    done = qa("load", "--history", "--report", "trend.html")
    assert done.exit_code == 0
    assert "1 runs of series 'scale'" in done.stdout
    assert (tmp_path / "trend.html").is_file()


def test_of_several_series_one_is_named(qa, tmp_path):

    write_samples(tmp_path / "m.db", 60, 3)
    with sqlite3.connect(tmp_path / "m.db") as file:
        file.execute("UPDATE runs SET series = 'other' WHERE id = 2")
    done = qa("load", "--history")
    assert done.exit_code == 2
    assert "'other' (1 runs), 'scale' (1 runs)" in done.stderr
