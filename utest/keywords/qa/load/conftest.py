import pytest
from typer.testing import CliRunner

from keywords.engine.load import session
from keywords.engine.load.storage.tables import LOAD_ROOM
from keywords.engine.load.validity import Validity
from keywords.engine.scripted.backend import Script, ScriptedBackend
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs
from keywords.qa.cli import app


@pytest.fixture(scope="module")
def server():
    backend = ScriptedBackend()
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def backend(server):
    server.play(Script())
    return server


@pytest.fixture
def load(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_URL", raising=False)
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)
    # pytest's workers are given the width of the terminal, and narrow tables break their cells.
    monkeypatch.delenv("COLUMNS", raising=False)
    # Whether this machine is quiet enough is not the subject: a run on a busy one is INVALID.
    monkeypatch.setattr(session, "judge", lambda _: Validity(()))

    def run(*options, address=backend.url):
        return CliRunner().invoke(app, ["load", address, "--quiet", "--no-calibration", "--store", "m.db", *options])

    return run


@pytest.fixture
def stored(tmp_path):
    """Reads the runs that the commands of a test have stored."""

    def read():
        with Store(tmp_path / "m.db", LOAD_ROOM) as store:
            return read_runs(store)

    return read
