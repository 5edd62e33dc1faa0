"""`qa` commands about evaluations before a scripted backend, in a folder of their own."""

import pytest
from typer.testing import CliRunner

from keywords.engine.scripted.backend import Script
from keywords.qa.cli import app


@pytest.fixture
def qa(tmp_path, monkeypatch, scripted):
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    store = ["--store", str(tmp_path / "m.db")]

    def run(command, *arguments, served=True):
        url = ["--url", scripted.url] if served and command in {"eval", "replay"} else []
        return CliRunner().invoke(app, [command, *arguments, *store, *url], catch_exceptions=False)

    return run


@pytest.fixture
def says(scripted):
    def say(text):
        scripted.script = Script(chunks=(text,))

    return say
