"""What Ctrl-C leaves: the page of the load runs that were measured before it."""

import pytest
from typer.testing import CliRunner

from keywords.engine.load import session
from keywords.engine.load.validity import Validity
from keywords.engine.scripted.backend import Script, ScriptedBackend
from keywords.qa.cli import app
from keywords.qa.exits import INTERRUPTED
from keywords.qa.load import running


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "judge", lambda _: Validity(()))
    backend = ScriptedBackend()
    backend.start()
    backend.play(Script())
    yield backend.url
    backend.stop()


def test_a_search_that_is_broken_off_leaves_the_page_of_its_runs(url, tmp_path, monkeypatch):
    def search(probe, **_):
        probe(1)
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "find_capacity", search)
    options = ["--find-max", "--slo", "e2e_p50 < 5 s", "--for", "200ms", "--report", "page.html"]
    done = CliRunner().invoke(app, ["load", url, "--quiet", "--no-calibration", "--store", "m.db", *options])
    assert done.exit_code == INTERRUPTED, done.output
    assert "the search has no result" in (tmp_path / "page.html").read_text("utf-8")


def test_added_latency_that_is_broken_off_leaves_the_page_of_its_runs(url, tmp_path, monkeypatch):
    conclude = running.LoadRuns.conclude

    def broken_off(self, run, *, suffix):
        conclude(self, run, suffix=suffix)
        return INTERRUPTED

    monkeypatch.setattr(running.LoadRuns, "conclude", broken_off)
    options = ["--direct", url, "--users", "1", "--requests", "5", "--report", "page.html"]
    done = CliRunner().invoke(app, ["load", url, "--quiet", "--no-calibration", "--store", "m.db", *options])
    assert done.exit_code == INTERRUPTED, done.output
    assert "without all four runs" in (tmp_path / "page.html").read_text("utf-8")
