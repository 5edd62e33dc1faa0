"""Scripted backends come and go, and the written configurations are good."""

import tomllib

import httpx2
import pytest

from keywords.backend import scripted
from keywords.backend.scripted import Kind, ScriptedBackendLibrary
from keywords.engine.processes.gateway_command import run_command
from keywords.engine.scripted.backend import Script


@pytest.fixture
def library(monkeypatch, tmp_path):
    monkeypatch.setattr("keywords.run.output_folder.work_folder", lambda: tmp_path)
    return ScriptedBackendLibrary()


@pytest.fixture
def backend(library):
    backend = library.start_scripted_backend("one", "two")
    yield backend
    library.stop_scripted_backend(backend)


@pytest.mark.parametrize(("kind", "suffix"), [(Kind.openai, "/v1"), (Kind.ollama, "")])
def test_a_written_configuration_is_good(library, backend, tmp_path, kind, suffix):
    path = library.write_gateway_config(backend, kind, model="asked", limits={"idle_s": 1.5, "json_depth": 20})
    written = tomllib.loads(path.read_text())
    assert written["backends"]["scripted"] == {"kind": kind.name, "base_url": backend.url + suffix}
    assert written["models"]["asked"]["route"] == [{"backend": "scripted", "model": "one"}]
    assert (written["timeouts"], written["limits"]) == ({"idle_s": 1.5}, {"json_depth": 20})
    checked = run_command("config", "check", str(path), cwd=tmp_path)
    assert checked.rc == 0, checked.stderr


def test_each_configuration_has_a_file_of_its_own(library, backend):
    assert library.write_gateway_config(backend) != library.write_gateway_config(backend)


def test_a_backend_comes_back_at_its_old_address_with_its_script(library, backend):
    backend.script = Script(chunks=("back",))
    url = backend.url
    library.stop_scripted_backend(backend)
    library.restart_scripted_backend(backend)
    assert backend.url == url
    answer = httpx2.post(f"{url}/api/chat", json={"model": "one", "stream": False}, trust_env=False)
    assert answer.json()["message"]["content"] == "back"


def test_a_restarted_backend_ends_with_the_scope_that_started_it(library, monkeypatch):
    remembered = []
    monkeypatch.setattr(scripted.SCOPES, "remember", remembered.append)
    backend = library.start_scripted_backend()
    library.stop_scripted_backend(backend)
    library.restart_scripted_backend(backend)
    library.stop_scripted_backend(backend)
    assert remembered == [backend.stop]
